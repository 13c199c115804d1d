// SPDX-License-Identifier: Apache-2.0
// What it costs to write a record in each format: batches of 200 records of one stream, with four
// quantities each, as a sink writes them.
//
//   formats RECORDS
//
// Answers one line of JSON: nanoseconds of CPU a record, by format and kind of stream.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/record.hpp"
#include "tests/bench/cost.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace twinsky;

constexpr UtcTime begin{milliseconds(1'792'800'000'000)};  // a whole hour
constexpr long records_in_a_message = 200;
constexpr auto columns = std::to_array<Column>({{Quantity::pm2_5, 1},
                                                {Quantity::pm10, 1},
                                                {Quantity::temperature, 2},
                                                {Quantity::humidity, 1}});

struct Row {
  StoredRow row;  // whose body lives in
  std::string body;
};

Row numbered(long number, UtcTime time, std::string body) {
  StoredRow row;
  row.row = number + 1;
  row.seq = static_cast<std::uint64_t>(number) + 1;
  row.time = time;
  return {.row = row, .body = std::move(body)};
}

Row record(long number) {
  Sample sample;
  sample.time = begin + milliseconds(number * 1000);
  for (const Column& column : columns) {
    sample.readings.push_back(
        reading(column.quantity, 5 + static_cast<double>(number * 7 % 300) / 10));
    sample.readings.back().flag = Flag::pass;
  }
  return numbered(number, sample.time, record_body(sample, columns, {}, 1));
}

Row hour(long number) {
  return numbered(
      number, begin + std::chrono::hours(number + 1),
      R"({"start":"2026-11-29T11:00:00.000Z","end":"2026-11-29T12:00:00.000Z","revision":1,)"
      R"("quantities":{"pm2_5":{"mean":41.3500,"minimum":40.0000,"maximum":42.7000,)"
      R"("deviation":1.9092,"n":358,"expected":360,"valid":true,"flags":{"1":358}}}})");
}

// With all that a format must be told, and a way that it can go.
SinkSettings sink_of(const FormatInfo& info) {
  SinkSettings sink{.id = "bench", .format = &info};
  sink.settings = Settings::defaults(info.settings);
  for (const Setting& setting : info.settings) {
    if (!setting.required) continue;
    std::string problem;
    // Degrees and metres, or the one text of theirs: a WIGOS identifier.
    const bool is_number = setting.kind == SettingKind::number;
    const auto value = read_setting(setting, is_number ? "22" : "0-344-0-45007", problem);
    if (value) sink.settings.set(std::string(setting.name), *value);
  }
  const auto fits = [&](const TransportInfo* transport) {
    sink.transport = transport;
    return transport->format == info.name || info.check == nullptr || info.check(sink, {}).empty();
  };
  const auto all = transport_registry();
  const auto own = std::ranges::find(all, info.name, &TransportInfo::format);
  if (own != all.end()) {
    sink.transport = *own;
  } else if (std::ranges::find_if(all, fits) == all.end()) {
    sink.transport = transport_named("http");
  }
  return sink;
}

double nanoseconds(const Format& format, const std::string& stream, const std::vector<Row>& rows,
                   long records) {
  const std::string head = format.head(stream, "7f3a91c2");
  std::size_t bytes = 0;
  const double before = bench::cpu_s();
  for (long done = 0; done < records; done += records_in_a_message) {
    std::string payload;
    for (const Row& one : rows) format.append(payload, head, one.row);
    format.close(payload);
    bytes += payload.size();
  }
  const double spent = bench::cpu_s() - before;
  if (bytes == 0) throw std::runtime_error("nothing was written of " + stream);
  return spent * 1e9 / static_cast<double>(records);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  const long records = std::atol(words[1]);
  std::vector<Row> samples;
  std::vector<Row> hours;
  for (long number = 0; number < records_in_a_message; ++number) {
    samples.push_back(record(number));
    hours.push_back(hour(number));
  }
  for (auto* const rows : {&samples, &hours}) {
    for (Row& one : *rows) one.row.body = one.body;
  }
  std::cout << "{";
  const char* comma = "";
  for (const FormatInfo* info : format_registry()) {
    const auto format = info->make(sink_of(*info), "bench");
    for (const auto& [kind, rows] : {std::pair{"obs", &samples}, std::pair{"hour", &hours}}) {
      const std::string subject = std::string("sensor/bench/") + kind;
      if (format->destination(subject).empty()) continue;
      const std::string stream = std::string(kind) == "obs" ? "sensor/bench" : subject;
      std::cout << comma << '"' << info->name << ' ' << kind
                << "\":" << nanoseconds(*format, stream, *rows, records);
      comma = ",";
    }
  }
  std::cout << "}\n";
}
