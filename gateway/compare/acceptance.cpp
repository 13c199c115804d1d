// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/acceptance.hpp"

#include "gateway/model/gas.hpp"
#include "gateway/model/json.hpp"

namespace twinsky {
namespace {

constexpr std::size_t longest_id = 32;

// The proposal speaks in the reference's unit; the correction is applied to the sensor's.
double in_sensor_units(const Comparison& comparison, double value, double gas_reference_k) {
  const GasForms* const gas = gas_forms(comparison.quantity);
  if (gas == nullptr || comparison.quantity == gas->mass) return value;
  return share_of_mass(gas->mass, value, gas_reference_k).value_or(value);
}

}  // namespace

std::string recorded_comparison(const std::string& remembered) {
  const Json json = Json::parse_or_null(remembered);
  const Json* const record = json.find("record");
  return record == nullptr ? std::string() : record->dump();
}

std::optional<AcceptedCorrection> accepted_correction(const Comparison& comparison,
                                                      const std::string& record_text,
                                                      const std::string& author, UtcTime now) {
  const Json record = Json::parse_or_null(record_text);
  const Json proposal = record.is_object() ? record.value("proposal", Json()) : Json();
  if (!proposal.is_object()) return std::nullopt;
  const bool is_mass = record.at("quantity") != name_of(comparison.quantity);
  const auto number = [&](const char* key) {
    const double value = proposal.at(key).get<double>();
    if (!is_mass) return value;
    return in_sensor_units(comparison, value, record.at("reference").at("gas_reference_k"));
  };
  const std::string station = comparison.reference.feed + "/" + comparison.reference.station;
  const std::string id =
      (slug(name_of(comparison.quantity)) + "-" + comparison.sensor).substr(0, longest_id);
  const Json correction = {
      {"id", id},
      {"version", comparison.correction ? comparison.correction->version + 1 : 1},
      {"sensor", comparison.sensor},
      {"quantity", name_of(comparison.quantity)},
      {"method", "linear"},
      {"gain", proposal.at("gain")},
      {"offset", number("offset")},
      {"hull", {{"raw", {number("lowest_raw"), number("highest_raw")}}}},
      {"trained_from", proposal.at("basis_from")},
      {"trained_until", proposal.at("basis_to")},
      {"valid_from", iso8601(now)},
      {"author", author + ", from the comparison with " + station}};
  return AcceptedCorrection{
      .file = "correction-" + id + ".json",
      .text = Json{{"corrections", Json::array({correction})}}.dump(2) + "\n"};
}

std::string why_nothing_is_proposed(const Json& record, const Words& words) {
  const Json* const why = record.find("no_proposal");
  if (why == nullptr || why->is_null()) return words.say("no_proposal");  // an earlier version's
  const auto quantity = quantity_named(record.text_of("quantity"));
  const auto number = [why](const char* key) {
    const Json& value = why->at(key);
    return value.is_number_integer() ? value.dump() : figure(value);
  };
  return words.code("no_proposal", why->text_of("gate"),
                    {{"limit", number("limit")},
                     {"achieved", number("achieved")},
                     {"unit", quantity ? std::string(info_of(*quantity).display_unit) : ""}});
}

std::string why_nothing_is_proposed(const Comparison& comparison, const std::string& record_text) {
  const Json record = Json::parse_or_null(record_text);
  const Words words("en");
  return comparison.subject() + " proposes nothing" +
         (record.is_object() ? ". " + why_nothing_is_proposed(record, words)
                             : ": " + words.say("no_record_yet"));
}

}  // namespace twinsky
