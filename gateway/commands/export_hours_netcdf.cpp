// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/export_hours.hpp"
#include "gateway/commands/exported_places.hpp"

#include <algorithm>
#include <ostream>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view method_of(Averaging averaging) {
  switch (averaging) {
    case Averaging::sum:
      return "sum";
    case Averaging::maximum:
      return "maximum";
    case Averaging::last:
      return "point";
    case Averaging::none:
      return {};
    default:
      return "mean";
  }
}

// 1 or 0, as in the table.
NetcdfVariable valid_column(const QuantityInfo& quantity) {
  NetcdfVariable made = cf_flags(quantity.name, quantity);
  made.name = std::string(quantity.name) + "_valid";
  made.attributes = {
      {"long_name", std::string(quantity.title) + ": enough samples for an hour that counts"},
      {"flag_values", std::vector<std::int8_t>{0, 1}},
      {"flag_meanings", std::string("not_valid valid")},
      {"_FillValue", std::vector<std::int8_t>{-127}}};
  return made;
}

std::vector<NetcdfVariable> columns_of(const std::set<Quantity>& quantities) {
  std::vector<NetcdfVariable> columns;
  for (const Quantity quantity : quantities) {
    const QuantityInfo& info = info_of(quantity);
    const std::string name(info.name);
    const std::string title(info.title);
    columns.push_back(
        cf_values(name, info, method_of(info.averaging), {"_n", "_expected", "_valid"}));
    columns.push_back(cf_counts(name + "_n", title + ": samples used", "number_of_observations"));
    columns.push_back(cf_counts(name + "_expected", title + ": samples expected"));
    columns.push_back(valid_column(info));
  }
  return columns;
}

// In the order of columns_of().
void fill(const std::map<Quantity, HourCells>& hour, const std::set<Quantity>& quantities,
          std::vector<std::optional<double>>& cells) {
  cells.clear();
  for (const Quantity quantity : quantities) {
    const auto found = hour.find(quantity);
    if (found == hour.end()) {
      cells.insert(cells.end(), 4, std::nullopt);
      continue;
    }
    const HourCells& of = found->second;
    const auto count = [&of](auto number) {
      return of.own ? std::optional(static_cast<double>(number(*of.own))) : std::nullopt;
    };
    cells.push_back(of.value);
    cells.push_back(count([](const Hour& own) { return own.used; }));
    cells.push_back(count([](const Hour& own) { return own.expected; }));
    cells.emplace_back(of.is_valid ? 1.0 : 0.0);
  }
}

}  // namespace

void export_hours_netcdf(const StoreChoice& choice, const ChosenStore& store,
                         const std::vector<HourTable>& tables, std::ostream& out) {
  std::vector<std::string> streams;
  std::set<Quantity> quantities;
  std::uint32_t rows = 0;
  for (const HourTable& table : tables) {
    streams.push_back((table.is_official ? "ref/" : "sensor/") + table.source);
    rows += static_cast<std::uint32_t>(table.rows.size());
    for (const auto& [start, hour] : table.rows) {
      for (const auto& [quantity, cells] : hour) quantities.insert(quantity);
    }
  }
  ExportedOrigin origin = origin_of(streams, choice);
  CfTable::Shape shape{.places = std::move(origin.places),
                       .columns = columns_of(quantities),
                       .has_bounds = true,
                       .has_epochs = false,
                       .attributes = {}};
  const auto put = [&shape](std::string name, std::string text) {
    if (!text.empty()) shape.attributes.push_back({std::move(name), std::move(text)});
  };
  put("title", "Hours of the gateway " + (store.gateway.empty() ? "?" : store.gateway));
  put("source", origin.source);
  put("history", iso8601(SystemClock(true).utc()) + " twinsky export hours --format netcdf");
  put("license", origin.licence);
  put("attribution", origin.attribution);
  put("comment",
      "time is the end of the hour, both ends of which are in time_bnds. Of official stations "
      "there is no number of samples.");
  const CfTable file(std::move(shape));
  out << file.head(rows);
  std::string bytes;
  std::vector<std::optional<double>> cells;
  for (std::size_t place = 0; place < tables.size(); ++place) {
    for (const auto& [start, hour] : tables[place].rows) {
      fill(hour, quantities, cells);
      bytes.clear();
      file.append(bytes, {.place = place,
                          .time = start + 1h,
                          .start = start,
                          .end = start + 1h,
                          .epoch = {},
                          .cells = &cells});
      out << bytes;
    }
  }
}

}  // namespace twinsky
