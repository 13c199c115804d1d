// SPDX-License-Identifier: Apache-2.0
// Reads the section "corrections".
#include "gateway/config/draft.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>

namespace twinsky {
namespace {

std::optional<CorrectionInput> input_named(std::string_view name) {
  for (std::size_t at = 0; at < correction_inputs; ++at) {
    const auto input = static_cast<CorrectionInput>(at);
    if (name_of(input) == name) return input;
  }
  return std::nullopt;
}

// Throws JsonError or std::runtime_error when it is none, as knots_of().
std::vector<InputRange> hull_of(const std::string& text) {
  std::vector<InputRange> hull;
  if (text.empty()) return hull;
  const Json ranges = Json::parse(text);
  for (const auto& [name, range] : ranges.items_by_key()) {
    const auto input = input_named(name);
    if (!input || range.size() != 2 || range.at(0).get<double>() > range.at(1).get<double>()) {
      throw std::runtime_error(name);
    }
    hull.push_back({*input, range.at(0), range.at(1)});
  }
  return hull;
}

std::vector<PiecewiseCorrection::Knot> knots_of(const std::string& text) {
  std::vector<PiecewiseCorrection::Knot> knots;
  const Json sides = Json::parse(text);
  const auto raw = sides.at("raw").get<std::vector<double>>();
  const auto corrected = sides.at("corrected").get<std::vector<double>>();
  const bool is_rising = std::ranges::adjacent_find(raw, std::greater_equal<>()) == raw.end();
  if (raw.size() < 2 || raw.size() != corrected.size() || !is_rising) {
    throw std::runtime_error("knots");
  }
  for (std::size_t at = 0; at < raw.size(); ++at) knots.push_back({raw[at], corrected[at]});
  return knots;
}

// Calls `read`, which throws when the value of `key` is not what is expected.
template <class Read>
void try_to_read(const Node& node, std::string_view key, std::string_view expected, Draft& draft,
                 Read read) {
  const Node* const at = member(node, key);
  try {
    read();
  } catch (const std::exception&) {
    draft.reader.report(
        at == nullptr ? node : *at,
        "\"" + std::string(key) + "\" is missing or wrong, expected " + std::string(expected));
  }
}

CorrectionFormula formula_of(const Node& node, const Settings& values, Draft& draft) {
  const std::string method = text_or_none(values, "method");
  if (method == "multilinear") {
    return MultilinearCorrection{.constant = values.number("constant"),
                                 .raw_factor = values.number("raw_factor"),
                                 .temperature_factor = values.number("temperature_factor"),
                                 .humidity_factor = values.number("humidity_factor")};
  }
  if (method == "piecewise") {
    PiecewiseCorrection formula;
    try_to_read(node, "knots", R"({"raw": [0, 50], "corrected": [0, 40]} with raw rising)", draft,
                [&] { formula.knots = knots_of(text_or_none(values, "knots")); });
    return formula;
  }
  if (method == "barkjohn") return BarkjohnCorrection{};
  if (method == "smoke") return SmokeCorrection{};
  if (method == "kappa_koehler") return KappaKoehlerCorrection{.kappa = values.number("kappa")};
  return LinearCorrection{.gain = values.number("gain"), .offset = values.number("offset")};
}

std::optional<UtcTime> time_of(const Node& node, std::string_view key, const Settings& values,
                               Draft& draft) {
  std::string text = text_or_none(values, key);
  if (text.empty()) return std::nullopt;
  constexpr std::size_t date_length = 10;
  if (text.size() == date_length) text += "T00:00";
  const auto time = parse_local_time(text, draft.config.gateway.zone);
  if (!time) {
    draft.reader.report(*member(node, key), "\"" + text +
                                                "\" is no time, expected for example 2026-11-22 or "
                                                "2026-11-22T10:30");
  }
  return time;
}

}  // namespace

void read_correction(const Node& node, Draft& draft) {
  constexpr std::string_view example =
      R"(an object such as {"id": "roof", "sensor": "roof-pm", "quantity": "pm2_5", "method": "linear"})";
  if (!draft.reader.expect(node, NodeKind::object, example)) return;
  const auto problems = draft.reader.count();
  Settings values = draft.reader.read(node, correction_settings());
  CorrectionSettings made{.sensor = text_or_none(values, "sensor"), .correction = {}};
  Correction& correction = made.correction;
  const std::string raw = text_or_none(values, "raw");
  correction.id = text_or_none(values, "id");
  correction.version = static_cast<int>(values.integer("version"));
  correction.quantity = quantity_named(text_or_none(values, "quantity")).value_or(Quantity::pm2_5);
  correction.raw_quantity = quantity_named(raw).value_or(correction.quantity);
  correction.formula = formula_of(node, values, draft);
  try_to_read(node, "hull", R"(ranges such as {"raw": [2, 60], "humidity": [40, 98]})", draft,
              [&] { correction.hull = hull_of(text_or_none(values, "hull")); });
  correction.trained_from = time_of(node, "trained_from", values, draft);
  correction.trained_until = time_of(node, "trained_until", values, draft);
  correction.valid_from = time_of(node, "valid_from", values, draft);
  correction.valid_until = time_of(node, "valid_until", values, draft);
  correction.author = text_or_none(values, "author");
  draft.config.corrections.push_back(std::move(made));
  draft.corrections.push_back(
      {.node = &node, .values = std::move(values), .is_sound = draft.reader.count() == problems});
}

}  // namespace twinsky
