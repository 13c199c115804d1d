// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/export_metadata.hpp"

#include "gateway/commands/exported_places.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::string_view corrected_column = "_corrected";

struct KnownColumn {
  std::string_view name;
  std::string_view datatype;
  std::string_view about;
  bool is_required = false;
};

constexpr auto known_columns = std::to_array<KnownColumn>({
    {"stream", "string", "what was measured: sensor/<id>, ref/<feed>/<station>", true},
    {"epoch", "string", "in which seq counts", true},
    {"seq", "nonNegativeInteger", "number of the record in its stream and epoch", true},
    {"time", "dateTimeStamp", "moment of measurement, or the end of the interval; UTC", true},
    {"start", "dateTimeStamp", "beginning of the interval; UTC"},
    {"end", "dateTimeStamp", "end of the interval; UTC"},
    {"issued", "dateTimeStamp", "when the agency issued it; UTC"},
    {"fetched", "dateTimeStamp", "when it was fetched; UTC"},
    {"gas_reference_k", "double", "kelvin that gases in µg/m³ are reckoned for, at 1013.25 hPa"},
    {"flag", "integer",
     "the worst flag of QARTOD: 1 pass, 2 not evaluated, 3 suspect, 4 fail, "
     "9 missing"},
    {"flags", "json", "flags of the quantities whose flag is not 1"},
    {"faults", "json", "why a quantity is missing"},
    {"reasons", "json", "why a quantity has its flag"},
    {"text", "json", "what was printed, where it says more than the number"},
    {"corrections", "json", "what made the corrected values"},
    {"amends", "nonNegativeInteger", "seq of the record that this one replaces"},
    {"meta", "nonNegativeInteger", "revision of the stream's description"},
});

Json column_of(const std::string& name) {
  Json column = {{"name", name}, {"titles", name}};
  const auto known = std::ranges::find(known_columns, name, &KnownColumn::name);
  if (known != known_columns.end()) {
    column["datatype"] = known->datatype;
    column["dc:description"] = known->about;
    if (known->is_required) column["required"] = true;
    return column;
  }
  std::string_view plain = name;
  const bool is_corrected = plain.ends_with(corrected_column);
  if (is_corrected) plain.remove_suffix(corrected_column.size());
  const auto quantity = quantity_named(plain);
  if (!quantity) {
    column["datatype"] = "string";
    return column;
  }
  const QuantityInfo& info = info_of(*quantity);
  column["datatype"] = "double";
  column["dc:title"] = std::string(info.title) + (is_corrected ? ", corrected" : "");
  column["schema:unitText"] = info.display_unit.empty() ? "1" : info.display_unit;
  column["schema:unitCode"] = "ucum:" + std::string(info.ucum);
  if (!info.cf_name.empty()) column["schema:propertyID"] = info.cf_name;
  return column;
}

}  // namespace

std::string csv_metadata(const std::string& file, std::span<const std::string> header,
                         const std::string& gateway, const ExportedOrigin& origin) {
  Json columns = Json::array();
  for (const std::string& name : header) columns.push_back(column_of(name));
  Json metadata = {{"@context", "http://www.w3.org/ns/csvw"},
                   {"url", file},
                   {"dc:title", "Records of the gateway " + (gateway.empty() ? "?" : gateway)},
                   {"dc:source", origin.source},
                   {"dc:rights", origin.licence},
                   {"null", ""},
                   {"dialect", {{"header", true}, {"encoding", "utf-8"}}},
                   {"tableSchema",
                    {{"columns", std::move(columns)}, {"primaryKey", {"stream", "epoch", "seq"}}}}};
  if (!origin.attribution.empty()) metadata["schema:creditText"] = origin.attribution;
  return metadata.dump(2) + "\n";
}

}  // namespace twinsky
