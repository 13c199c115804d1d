// SPDX-License-Identifier: Apache-2.0
// libFuzzer's target for frames of HJ 212: whatever a line brings, finding frames in it ends, and
// does not depend on how it is cut; what is found is written again as it is read.
#include "drivers/frames/hj212.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace twinsky {
namespace {

void demand(bool is_true, const char* what) {
  if (is_true) return;
  std::cerr << "broken promise: " << what << '\n';
  std::abort();
}

std::vector<std::string> frames_in(std::string_view stream, std::size_t chunk) {
  std::vector<std::string> frames;
  FrameScanner scanner(hj212_rules);
  const auto take = [&](Bytes bytes) -> Result<Sample> {
    frames.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Sample{};
  };
  for (; !stream.empty(); stream.remove_prefix(std::min(chunk, stream.size()))) {
    (void)scanner.feed(std::as_bytes(std::span(stream.substr(0, chunk))), take);
  }
  (void)scanner.finish(take);
  return frames;
}

void check_segment(std::string_view segment) {
  if (segment.empty() || segment.size() > hj212_longest_segment) return;
  for (const Hj212Check check : {Hj212Check::annex_a, Hj212Check::crc16_modbus,
                                 Hj212Check::annex_a_swapped, Hj212Check::crc16_modbus_swapped}) {
    const auto frame = parse_hj212(hj212_frame(segment, check));
    demand(frame || frame.error() == Fault::framing, "what is written has its length and check");
    if (!frame) continue;
    (void)parse_hj212_time(frame->text("DataTime"));
    for (const auto& group : frame->groups) {
      demand(!group.empty(), "a group has a field");
      for (const FrameField& field : group) {
        demand(!field.name.empty(), "and a field a name");
        (void)hj212_text(field.value);
      }
    }
  }
}

}  // namespace
}  // namespace twinsky

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace twinsky;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto frames = frames_in(stream, std::max<std::size_t>(size, 1));
  demand(frames == frames_in(stream, 1), "frames are the same however the stream is cut");
  for (const std::string& frame : frames) demand(parse_hj212(frame).has_value(), "and good");
  check_segment(stream);
  return 0;
}
