// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/check_settings.hpp"

#include "gateway/config/settings.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/json.hpp"

#include <array>
#include <stdexcept>

namespace twinsky {
namespace {

constexpr auto tests = std::to_array<std::string_view>(
    {"range", "climatology", "spike", "rate_of_change", "flat_line", "attenuated_signal"});
constexpr milliseconds one_minute{60'000};

std::map<Quantity, Settings> read_defaults() {
  const auto refuse = [](const std::string& what) {
    throw std::runtime_error("config/checks.json: " + what);
  };
  std::map<Quantity, Settings> defaults;
  const Json file = Json::parse(embedded_file("config/checks.json"), {.has_comments = true});
  if (!file.is_object()) refuse("is no object");
  for (const auto& [name, checks] : file.items_by_key()) {
    const auto quantity = quantity_named(name);
    if (!quantity) refuse("there is no quantity " + name);
    Settings& settings = defaults[*quantity];
    for (const auto& [key, written] : checks.items()) {
      const auto declared = std::ranges::find(check_settings(), key, &Setting::name);
      if (declared == check_settings().end()) refuse(name + " has an unknown " + key);
      std::string problem;
      auto value = read_setting(
          *declared, written.is_string() ? written.get<std::string>() : written.dump(), problem);
      if (!value) refuse(name + ": " + key + ": " + problem);
      settings.set(key, *std::move(value));
    }
  }
  return defaults;
}

const Settings& defaults_of(Quantity quantity) {
  static const std::map<Quantity, Settings> defaults = read_defaults();
  static const Settings none;
  const auto found = defaults.find(quantity);
  return found == defaults.end() ? none : found->second;
}

// Two layers: what was given, and below it the defaults.
struct Layers {
  const Settings& given;
  const Settings& defaults;

  [[nodiscard]] const Settings& with(std::string_view name) const {
    return given.has(name) ? given : defaults;
  }
  [[nodiscard]] std::optional<double> number(std::string_view name) const {
    const Settings& layer = with(name);
    return layer.has(name) ? std::optional(layer.number(name)) : std::nullopt;
  }
  [[nodiscard]] std::optional<milliseconds> duration(std::string_view name) const {
    const Settings& layer = with(name);
    return layer.has(name) ? std::optional(layer.duration(name)) : std::nullopt;
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const Settings& layer = with(name);
    return layer.has(name) ? layer.text(name) : std::string();
  }
  [[nodiscard]] bool is_off(std::string_view test) const {
    return given.has("off") &&
           std::ranges::find(given.texts("off"), test) != given.texts("off").end();
  }
};

Limits limits_of(const Layers& layers, std::string_view suspect, std::string_view fail) {
  return {.suspect = layers.number(suspect), .fail = layers.number(fail)};
}

bool is_set(const Limits& limits) {
  return limits.suspect || limits.fail;
}

RangeLimits range_of(Quantity quantity, const Layers& layers, std::optional<Interval> rated) {
  const QuantityInfo& info = info_of(quantity);
  const Interval fail{layers.number("range_lower").value_or(info.lower),
                      layers.number("range_upper").value_or(info.upper)};
  Interval usual = rated.value_or(fail);
  if (usual.upper <= usual.lower) usual = fail;  // the data sheet says none
  // A data sheet's 0 is no bound to noise around it, which the catalogue lets pass.
  if (usual.lower == 0 && info.lower < 0) usual.lower = info.lower;
  usual = {layers.number("usual_lower").value_or(usual.lower),
           layers.number("usual_upper").value_or(usual.upper)};
  return {
      .fail = fail,
      .suspect = Interval{std::max(usual.lower, fail.lower), std::min(usual.upper, fail.upper)}};
}

std::optional<FlatLineLimits> flat_line_of(const Layers& layers) {
  FlatLineLimits limits{.suspect = layers.duration("flat_suspect"),
                        .fail = layers.duration("flat_fail"),
                        .tolerance = layers.number("flat_tolerance").value_or(0)};
  const auto lower = layers.number("flat_except_lower");
  const auto upper = layers.number("flat_except_upper");
  if (lower && upper) limits.except = Interval{*lower, *upper};
  if (limits.tolerance <= 0 || (!limits.suspect && !limits.fail)) return std::nullopt;
  return limits;
}

std::optional<AttenuationLimits> attenuation_of(const Layers& layers) {
  const auto period = layers.duration("attenuated_period");
  AttenuationLimits limits{.suspect = layers.number("attenuated_suspect"),
                           .fail = layers.number("attenuated_fail")};
  if (!period || (!limits.suspect && !limits.fail)) return std::nullopt;
  limits.period = *period;
  if (layers.text("attenuated_statistic") == "range") {
    limits.statistic = AttenuationLimits::Statistic::range;
  }
  const Settings& layer = layers.with("attenuated_least");
  if (layer.has("attenuated_least")) limits.least = layer.integer("attenuated_least");
  return limits;
}

Interval interval_of(const Json& pair) {
  return {pair.at(0).get<double>(), pair.at(1).get<double>()};
}

// Throws JsonError or std::runtime_error with what is wrong.
std::vector<ClimatologyMember> climatology_of(const std::string& text) {
  std::vector<ClimatologyMember> members;
  if (text.empty()) return members;
  const Json file = Json::parse(text);
  for (const auto& [name, written] : file.items_by_key()) {
    const auto period = period_named(written.at("period").get<std::string>());
    if (!period) throw std::runtime_error("\"" + name + "\" has an unknown period");
    ClimatologyMember member{.period = *period,
                             .when = {written.at("from"), written.at("to")},
                             .suspect = interval_of(written.at("suspect"))};
    if (written.contains("fail")) member.fail = interval_of(written.at("fail"));
    members.push_back(member);
  }
  return members;
}

}  // namespace

CheckSettings checks_of(Quantity quantity, const QualitySettings& configured,
                        std::optional<Interval> rated, milliseconds period) {
  static const Settings nothing;
  const auto found = configured.quantities.find(quantity);
  const Layers layers{found == configured.quantities.end() ? nothing : found->second,
                      defaults_of(quantity)};
  CheckSettings checks{.step = period, .zone = configured.zone};
  if (period.count() > 0) checks.longest_step = 3 * period + milliseconds(2500);
  if (!layers.is_off("range")) checks.range = range_of(quantity, layers, rated);
  if (!layers.is_off("climatology"))
    checks.climatology = climatology_of(layers.text("climatology"));
  if (const Limits limits = limits_of(layers, "spike_suspect", "spike_fail");
      is_set(limits) && !layers.is_off("spike")) {
    const bool is_average = layers.text("spike_method") == "average";
    checks.spike = {limits, is_average ? SpikeMethod::average : SpikeMethod::differential};
  }
  if (Limits limits = limits_of(layers, "step_suspect", "step_fail");
      is_set(limits) && !layers.is_off("rate_of_change")) {
    const std::chrono::duration<double> seconds =
        period.count() > 0 ? std::min(period, one_minute) : one_minute;
    for (auto* limit : {&limits.suspect, &limits.fail}) {
      if (*limit) **limit /= seconds.count();
    }
    checks.rate_per_second = limits;
  }
  if (!layers.is_off("flat_line")) checks.flat_line = flat_line_of(layers);
  if (!layers.is_off("attenuated_signal")) checks.attenuated = attenuation_of(layers);
  return checks;
}

CheckProblem problem_of_checks(const Settings& given) {
  for (const std::string& test :
       given.has("off") ? given.texts("off") : std::vector<std::string>()) {
    if (std::ranges::find(tests, test) == tests.end()) {
      return {"off", "there is no test " + in_quotes(test) + ", expected " + listed(tests)};
    }
  }
  for (const std::string_view pair : {"range_", "usual_", "flat_except_"}) {
    const std::string lower = std::string(pair) + "lower";
    const std::string upper = std::string(pair) + "upper";
    if (given.has(lower) && given.has(upper) && given.number(lower) > given.number(upper)) {
      return {upper, upper + " is below " + lower + ", expected it above"};
    }
  }
  // QARTOD: what is usual lies inside what is possible.
  const auto outside = [&](const char* usual, const char* range, double sign) {
    return given.has(usual) && given.has(range) &&
           sign * given.number(usual) > sign * given.number(range);
  };
  if (outside("usual_upper", "range_upper", 1)) {
    return {"usual_upper", "usual_upper is above range_upper, expected it inside"};
  }
  if (outside("usual_lower", "range_lower", -1)) {
    return {"usual_lower", "usual_lower is below range_lower, expected it inside"};
  }
  try {
    if (given.has("climatology")) climatology_of(given.text("climatology"));
  } catch (const std::exception&) {
    return {"climatology",
            "is no climatology, expected members by name such as {\"summer\": {\"period\": "
            "\"month\", \"from\": 6, \"to\": 9, \"suspect\": [22, 36]}}"};
  }
  return {};
}

}  // namespace twinsky
