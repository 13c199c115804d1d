// SPDX-License-Identifier: Apache-2.0
#include "drivers/framing.hpp"

#include "drivers/checksum.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

// A family made up for this test: 5A, length of the whole, content, low byte of the sum.
constexpr auto header = bytes_of(0x5A);
constexpr FrameRules rules{
    .header = header,
    .length_known_at = 2,
    .length = [](Bytes beginning) -> std::size_t {
      const std::uint8_t length = u8(beginning, 1);
      return length >= 3 && length <= 16 ? length : 0;
    },
    .check = [](Bytes frame) -> std::optional<Fault> {
      if (sum8(frame.first(frame.size() - 1)) != u8(frame, frame.size() - 1)) {
        return Fault::checksum;
      }
      return std::nullopt;
    },
};

Result<Sample> decode(Bytes frame) {
  if (u8(frame, 2) == 0xEE) return Unexpected{Fault::sensor_fault};
  if (u8(frame, 2) == 0xAC) return Sample{};  // an acknowledgement
  return Sample{
      .time = {}, .readings = {}, .facts = {{"first", double(u8(frame, 2))}}, .official = {}};
}

// "9 !checksum": the first content byte of each sample, then the faults.
std::string heard(std::string_view hex, std::size_t chunk) {
  const auto stream = from_hex(hex).value();
  FrameScanner scanner(rules);
  Decoded all;
  const auto take = [&all](const Decoded& decoded) {
    all.samples.insert(all.samples.end(), decoded.samples.begin(), decoded.samples.end());
    all.faults.insert(all.faults.end(), decoded.faults.begin(), decoded.faults.end());
  };
  for (std::size_t at = 0; at < stream.size(); at += chunk) {
    take(scanner.feed(Bytes(stream).subspan(at, std::min(chunk, stream.size() - at)), decode));
  }
  take(scanner.finish(decode));
  std::string text;
  for (const Sample& sample : all.samples) {
    text += std::to_string(static_cast<int>(std::get<double>(sample.facts.at(0).value))) + ' ';
  }
  for (const Fault fault : all.faults) text += '!' + std::string(name_of(fault)) + ' ';
  return text.empty() ? text : text.substr(0, text.size() - 1);
}

TEST(frame_scanner, finds_frames_however_the_stream_is_cut) {
  const std::pair<const char*, const char*> streams[] = {
      {"5A040967", "9"},
      {"00FF5A040967", "9"},
      {"5A0409675A040A68", "9 10"},
      {"5A04AC0A5A040967", "9"},                // an acknowledgement is nothing
      {"5A04EE4C5A040967", "9 !sensor_fault"},  // what the frame says of itself
      {"5A0409685A040A68", "10 !checksum"},     // a bad check costs its frame alone
      {"5A0604095A040967", "9 !checksum"},      // a frame begins inside a bad one
      {"5A020000", "!framing"},                 // no frame is so short
      {"001122", "!framing"},                   // noise alone
      {"5A04", "!truncated"},                   // the end inside a frame
      {"5A105A040967", "9 !truncated"},         // a good frame hides in a claim
      {"5A5A5A040967", "9"},
      {"", ""},
  };
  for (const auto& [hex, expected] : streams) {
    for (const std::size_t chunk : {1000U, 1U, 2U, 3U, 5U}) {
      EXPECT_EQ(heard(hex, chunk), expected) << hex << " in chunks of " << chunk;
    }
  }
}

TEST(frame_scanner, begins_afresh_after_a_pause) {
  FrameScanner scanner(rules);
  (void)scanner.feed(*from_hex("5A0409"), decode);
  EXPECT_EQ(scanner.finish(decode).faults, std::vector{Fault::truncated});
  EXPECT_EQ(scanner.feed(*from_hex("675A040A68"), decode).samples.size(), 1U);
  EXPECT_TRUE(scanner.finish(decode).faults.empty());
}

TEST(sensirion_words, are_read_with_the_right_length_and_check_only) {
  const auto words = sensirion_words<2>(*from_hex("BEEF92000081"));
  ASSERT_TRUE(words);
  EXPECT_EQ(*words, (std::array<std::uint16_t, 2>{0xBEEF, 0}));
  const std::pair<const char*, Fault> wrong[] = {
      {"", Fault::truncated},
      {"BEEF92", Fault::truncated},
      {"BEEF9200008100", Fault::framing},
      {"BEEF92000080", Fault::checksum},
      {"BEEF93000081", Fault::checksum},
  };
  for (const auto& [hex, fault] : wrong) {
    EXPECT_EQ(sensirion_words<2>(*from_hex(hex)).error(), fault) << hex;
  }
}

TEST(sensirion_command, carries_its_argument_with_a_check) {
  EXPECT_EQ(to_hex(sensirion_command(0x21B1)), "21b1");
  EXPECT_EQ(to_hex(sensirion_command(0xE000, 987)), "e00003db42");  // data sheet of the SCD4x
}

}  // namespace
}  // namespace twinsky
