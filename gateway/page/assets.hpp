// SPDX-License-Identifier: Apache-2.0
// The files of the page, which the program carries with it: no name leads to any other file. Any
// thread.
#pragma once

#include "gateway/page/request.hpp"

#include <optional>

namespace twinsky {

// "/assets/page.css" and the like; "/" and the page's parts ("/sensor") are the one document.
// nullopt: there is no such file.
std::optional<PageAnswer> asset_for(const PageRequest& request);

}  // namespace twinsky
