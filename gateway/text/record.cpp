// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/record.hpp"

#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace twinsky {
namespace {

// Every sample passes here, so this is written without the writer, whose calls cost a twentieth of
// all that a sample costs; texts whose length is known are added without counting it anew. What
// adds them is inlined ("flatten"): of the copies of std::string::append that a program has, the
// linker may take a slow one, and calling it costs a twelfth of all.
using namespace std::string_view_literals;

void append_whole(std::string& text, auto value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

void append_time_key(std::string& text, std::string_view key, UtcTime time) {
  text += '"';
  text += key;
  text += "\":\""sv;
  append_iso8601(text, time);
  text += "\","sv;
}

// `"name":`; names of the catalogue need no escapes.
void append_key(std::string& text, Quantity quantity) {
  text += '"';
  text += name_of(quantity);
  text += "\":"sv;
}

// The readings of one channel in the order in which they are printed. A sample has few readings,
// so going through the columns again and again costs less than a table would.
template <class Visit>
void each_reading(const Sample& sample, std::span<const Column> columns, std::string_view channel,
                  Visit visit) {
  for (const Column& column : columns) {
    for (const Reading& one : sample.readings) {
      if (one.quantity == column.quantity && one.channel == channel) visit(one, column);
    }
  }
  for (const Reading& one : sample.readings) {
    if (one.channel != channel) continue;
    if (std::ranges::find(columns, one.quantity, &Column::quantity) != columns.end()) continue;
    visit(one, Column{one.quantity, info_of(one.quantity).decimals});
  }
}

Column column_of(std::span<const Column> columns, Quantity quantity) {
  const auto found = std::ranges::find(columns, quantity, &Column::quantity);
  return found == columns.end() ? Column{quantity, info_of(quantity).decimals} : *found;
}

// `"name":{…},` of what `append` writes for each reading; nothing when it writes nothing.
template <class Each, class Append>
void append_object(std::string& text, std::string_view name, const Each& each, Append append) {
  const std::size_t before = text.size();
  text += '"';
  text += name;
  text += "\":{"sv;
  const std::size_t empty = text.size();
  each([&](const Reading& one, const Column&) { append(one); });
  if (text.size() == empty) {
    text.resize(before);
    return;
  }
  text.back() = '}';
  text += ',';
}

void append_official(std::string& text, const Official& official) {
  append_time_key(text, "start", official.start);
  append_time_key(text, "end", official.end);
  if (official.issued) append_time_key(text, "issued", *official.issued);
  // Nobody fetched an index of our own hours.
  if (official.fetched != UtcTime{}) append_time_key(text, "fetched", official.fetched);
  if (official.gas_reference_k) {
    text += "\"gas_reference_k\":"sv;
    append_number(text, *official.gas_reference_k, 2);
    text += ',';
  }
}

}  // namespace

int decimals_of(const Column& column) noexcept {
  return info_of(column.quantity).decimals == 0 ? column.decimals : std::max(column.decimals, 1);
}

[[gnu::flatten]] std::string record_body(const Sample& sample, std::span<const Column> columns,
                                         std::string_view channel, int meta_revision,
                                         bool clock_unset, std::string_view members,
                                         std::span<const CorrectedReading> corrected) {
  const auto each = [&](auto visit) { each_reading(sample, columns, channel, visit); };
  std::string text;
  text.reserve(64 + 32 * sample.readings.size());
  text += '{';
  if (sample.official) append_official(text, *sample.official);
  if (clock_unset) text += "\"clock\":\"unset\","sv;

  bool any = false;
  Flag flag = Flag::pass;
  each([&](const Reading& one, const Column& column) {
    any = true;
    flag = worst(flag, one.flag);
    append_key(text, one.quantity);
    if (one.value) {
      append_number(text, *one.value, decimals_of(column));
    } else {
      text += "null"sv;
    }
    text += ',';
  });
  const auto append_corrected_key = [&](Quantity quantity) {
    text.append("\"").append(name_of(quantity)).append("_corrected\":");
  };
  for (const CorrectedReading& one : corrected) {
    append_corrected_key(one.quantity);
    if (one.value) {
      append_number(text, *one.value, decimals_of(column_of(columns, one.quantity)));
    } else {
      text += "null"sv;
    }
    text += ',';
  }

  append_object(text, "text", each, [&](const Reading& one) {
    if (one.text.empty()) return;
    append_key(text, one.quantity);
    append_json_string(text, one.text);
    text += ',';
  });
  text += "\"flag\":"sv;
  append_whole(text, static_cast<int>(any ? flag : Flag::missing));
  text += ',';
  const std::size_t before_flags = text.size();
  append_object(text, "flags", each, [&](const Reading& one) {
    if (one.flag == Flag::pass) return;
    append_key(text, one.quantity);
    append_whole(text, static_cast<int>(one.flag));
    text += ',';
  });
  for (const CorrectedReading& one : corrected) {
    if (one.flag == Flag::pass) continue;
    if (text.size() == before_flags) {
      text += "\"flags\":{"sv;
    } else {
      text.resize(text.size() - 2);  // "},"
      text += ',';
    }
    append_corrected_key(one.quantity);
    append_whole(text, static_cast<int>(one.flag));
    text += "},"sv;
  }
  if (!corrected.empty()) {
    text += "\"corrections\":{"sv;
    for (const CorrectedReading& one : corrected) {
      append_key(text, one.quantity);
      append_json_string(text, one.correction);
      text += ',';
    }
    text.back() = '}';
    text += ',';
  }
  append_object(text, "reasons", each, [&](const Reading& one) {
    if (one.reason.empty()) return;
    append_key(text, one.quantity);
    text += '"';
    text += one.reason;
    text += "\","sv;
  });
  append_object(text, "faults", each, [&](const Reading& one) {
    if (one.value || !one.fault) return;
    append_key(text, one.quantity);
    text += '"';
    text += name_of(*one.fault);
    text += "\","sv;
  });
  text += members;
  if (!members.empty()) text += ',';
  text += "\"meta\":"sv;
  append_whole(text, meta_revision);
  text += '}';
  return text;
}

std::string record_prefix(std::string_view gateway, std::string_view stream,
                          std::string_view epoch) {
  std::string text = "{\"gateway\":";
  append_json_string(text, gateway);
  const auto append_part = [&](std::string_view key, std::string_view value) {
    text += ",\""sv;
    text += key;
    text += "\":"sv;
    append_json_string(text, value);
  };
  const std::size_t slash = stream.find('/');
  const std::string_view kind = stream.substr(0, slash);
  const std::string_view rest = slash == stream.npos ? "" : stream.substr(slash + 1);
  if (kind == "sensor") {
    append_part("sensor", rest.substr(0, rest.find('/')));  // "sensor/<id>/hour": its hours
  } else if (kind == "ref" || kind == "index") {
    const std::size_t middle = std::min(rest.find('/'), rest.size());
    append_part(kind == "ref" ? "feed" : "edition", rest.substr(0, middle));
    append_part(kind == "ref" ? "station" : "subject",
                rest.substr(std::min(middle + 1, rest.size())));
  }
  append_part("epoch", epoch);
  text += ",\"seq\":"sv;
  return text;
}

[[gnu::flatten]] void append_record(std::string& text, std::string_view prefix, std::uint64_t seq,
                                    UtcTime time, std::string_view body) {
  text += prefix;
  append_whole(text, seq);
  text += ",\"ts\":"sv;
  append_whole(text, time.time_since_epoch().count());
  text += ",\"time\":\""sv;
  append_iso8601(text, time);
  text += '"';
  if (body.size() > 2) {  // "{}" has nothing to add
    text += ',';
    text += body.substr(1);
  } else {
    text += '}';
  }
}

}  // namespace twinsky
