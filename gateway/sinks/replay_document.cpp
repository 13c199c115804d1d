// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/replay_document.hpp"

#include "gateway/model/json.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr auto known_keys = std::to_array<std::string_view>(
    {"request", "stream", "epoch", "first", "last", "start", "end"});
constexpr std::size_t longest_id = 64;

std::string list_of_keys() {
  return listed(known_keys);
}

// The text of a member; nullopt: it is none, or there is no such member.
std::optional<std::string> text_in(const Json& document, std::string_view key) {
  const Json* const found = document.find(key);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A number of a record; nullopt: it is none.
std::optional<std::uint64_t> number_in(const Json& document, std::string_view key) {
  const Json* const found = document.find(key);
  if (found == nullptr || !found->is_number_integer() || found->get<std::int64_t>() < 1) {
    return std::nullopt;
  }
  return found->get<std::uint64_t>();
}

std::string read_numbers(const Json& document, ReplayRequest& request) {
  const auto first = number_in(document, "first");
  const auto last = number_in(document, "last");
  if (request.stream.empty()) return R"("epoch" needs a "stream" beside it)";
  if (request.epoch.empty() || !first || !last || *first > *last) {
    return R"(expected the numbers of records, as in "epoch":"7f3a91c2","first":101,"last":200)";
  }
  request.first = *first;
  request.last = *last;
  return {};
}

std::string read_times(const Json& document, ReplayRequest& request) {
  const auto start = parse_time(document.text_of("start"));
  const auto end = parse_time(document.text_of("end"));
  if (!start || !end || *start >= *end) {
    return R"(expected either "epoch", "first" and "last", or "start" and "end" as in )"
           R"("start":"2026-11-22T02:00:00Z","end":"2026-11-22T03:00:00Z")";
  }
  request.from = *start;
  request.to = *end;
  return {};
}

JsonWriter& put_head(JsonWriter& writer, std::string_view gateway, const ReplayRequest& request) {
  writer.open().put("gateway", gateway);
  if (!request.id.empty()) writer.put("request", request.id);
  return writer.put("history", true);
}

}  // namespace

std::string read_replay_request(std::string_view document, ReplayRequest& request) {
  const Json asked = Json::parse_or_null(document);
  if (!asked.is_object()) return "expected a JSON object with " + list_of_keys();
  if (const auto id = text_in(asked, "request")) request.id = id->substr(0, longest_id);
  for (const auto& [key, value] : asked.items()) {
    if (std::ranges::find(known_keys, key) != known_keys.end()) continue;
    return "unknown key " + in_quotes(key) + ", expected " + list_of_keys();
  }
  if (asked.contains("stream")) {
    const auto stream = text_in(asked, "stream");
    if (!stream || stream->empty()) return R"(expected a text for "stream")";
    request.stream = *stream;
  }
  const bool is_by_number =
      asked.contains("epoch") || asked.contains("first") || asked.contains("last");
  if (!is_by_number) return read_times(asked, request);
  request.epoch = text_in(asked, "epoch").value_or(std::string());
  return read_numbers(asked, request);
}

std::string replay_piece(std::string_view gateway, const ReplayRequest& request,
                         std::string_view stream, std::string_view records) {
  std::string text;
  JsonWriter writer(text);
  put_head(writer, gateway, request).put("stream", stream).put_raw("records", records).close();
  return text;
}

std::string replay_end(std::string_view gateway, const ReplayRequest& request,
                       const ReplayEnd& end) {
  std::string text;
  JsonWriter writer(text);
  put_head(writer, gateway, request).open("end").put("records", end.records);
  if (end.problem) {
    writer.put("problem", end.problem->word).put("message", end.problem->message);
    if (end.problem->retry_after) {
      const auto wait = std::chrono::ceil<std::chrono::seconds>(*end.problem->retry_after);
      writer.put("retry_after_s", wait.count());
    }
  }
  writer.close().close();
  return text;
}

std::string newest_document(std::string_view gateway, std::string_view epoch,
                            const std::map<std::string, std::uint64_t>& numbers) {
  std::string text;
  JsonWriter writer(text);
  writer.open().put("gateway", gateway).put("epoch", epoch).open("newest");
  for (const auto& [stream, number] : numbers) writer.put(stream, number);
  writer.close().close();
  return text;
}

}  // namespace twinsky
