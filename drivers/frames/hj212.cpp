// SPDX-License-Identifier: Apache-2.0
#include "drivers/frames/hj212.hpp"

#include "drivers/checksum.hpp"
#include "drivers/feeds/encoding.hpp"
#include "drivers/frames/hj212_factors.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/zone.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iconv.h>
#include <memory>

namespace twinsky {
namespace {

constexpr std::string_view header = "##";
constexpr std::size_t digits_of_length = 4;
constexpr std::size_t digits_of_check = 4;
constexpr std::string_view tail = "\r\n";
constexpr std::size_t before_segment = header.size() + digits_of_length;
constexpr std::size_t behind_segment = digits_of_check + tail.size();
constexpr std::string_view content_begins = "CP=&&";
constexpr std::string_view content_ends = "&&";

// In the order in which they are tried.
constexpr auto checks =
    std::to_array<Hj212Check>({Hj212Check::annex_a, Hj212Check::crc16_modbus,
                               Hj212Check::annex_a_swapped, Hj212Check::crc16_modbus_swapped});

Bytes bytes_in(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::string_view text_in(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint16_t swapped(std::uint16_t word) {
  return static_cast<std::uint16_t>(word << 8U | word >> 8U);
}

std::uint16_t value_of(std::string_view segment, Hj212Check check) {
  const Bytes bytes = bytes_in(segment);
  switch (check) {
    case Hj212Check::annex_a:
      return crc16_hj212(bytes);
    case Hj212Check::crc16_modbus:
      return crc16_modbus(bytes);
    case Hj212Check::annex_a_swapped:
      return swapped(crc16_hj212(bytes));
    case Hj212Check::crc16_modbus_swapped:
      return swapped(crc16_modbus(bytes));
  }
  return 0;
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// A number in decimal digits alone; nullopt: it is none.
std::optional<std::size_t> number_in(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc()) return std::nullopt;
  return number;
}

// How long the segment says it is; nullopt: no frame begins so.
std::optional<std::size_t> length_of_segment(std::string_view beginning) {
  if (beginning.size() < before_segment || !beginning.starts_with(header)) return std::nullopt;
  const auto length = number_in(beginning.substr(header.size(), digits_of_length));
  if (!length || *length == 0 || *length > hj212_longest_segment) return std::nullopt;
  return length;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class Each>
void for_each_between(std::string_view text, char separator, const Each& each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// "name=value"; what is no such thing is left out, and its neighbours are good: devices write
// "a01001-Min" without a value, and ";" before the end.
void append_field(std::vector<FrameField>& fields, std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos) return;
  const std::string_view name = without_blanks(text.substr(0, sign));
  if (name.empty()) return;
  fields.push_back({std::string(name), std::string(without_blanks(text.substr(sign + 1)))});
}

// No control character is in a frame, and what is not ASCII is text in GBK or UTF-8.
bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= ' ' && c != '\x7F';
}

bool parse_segment(std::string_view segment, PlatformFrame& frame) {
  if (!std::ranges::all_of(segment, is_plain)) return false;
  const std::size_t content_at = segment.find(content_begins);
  if (content_at == std::string_view::npos) return false;
  std::string_view content = segment.substr(content_at + content_begins.size());
  if (!content.ends_with(content_ends)) return false;
  content.remove_suffix(content_ends.size());
  if (content.find(content_ends) != std::string_view::npos) return false;
  for_each_between(segment.substr(0, content_at), ';',
                   [&](std::string_view text) { append_field(frame.head, text); });
  if (!number_in(frame.head_text("CN"))) return false;
  const auto flag = number_in(frame.head_text("Flag"));
  frame.wants_answer = flag && (*flag & 1U) != 0;  // bit 0
  for_each_between(content, ';', [&](std::string_view text) {
    std::vector<FrameField> group;
    for_each_between(text, ',', [&](std::string_view field) { append_field(group, field); });
    if (!group.empty()) frame.groups.push_back(std::move(group));
  });
  return true;
}

std::string digits_of_time(UtcTime time, bool with_milliseconds) {
  std::string text = iso8601(time + china_offset);  // 2016-08-01T08:58:57.223Z
  std::erase_if(text, [](char c) { return !is_digit(c); });
  constexpr std::size_t up_to_seconds = 14;
  if (!with_milliseconds) text.resize(up_to_seconds);
  return text;
}

std::size_t length_of_frame(Bytes beginning) {
  const auto length = length_of_segment(text_in(beginning));
  return length ? before_segment + *length + behind_segment : 0;
}

std::optional<Fault> fault_of_frame(Bytes frame) {
  const auto parsed = parse_hj212(text_in(frame));
  return parsed ? std::nullopt : std::optional(parsed.error());
}

struct CloseConversion {
  void operator()(void* descriptor) const { ::iconv_close(descriptor); }
};

constexpr auto header_bytes = bytes_of('#', '#');

}  // namespace

std::string hj212_check_text(std::string_view segment, Hj212Check check) {
  std::string digits = hexadecimal(value_of(segment, check), digits_of_check);
  for (char& digit : digits) {
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  }
  return digits;
}

std::optional<Hj212Check> hj212_check_of(std::string_view segment, std::string_view digits,
                                         Hj212Check likely) {
  if (digits.size() != digits_of_check) return std::nullopt;
  unsigned told = 0;
  for (const char c : digits) {
    const auto digit = hexadecimal_digit(c);
    if (!digit) return std::nullopt;
    told = told << 4U | *digit;
  }
  if (value_of(segment, likely) == told) return likely;
  for (const Hj212Check check : checks) {
    if (value_of(segment, check) == told) return check;
  }
  return std::nullopt;
}

Result<PlatformFrame> parse_hj212(std::string_view frame, Hj212Check likely) {
  const auto length = length_of_segment(frame);
  if (!length) return Unexpected{Fault::framing};
  const std::size_t whole = before_segment + *length + behind_segment;
  if (frame.size() < whole) return Unexpected{Fault::truncated};
  if (frame.size() > whole || !frame.ends_with(tail)) return Unexpected{Fault::framing};
  const std::string_view segment = frame.substr(before_segment, *length);
  const auto check =
      hj212_check_of(segment, frame.substr(before_segment + *length, digits_of_check), likely);
  if (!check) return Unexpected{Fault::checksum};
  PlatformFrame parsed{.check = static_cast<std::size_t>(*check)};
  if (!parse_segment(segment, parsed)) return Unexpected{Fault::framing};
  return parsed;
}

const FrameRules hj212_rules = {.header = header_bytes,
                                .length_known_at = before_segment,
                                .length = length_of_frame,
                                .check = fault_of_frame};

std::string hj212_segment(const FrameHead& head, std::string_view content) {
  std::string segment;
  const auto put = [&](std::string_view name, std::string_view value) {
    segment.append(name).append("=").append(value).append(";");
  };
  put("QN", head.number);
  put("ST", head.station_kind);
  put("CN", head.command);
  put("PW", head.password);
  put("MN", head.station);
  put("Flag", head.wants_answer ? "5" : "4");
  return segment.append(content_begins).append(content).append(content_ends);
}

std::string hj212_frame(std::string_view segment, Hj212Check check) {
  std::string length = std::to_string(segment.size());
  length.insert(0, digits_of_length - std::min(length.size(), digits_of_length), '0');
  return std::string(header)
      .append(length)
      .append(segment)
      .append(hj212_check_text(segment, check))
      .append(tail);
}

std::string hj212_time(UtcTime time) {
  return digits_of_time(time, false);
}

std::string hj212_number(UtcTime time) {
  return digits_of_time(time, true);
}

std::optional<UtcTime> parse_hj212_time(std::string_view text) {
  constexpr std::size_t up_to_seconds = 14;
  if (text.size() < up_to_seconds) return std::nullopt;
  if (!std::ranges::all_of(text.substr(0, up_to_seconds), is_digit)) return std::nullopt;
  std::string iso(text.substr(0, up_to_seconds));
  for (const auto& [place, sign] : {std::pair{12, ':'}, {10, ':'}, {8, 'T'}, {6, '-'}, {4, '-'}}) {
    iso.insert(static_cast<std::size_t>(place), 1, sign);
  }
  const auto time = parse_time(iso + "Z");
  if (!time) return std::nullopt;
  return *time - china_offset;
}

std::string hj212_text(std::string_view bytes) {
  auto text = as_utf8(bytes);
  return text ? std::move(text->text) : std::string(bytes);
}

std::optional<std::string> hj212_gbk(std::string_view text) {
  const iconv_t opened = ::iconv_open("GB18030", "UTF-8");
  if (opened == reinterpret_cast<iconv_t>(-1)) return std::nullopt;  // NOLINT: so it fails
  const std::unique_ptr<void, CloseConversion> descriptor(opened);
  std::string gbk(text.size() * 2, '\0');
  char* in = const_cast<char*>(text.data());  // iconv reads it only
  std::size_t in_left = text.size();
  char* out = gbk.data();
  std::size_t out_left = gbk.size();
  if (::iconv(descriptor.get(), &in, &in_left, &out, &out_left) == static_cast<std::size_t>(-1)) {
    return std::nullopt;
  }
  gbk.resize(gbk.size() - out_left);
  return gbk;
}

// ---- the language -------------------------------------------------------------------------------

namespace {

// In the order of Hj212Check.
constexpr auto names_of_checks = std::to_array<std::string_view>(
    {"hj212", "crc16-modbus", "hj212-byteswapped", "crc16-modbus-byteswapped"});

class Hj212Reader final : public FrameReader {
 public:
  std::vector<PlatformFrame> feed(std::string_view bytes, std::size_t likely) override {
    likely_ = static_cast<Hj212Check>(likely);
    return taken([&](const FrameDecoder& take) { (void)scanner_.feed(bytes_in(bytes), take); });
  }
  std::vector<PlatformFrame> finish() override {
    return taken([&](const FrameDecoder& take) { (void)scanner_.finish(take); });
  }

 private:
  template <class Scan>
  std::vector<PlatformFrame> taken(const Scan& scan) const {
    std::vector<PlatformFrame> frames;
    scan([&](Bytes frame) -> Result<Sample> {
      if (auto parsed = parse_hj212(text_in(frame), likely_)) frames.push_back(*std::move(parsed));
      return Sample{};
    });
    return frames;
  }

  FrameScanner scanner_{hj212_rules};
  Hj212Check likely_ = Hj212Check::annex_a;
};

}  // namespace

extern const FrameLanguage hj212_language = {
    .name = "hj212",
    .checks = names_of_checks,
    .longest_segment = hj212_longest_segment,
    .reader = []() -> std::unique_ptr<FrameReader> { return std::make_unique<Hj212Reader>(); },
    .check_of = [](std::string_view segment,
                   std::string_view digits) -> std::optional<std::size_t> {
      const auto check = hj212_check_of(segment, digits);
      return check ? std::optional(static_cast<std::size_t>(*check)) : std::nullopt;
    },
    .segment = hj212_segment,
    .frame = [](std::string_view segment,
                std::size_t check) { return hj212_frame(segment, static_cast<Hj212Check>(check)); },
    .parts = parts_of_hj212,
    .time = hj212_time,
    .number = hj212_number,
    .parse_time = parse_hj212_time,
    .text = hj212_text,
    .bytes = hj212_gbk,
    .factors = hj212_factors,
    .problem_of_factor = problem_of_hj212_factor,
    .append_value = append_hj212_value,
};

}  // namespace twinsky
