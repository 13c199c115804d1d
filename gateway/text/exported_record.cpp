// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/exported_record.hpp"

#include "gateway/model/quantity.hpp"
#include "gateway/text/json_scanner.hpp"
#include "gateway/text/json_text.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace twinsky {
namespace {

constexpr std::array<std::string_view, 4> first_columns{"stream", "epoch", "seq", "time"};

std::optional<std::uint64_t> natural_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number == 0) {
    return std::nullopt;
  }
  return number;
}

// "sensor/roof-pm", from the head's members; the hours of a sensor alone have a start among its
// records.
std::string stream_of(const std::map<std::string, std::string, std::less<>>& head, bool has_start) {
  const auto has = [&](const char* key) { return head.contains(key); };
  if (has("sensor")) return "sensor/" + head.at("sensor") + (has_start ? "/hour" : "");
  if (has("feed") && has("station")) return "ref/" + head.at("feed") + "/" + head.at("station");
  if (has("edition") && has("subject")) {
    return "index/" + head.at("edition") + "/" + head.at("subject");
  }
  return {};
}

bool names_quantity(std::string_view column) {
  constexpr std::string_view corrected = "_corrected";
  if (column.ends_with(corrected)) column.remove_suffix(corrected.size());
  return quantity_named(column).has_value();
}

// As the body had it: numbers and inner objects stand in the table as they were written.
std::string value_in(const std::string& cell) {
  JsonScanner scanner(cell);
  if (cell == "true" || cell == "false") return cell;
  const bool is_as_written =
      std::string_view("{[-0123456789").find(cell.front()) != std::string_view::npos &&
      scanner.skip() && scanner.is_at_end();
  if (is_as_written) return cell;
  // A quotation mark keeps a spreadsheet from running it.
  const bool is_guarded = cell.size() > 1 && cell.front() == '\'' &&
                          std::string_view("=+-@\t\r").find(cell[1]) != std::string_view::npos;
  std::string text;
  append_json_string(text, std::string_view(cell).substr(is_guarded ? 1 : 0));
  return text;
}

}  // namespace

Result<ExportedRecord, std::string> record_in_line(std::string_view line) {
  ExportedRecord record;
  std::map<std::string, std::string, std::less<>> head;
  bool has_start = false;
  std::optional<std::int64_t> ts;
  JsonScanner scanner(line);
  const bool is_object = scanner.members([&](std::string_view key) {
    has_start = has_start || key == "start";
    const auto value = scanner.take_value();
    if (!value) return false;
    const bool is_plain_text =
        value->size() >= 2 && value->front() == '"' && value->find('\\') == std::string_view::npos;
    if (is_plain_text) head.try_emplace(std::string(key), value->substr(1, value->size() - 2));
    if (key == "seq") record.seq = natural_in(*value).value_or(0);
    if (key == "ts") {
      std::int64_t number = 0;
      std::from_chars(value->data(), value->data() + value->size(), number);
      ts = number;
    }
    return true;
  });
  if (!is_object || !scanner.is_at_end()) return Unexpected{std::string("is no JSON object")};
  for (const char* key : {"gateway", "epoch", "time"}) {
    if (!head.contains(key)) return Unexpected{"has no \"" + std::string(key) + '"'};
  }
  if (record.seq == 0) return Unexpected{std::string("has no \"seq\"")};
  if (!ts) return Unexpected{std::string("has no \"ts\"")};
  record.gateway = head["gateway"];
  record.epoch = head["epoch"];
  record.stream = stream_of(head, has_start);
  record.time = UtcTime(milliseconds(*ts));
  std::string whole = record_prefix(record.gateway, record.stream, record.epoch);
  append_record(whole, {}, record.seq, record.time, "{}");
  whole.pop_back();  // more may follow
  const bool is_ours =
      line.starts_with(whole) && (line.substr(whole.size()) == "}" || line[whole.size()] == ',');
  if (!is_ours) return Unexpected{std::string("is not written as twinsky export does it")};
  const std::string_view rest = line.substr(whole.size());
  record.body = rest == "}" ? "{}" : "{" + std::string(rest.substr(1));
  return record;
}

bool is_open_row(std::string_view row) noexcept {
  return std::ranges::count(row, '"') % 2 != 0;
}

std::vector<std::string> cells_of_row(std::string_view row) {
  std::vector<std::string> cells(1);
  bool is_quoted = false;
  for (std::size_t at = 0; at < row.size(); ++at) {
    const char sign = row[at];
    if (is_quoted && sign == '"' && at + 1 < row.size() && row[at + 1] == '"') {
      cells.back() += '"';
      ++at;
    } else if (sign == '"') {
      is_quoted = !is_quoted;
    } else if (sign == ',' && !is_quoted) {
      cells.emplace_back();
    } else {
      cells.back() += sign;
    }
  }
  if (is_quoted) cells.clear();
  return cells;
}

Result<ExportedTable, std::string> ExportedTable::with_columns(std::vector<std::string> columns) {
  if (columns.size() < first_columns.size() ||
      !std::equal(first_columns.begin(), first_columns.end(), columns.begin())) {
    return Unexpected{std::string("expected the columns stream,epoch,seq,time,…")};
  }
  ExportedTable table;
  table.columns_ = std::move(columns);
  return table;
}

Result<ExportedRecord, std::string> ExportedTable::record_in(
    const std::vector<std::string>& cells) const {
  if (cells.size() != columns_.size()) {
    return Unexpected{"has " + std::to_string(cells.size()) + " cells, expected " +
                      std::to_string(columns_.size())};
  }
  const auto seq = natural_in(cells[2]);
  const auto time = parse_time(cells[3]);
  if (cells[0].empty() || cells[1].empty())
    return Unexpected{std::string("has no stream or epoch")};
  if (!seq) return Unexpected{std::string("its seq is no number from 1 on")};
  if (!time) return Unexpected{std::string("its time is none")};
  ExportedRecord record{
      .gateway = {}, .stream = cells[0], .epoch = cells[1], .seq = *seq, .time = *time, .body = {}};
  std::string faults;
  for (std::size_t at = first_columns.size(); at < cells.size(); ++at) {
    if (columns_[at] == "faults") faults = cells[at];
  }
  for (std::size_t at = first_columns.size(); at < cells.size(); ++at) {
    std::string value = cells[at].empty() ? "" : value_in(cells[at]);
    // A value that is not there has a fault; a cell may be empty because another stream has it.
    if (value.empty() && names_quantity(columns_[at]) && member_of(faults, columns_[at])) {
      value = "null";
    }
    if (value.empty()) continue;
    if (names_quantity(columns_[at]) && value.front() == '"') {
      return Unexpected{"its " + columns_[at] + " is no number"};
    }
    record.body += record.body.empty() ? '{' : ',';
    append_json_string(record.body, columns_[at]);
    record.body.append(":").append(value);
  }
  record.body += record.body.empty() ? "{}" : "}";
  return record;
}

}  // namespace twinsky
