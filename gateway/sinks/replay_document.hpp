// SPDX-License-Identifier: Apache-2.0
// The documents of a replay in our own format: what is asked on cmd/replay/<asker>, what is
// answered on reply/replay/<asker>, and `newest`. Pure functions from and to JSON text.
#pragma once

#include "gateway/sinks/replay_request.hpp"

#include <map>
#include <string>
#include <string_view>

namespace twinsky {

// `{"request":"a1","stream":"sensor/roof-pm","epoch":"7f3a91c2","first":101,"last":200}`, or with
// "start" and "end" instead of the last three, and then without "stream" for all of them. Takes
// over what it can; answers what is wrong, for people; empty: nothing.
std::string read_replay_request(std::string_view document, ReplayRequest& request);

// `{"gateway":"mk-roof","request":"a1","history":true,"stream":"sensor/roof-pm","records":[…]}`
std::string replay_piece(std::string_view gateway, const ReplayRequest& request,
                         std::string_view stream, std::string_view records);
// `{"gateway":"mk-roof","request":"a1","history":true,"end":{"records":100}}`; with `problem`,
// `message` and `retry_after_s` where not all was said.
std::string replay_end(std::string_view gateway, const ReplayRequest& request,
                       const ReplayEnd& end);

// `{"gateway":"mk-roof","epoch":"7f3a91c2","newest":{"sensor/roof-pm":184467,…}}`
std::string newest_document(std::string_view gateway, std::string_view epoch,
                            const std::map<std::string, std::uint64_t>& numbers);

}  // namespace twinsky
