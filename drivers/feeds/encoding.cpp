// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/encoding.hpp"

#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <iconv.h>
#include <memory>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// How far `text` is UTF-8.
enum class Utf8Check { whole, cut, broken };

Utf8Check check_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return ends_within_character(text) ? Utf8Check::cut : Utf8Check::broken;
    text.remove_prefix(length);
  }
  return Utf8Check::whole;
}

Unexpected<FeedFailure> failure(FeedFault fault, std::string what) {
  return Unexpected{FeedFailure{fault, std::move(what)}};
}

struct Close {
  void operator()(void* descriptor) const { ::iconv_close(descriptor); }
};

Result<std::string, FeedFailure> converted(std::string_view body, const char* encoding) {
  const iconv_t opened = ::iconv_open("UTF-8", encoding);
  // On some systems the tables of GB18030 are a package of their own.
  if (opened == reinterpret_cast<iconv_t>(-1)) {  // NOLINT: what POSIX says failure looks like
    return failure(FeedFault::grammar_changed,
                   std::string("text in ") + encoding + ", which this system cannot convert");
  }
  const std::unique_ptr<void, Close> descriptor(opened);
  std::string text(body.size() * 2, '\0');    // no character here grows more than by half
  char* in = const_cast<char*>(body.data());  // iconv reads it only
  std::size_t in_left = body.size();
  char* out = text.data();
  std::size_t out_left = text.size();
  if (::iconv(descriptor.get(), &in, &in_left, &out, &out_left) == static_cast<std::size_t>(-1)) {
    const bool is_cut = errno == EINVAL;
    return failure(
        is_cut ? FeedFault::truncated : FeedFault::grammar_changed,
        std::string(is_cut ? "cut in a character of " : "neither UTF-8 nor ") + encoding);
  }
  text.resize(text.size() - out_left);
  return text;
}

// JSON, CSV and XML begin with ASCII, so every other byte is 0.
bool is_unmarked_utf16(std::string_view body) {
  constexpr std::size_t looked_at = 8;
  if (body.size() < looked_at) return false;
  for (std::size_t at = 0; at < looked_at; at += 2) {
    const auto octet = static_cast<unsigned char>(body[at]);
    if (octet == 0 || octet >= 0x80 || body[at + 1] != '\0') return false;
  }
  return true;
}

// Some Hong Kong files have been seen with two marks.
std::string without_marks(std::string text) {
  std::size_t marks = 0;
  while (std::string_view(text).substr(marks).starts_with(byte_order_mark)) {
    marks += byte_order_mark.size();
  }
  text.erase(0, marks);
  return text;
}

Result<Utf8, FeedFailure> from(std::string_view body, const char* encoding, bool is_inferred) {
  auto text = converted(body, encoding);
  if (!text) return Unexpected{text.error()};
  return Utf8{
      without_marks(*std::move(text)),
      is_inferred ? std::string("read as ") + encoding + ", since it is not UTF-8" : std::string()};
}

}  // namespace

Result<Utf8, FeedFailure> as_utf8(std::string_view body) {
  if (body.starts_with("\xFF\xFE")) return from(body.substr(2), "UTF-16LE", false);
  if (body.starts_with("\xFE\xFF")) return from(body.substr(2), "UTF-16BE", false);
  if (is_unmarked_utf16(body)) return from(body, "UTF-16LE", true);
  switch (check_utf8(body)) {
    case Utf8Check::whole:
      return Utf8{without_marks(std::string(body)), {}};
    case Utf8Check::cut:
      return failure(FeedFault::truncated, "cut in a character of UTF-8");
    case Utf8Check::broken:
      return from(body, "GB18030", true);
  }
  return failure(FeedFault::grammar_changed, "no encoding");
}

}  // namespace twinsky
