// SPDX-License-Identifier: Apache-2.0
// Signals as something to wait for.
#pragma once

#include <initializer_list>

namespace twinsky {

// A descriptor (signalfd, non-blocking) that tells of these signals. They interrupt nothing any
// more in this thread and in those that it starts, so it is called before the first of them is.
int signal_descriptor(std::initializer_list<int> signals);

}  // namespace twinsky
