// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/report.hpp"

#include "drivers/registry.hpp"
#include "gateway/compare/acceptance.hpp"
#include "gateway/compare/assessment.hpp"
#include "gateway/compare/drawing.hpp"
#include "gateway/compare/words.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr std::array<std::string_view, 4> record_windows{"24h", "72h", "168h", "720h"};

// ---- texts --------------------------------------------------------------------------------------

std::string number(double value, int decimals) {
  std::string text;
  append_number(text, value, decimals);
  return text;
}

std::string percent(double share) {
  return number(100 * share, 0) + " %";
}

std::string tag(std::string_view name, const std::string& content, std::string_view kind = {}) {
  std::string html = "<" + std::string(name);
  if (!kind.empty()) html.append(" class=\"").append(kind).append("\"");
  return html + ">" + content + "</" + std::string(name) + ">\n";
}

std::string text_tag(std::string_view name, std::string_view text, std::string_view kind = {}) {
  return tag(name, html_escaped(text), kind);
}

// A row's first cell is its heading.
std::string table_of(const std::vector<std::vector<std::string>>& rows,
                     const std::vector<std::string>& headings = {}) {
  std::string body;
  const auto cells = [](const std::vector<std::string>& row, std::string_view first,
                        std::string_view other) {
    std::string html;
    for (const std::string& cell : row) html += text_tag(html.empty() ? first : other, cell);
    return html;
  };
  for (const auto& row : rows) body += tag("tr", cells(row, "th", "td"));
  std::string head;
  if (!headings.empty()) head = tag("thead", tag("tr", cells(headings, "td", "th")));
  return tag("div", tag("table", head + tag("tbody", body), headings.empty() ? "figures" : ""),
             "scroll");
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string items;
  for (const std::string& text : texts) items += text_tag("li", text);
  return tag("ul", items);
}

std::string local_minute(UtcTime time, const Zone& zone) {
  const auto day = zone.day_of(time);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(zone.time_of_day(time)).count();
  const auto two = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  return iso8601(day).substr(0, 10) + " " + two(minutes / 60) + ":" + two(minutes % 60);
}

std::string local_minute(const Json& time, const Zone& zone) {
  const auto parsed = time.is_string() ? parse_time(time.get<std::string>()) : std::nullopt;
  return parsed ? local_minute(*parsed, zone) : "–";
}

// ---- one comparison -----------------------------------------------------------------------------

class Section {
 public:
  Section(const ReportedComparison& reported, const ReportedSensor& sensor, const Words& words)
      : reported_(reported),
        sensor_(sensor),
        words_(words),
        record_(Json::parse_or_null(reported.record)),
        target_(TargetCatalogue().of(reported.pairs.quantity, reported.pairs.gas_reference_k)),
        seen_(assess(reported.pairs.rows, reported.window)),
        unit_(info_of(reported.pairs.quantity).display_unit) {}

  [[nodiscard]] std::string title() const {
    return words_.say(
        "compared_with",
        {{"sensor", sensor_.sensor}, {"quantity", quantity()}, {"station", station()}});
  }
  [[nodiscard]] std::string verdict_word() const {
    return has_record() ? words_.code("verdict", record_.text_of("verdict"))
                        : words_.say("no_record_yet");
  }
  [[nodiscard]] std::string verdict() const {
    return has_record() ? record_.text_of("verdict") : std::string();
  }
  [[nodiscard]] std::string html() const {
    std::string html = verdict_part() + about();
    if (seen_.pairs.empty()) {
      html += text_tag("p", words_.say("no_pairs_yet"), "nothing");
    } else {
      html += tag("div", scatter() + residuals(), "plots") + series();
    }
    html += figures();
    if (has_record()) html += targets() + lag_and_drift() + coverage() + proposal();
    return html;
  }

 private:
  [[nodiscard]] bool has_record() const { return record_.is_object(); }
  [[nodiscard]] std::string quantity() const {
    return words_.code("quantity", name_of(reported_.pairs.quantity));
  }
  [[nodiscard]] std::string with_unit(const std::string& value) const {
    return value + " " + unit_;
  }

  [[nodiscard]] std::string station() const {
    const Comparison& comparison = reported_.comparison;
    const ReferenceStation* const found =
        comparison.feed ? comparison.feed->station(comparison.reference.station) : nullptr;
    std::string id = comparison.reference.feed + "/" + comparison.reference.station;
    if (found == nullptr) return id;
    const std::string& name = words_.language() == "zh-Hant"   ? found->name_tc
                              : words_.language() == "zh-Hans" ? found->name_sc
                                                               : found->name_en;
    return name.empty() ? id : name + " (" + id + ")";
  }

  [[nodiscard]] std::vector<std::string> codes(const char* kind, std::string_view key) const {
    std::vector<std::string> texts;
    for (const Json& each : record_[key]) {
      texts.push_back(words_.code(kind, each.get<std::string>()));
    }
    return texts;
  }

  [[nodiscard]] std::string verdict_part() const {
    if (!has_record()) return text_tag("p", words_.say("no_record_yet"), "nothing");
    std::string html = tag("p", text_tag("b", verdict_word()), "verdict-word");
    html += text_tag("p", record_["text"].text_of(words_.language()), "verdict-text");
    const std::vector<std::string> reasons = codes("reason", "reasons");
    if (!reasons.empty()) html += list_of(reasons);
    // A record of an earlier version has neither.
    const Json neighbours = record_.value("neighbours", Json());
    if (neighbours.is_object() && neighbours.value("flag", 0) == static_cast<int>(Flag::suspect)) {
      html +=
          text_tag("p", words_.say("far_from_neighbours", {{"n", neighbours["stations"].dump()}}));
    }
    if (const Json heating = record_.value("self_heating", Json()); heating.is_object()) {
      html += text_tag("p", words_.say("heats_itself", {{"night", number(heating["night_degc"], 1)},
                                                        {"day", number(heating["day_degc"], 1)}}));
    }
    const std::vector<std::string> limits = codes("limit", "limits");
    if (!limits.empty()) html += text_tag("h3", words_.say("cannot_show")) + list_of(limits);
    return tag("section", html, "verdict verdict-" + verdict());
  }

  // As far as the record tells the distance: the page is mailed and printed too.
  [[nodiscard]] std::string reference_text() const {
    const Siting& siting = reported_.comparison.reference.siting;
    std::string text =
        station() + ", " +
        words_.code("relation", name_of(relation_of(siting, reported_.pairs.quantity)));
    if (siting.published_distance_m) {
      text += " (" + number(*siting.published_distance_m, 0) + " m)";
    }
    const double height_m = siting.height_difference_m.value_or(0);
    if (std::abs(height_m) >= 1) {
      text += " · " + words_.say(height_m > 0 ? "higher_by" : "lower_by",
                                 {{"m", number(std::abs(height_m), 0)}});
    }
    return text;
  }
  [[nodiscard]] std::string period_text() const {
    const Zone& zone = reported_.comparison.zone;
    return local_minute(reported_.window.begin, zone) + " – " +
           local_minute(reported_.window.end, zone) + ", " + zone.title();
  }
  [[nodiscard]] std::string about() const {
    std::vector<std::vector<std::string>> rows{{words_.say("about.station"), reference_text()},
                                               {words_.say("about.period"), period_text()}};
    if (const FeedInfo* const feed = feed_named(reported_.comparison.reference.feed)) {
      rows.push_back({words_.say("about.licence"),
                      std::string(feed->attribution) + " · " + std::string(feed->licence)});
    }
    if (has_record()) {
      rows.push_back({words_.say("about.configuration"), record_.text_of("config_hash")});
    }
    return table_of(rows);
  }

  [[nodiscard]] std::string scatter() const {
    std::vector<double> all;
    for (const Pair& pair : seen_.pairs) {
      all.push_back(pair.reference);
      all.push_back(pair.sensor);
    }
    const AxisSpan span = axis_span_of(all);
    // As high as wide between its axes, so that 1:1 stands at 45 degrees.
    Drawing drawing({.x = span, .y = span, .width = 380, .height = 372}, axis_labels_of(span),
                    words_.say("axis.reference") + ", " + unit_,
                    words_.say("axis.sensor") + ", " + unit_);
    drawing.line(span.lower, span.lower, span.upper, span.upper, "one-to-one");
    if (seen_.line) draw_interval(drawing, span);
    for (const Pair& pair : seen_.pairs) drawing.dot(pair.reference, pair.sensor);
    if (seen_.line) {
      const auto [least, most] = std::ranges::minmax(seen_.pairs, {}, &Pair::reference);
      const auto on_line = [&](double x) {
        return std::clamp(seen_.line->slope * x + seen_.line->intercept, span.lower, span.upper);
      };
      drawing.line(least.reference, on_line(least.reference), most.reference,
                   on_line(most.reference), "fit");
    }
    return drawing.finish(words_.say("caption.scatter"));
  }
  // Lines through the middle of the pairs, as steep as the interval of the slope allows.
  void draw_interval(Drawing& drawing, AxisSpan span) const {
    const auto intervals = intervals_of(seen_);
    if (!intervals) return;
    const double x = seen_.moments.mean_reference;
    const auto [least, most] = std::ranges::minmax(seen_.pairs, {}, &Pair::reference);
    const auto at = [&](double slope, double end) {
      return std::pair(
          end, std::clamp(seen_.moments.mean_sensor + slope * (end - x), span.lower, span.upper));
    };
    const std::pair<double, double> middle = at(0, x);
    const std::array corners{at(intervals->slope.lower, least.reference),
                             middle,
                             at(intervals->slope.lower, most.reference),
                             at(intervals->slope.upper, most.reference),
                             middle,
                             at(intervals->slope.upper, least.reference)};
    drawing.area(corners, "interval");
  }

  struct Residual {
    double x = 0;
    double y = 0;
  };
  [[nodiscard]] std::string residual_drawing(const std::vector<Residual>& found, AxisSpan x,
                                             double step, const std::string& title,
                                             const std::string& caption) const {
    std::vector<double> ys{0};
    for (const Residual& each : found) ys.push_back(each.y);
    Drawing drawing({.x = x, .y = axis_span_of(ys)}, axis_labels_of(x, step), title, unit_);
    drawing.line(x.lower, 0, x.upper, 0, "one-to-one");
    for (const Residual& each : found) drawing.dot(each.x, each.y);
    return drawing.finish(caption);
  }
  [[nodiscard]] std::string residuals() const {
    if (!seen_.line) return {};
    std::vector<Residual> by_hour;
    std::vector<Residual> by_humidity;
    const Zone& zone = reported_.comparison.zone;
    for (const PairRow& row : within(reported_.pairs.rows, reported_.window)) {
      if (withheld(row)) continue;
      const double rest = *row.sensor - seen_.line->slope * *row.reference - seen_.line->intercept;
      const std::chrono::duration<double, std::ratio<3600>> of_day = zone.time_of_day(row.hour);
      by_hour.push_back({of_day.count(), rest});
      if (row.humidity) by_humidity.push_back({*row.humidity, rest});
    }
    std::string html = residual_drawing(by_hour, {-0.5, 23.5}, 3,
                                        words_.say("axis.hour_of_day") + ", " + zone.title(),
                                        words_.say("caption.residuals_by_hour"));
    if (by_humidity.empty()) return html;
    return html + residual_drawing(by_humidity, {0, 100}, 20, words_.say("axis.humidity"),
                                   words_.say("caption.residuals_by_humidity"));
  }

  // As long as the data, not as the period that was asked for.
  [[nodiscard]] std::string series() const {
    auto rows = within(reported_.pairs.rows, reported_.window);
    const auto is_there = [](const PairRow& row) {
      return is_sensor_valid(row) || is_reference_valid(row);
    };
    while (!rows.empty() && !is_there(rows.front())) rows = rows.subspan(1);
    while (!rows.empty() && !is_there(rows.back())) rows = rows.first(rows.size() - 1);
    if (rows.empty()) return {};
    const Window span{rows.front().hour, rows.back().hour + hours(1)};
    std::vector<double> all;
    for (const PairRow& row : rows) {
      if (is_sensor_valid(row)) all.push_back(*row.sensor);
      if (is_sensor_valid(row) && row.corrected) all.push_back(*row.corrected);
      if (is_reference_valid(row)) all.push_back(*row.reference);
    }
    Drawing drawing({.x = {0, static_cast<double>(span.hours())},
                     .y = axis_span_of(all),
                     .width = 880,
                     .height = 300},
                    local_days(span), reported_.comparison.zone.title(), unit_);
    const auto draw = [&](auto value_of, std::string_view kind) {
      std::string d;
      std::optional<HourStart> before;
      for (const PairRow& row : rows) {
        const std::optional<double> value = value_of(row);
        if (!value) continue;
        const bool goes_on = before && row.hour - *before == hours(1);
        d += drawing.path_to(static_cast<double>((row.hour - span.begin).count()), *value, goes_on);
        before = row.hour;
      }
      drawing.path(d, kind);
    };
    draw([](const PairRow& row) { return is_reference_valid(row) ? row.reference : std::nullopt; },
         "line official");
    draw([](const PairRow& row) { return is_sensor_valid(row) ? row.sensor : std::nullopt; },
         "line raw");
    draw([](const PairRow& row) { return is_sensor_valid(row) ? row.corrected : std::nullopt; },
         "line corrected");
    return tag("div", drawing.finish(words_.say("caption.series")), "long");
  }
  // At most eight, where they begin: hours since the span's begin.
  [[nodiscard]] std::vector<AxisLabel> local_days(Window span) const {
    constexpr int most = 8;
    const Zone& zone = reported_.comparison.zone;
    const std::chrono::days step((span.hours() / 24 + most) / most);
    std::chrono::sys_days day = zone.day_of(span.begin);
    if (zone.start_of(day) < span.begin) day += std::chrono::days(1);
    std::vector<AxisLabel> labels;
    for (; zone.start_of(day) < span.end; day += step) {
      const std::chrono::duration<double, std::ratio<3600>> since = zone.start_of(day) - span.begin;
      labels.emplace_back(since.count(), iso8601(day).substr(5, 5));
    }
    return labels;
  }

  static std::optional<LineIntervals> intervals_of(const Assessment& seen) {
    if (!seen.line || !(seen.n_effective > 2)) return std::nullopt;
    return honest_intervals(*seen.line, seen.moments.n, seen.n_effective);
  }
  [[nodiscard]] std::string interval_text(const std::optional<ConfidenceInterval>& ends) const {
    if (!ends) return {};
    return " " +
           words_.say("interval", {{"from", figure(ends->lower)}, {"to", figure(ends->upper)}});
  }
  // What is assessed here, of raw beside corrected.
  [[nodiscard]] std::string figures() const {
    const Assessment corrected = assess(reported_.pairs.rows, reported_.window, Series::corrected);
    const bool is_corrected = !corrected.pairs.empty();
    std::vector<std::vector<std::string>> rows;
    const auto row = [&](std::string_view key, auto text_of) {
      rows.push_back({words_.say(key), text_of(seen_)});
      if (is_corrected) rows.back().push_back(text_of(corrected));
    };
    const auto of_line = [&](auto text_of) {
      return [text_of](const Assessment& seen) {
        return seen.line ? text_of(seen) : std::string("–");
      };
    };
    row("figure.pairs", [&](const Assessment& seen) {
      return words_.say("of_hours", {{"n", std::to_string(seen.coverage.pairs)},
                                     {"all", std::to_string(seen.coverage.expected)}});
    });
    row("figure.independent",
        of_line([](const Assessment& seen) { return number(seen.n_effective, 0); }));
    row("figure.slope", of_line([&](const Assessment& seen) {
          const auto ends = intervals_of(seen);
          return figure(seen.line->slope) +
                 interval_text(ends ? std::optional(ends->slope) : std::nullopt);
        }));
    row("figure.intercept", of_line([&](const Assessment& seen) {
          const auto ends = intervals_of(seen);
          return with_unit(figure(seen.line->intercept)) +
                 interval_text(ends ? std::optional(ends->intercept) : std::nullopt);
        }));
    row("figure.r2", of_line([&](const Assessment& seen) {
          return figure(seen.line->r2) +
                 interval_text(seen.r_interval ? std::optional(interval_of_r2(*seen.r_interval))
                                               : std::nullopt);
        }));
    const std::pair<std::string_view, double Errors::*> errors[] = {
        {"figure.mbe", &Errors::mbe}, {"figure.mae", &Errors::mae}, {"figure.rmse", &Errors::rmse}};
    for (const auto& [key, member] : errors) {
      row(key, [&](const Assessment& seen) {
        return seen.errors ? with_unit(figure(*seen.errors.*member)) : std::string("–");
      });
    }
    std::vector<std::string> headings;
    if (is_corrected) {
      headings = {"", words_.say("raw"), words_.say("corrected_of", {{"name", quantity()}})};
    }
    return text_tag("h3", words_.say("figures_of_period")) + table_of(rows, headings);
  }

  [[nodiscard]] std::string targets() const {
    const Json& told = record_["targets"];
    const auto end = parse_time(record_.text_of("window_end"));
    if (!end) return {};
    const Assessment month =
        assess_for(target_, reported_.pairs.rows, std::chrono::floor<hours>(*end));
    const auto up_to = [](const std::optional<double>& limit, const std::string& unit) {
      return limit ? "≤ " + figure(*limit) + unit : std::string("–");
    };
    const auto met = [&](const char* key) {
      const Json& value = told[key];
      if (value.is_null()) return words_.say("not_asked");
      return value.get<bool>() ? "✓ " + words_.say("yes") : "✖ " + words_.say("no");
    };
    std::string error_limit = up_to(target_.rmse, " " + unit_);
    if (target_.nrmse) {
      error_limit += " " + words_.say("or") + " ≤ " + percent(*target_.nrmse);
    }
    std::string error;
    if (month.errors) {
      error = with_unit(figure(month.errors->rmse));
      if (month.errors->nrmse) error += " (" + percent(*month.errors->nrmse) + ")";
    }
    const auto of_line = [&](double Line::*member) {
      return month.line ? figure(*month.line.*member) : std::string("–");
    };
    const std::vector<std::vector<std::string>> rows{
        {words_.say("figure.slope"),
         figure(target_.lowest_slope) + " … " + figure(target_.highest_slope),
         of_line(&Line::slope), met("slope")},
        {words_.say("figure.intercept"), up_to(target_.intercept, " " + unit_),
         with_unit(of_line(&Line::intercept)), met("intercept")},
        {words_.say("figure.r2"), "≥ " + figure(target_.r2), of_line(&Line::r2), met("r2")},
        {words_.say("figure.error"), error_limit, error.empty() ? "–" : error, met("error")}};
    std::string about = words_.say("targets_of", {{"issuer", words_.code("issuer", target_.issuer)},
                                                  {"hours", std::to_string(target_.interval_h)},
                                                  {"n", std::to_string(month.moments.n)}});
    if (!told["goal_seen"].is_null()) {
      about += " " + words_.say(told["goal_seen"].get<bool>() ? "goal_seen" : "goal_not_seen");
    }
    return text_tag("h3", words_.say("targets")) + text_tag("p", about) +
           table_of(rows, {words_.say("column.criterion"), words_.say("column.limit"),
                           words_.say("column.achieved"), words_.say("column.met")}) +
           text_tag("p", words_.say(told["meets"].get<bool>() ? "meets_all" : "meets_not"));
  }

  [[nodiscard]] std::string lag_text() const {
    const Json& lag = record_["lag"];
    if (!lag["misaligned_by_h"].is_null()) {
      return words_.say("lag_misaligned", {{"h", lag["misaligned_by_h"].dump()}}) + " " +
             words_.code("reason", lag.text_of("hint"));
    }
    if (lag["best_h"].is_null()) return words_.say("lag_unknown");
    return words_.say("lag_fits", {{"h", lag["best_h"].dump()}, {"r", figure(lag["r_best"])}});
  }
  [[nodiscard]] std::string drift_text() const {
    const Json& drift = record_["drift"];
    const Json& first = drift["commissioning"];
    if (first.is_null()) return words_.say("drift_no_commissioning");
    std::string text = words_.code("drift", drift.text_of("state"));
    if (drift["gain"].is_null()) return text;
    return text + " " +
           words_.say("drift_figures", {{"gain", figure(drift["gain"])},
                                        {"offset", with_unit(figure(drift["offset"]))},
                                        {"first_gain", figure(first["gain"])},
                                        {"first_offset", with_unit(figure(first["offset"]))}});
  }
  [[nodiscard]] std::string lag_and_drift() const {
    return text_tag("h3", words_.say("lag_and_drift")) + list_of({lag_text(), drift_text()});
  }

  [[nodiscard]] std::string coverage() const {
    const Json& windows = record_["coverage"];
    std::vector<std::string> headings{""};
    std::vector<std::vector<std::string>> rows{{words_.say("hours_paired")}};
    for (const std::string_view width : record_windows) {
      headings.push_back(words_.say("period." + std::string(width)));
      const Json& window = windows[width];
      rows.front().push_back(window["pairs"].dump() + " / " + window["expected"].dump());
    }
    for (std::size_t at = 0; at < withheld_causes; ++at) {
      const std::string_view cause = name_of(static_cast<Withheld>(at));
      std::vector<std::string> row{words_.code("withheld", cause)};
      bool is_seen = false;
      for (const std::string_view width : record_windows) {
        const int count = windows[width]["withheld"].value(cause, 0);  // 0: an earlier version's
        row.push_back(std::to_string(count));
        is_seen = is_seen || count > 0;
      }
      if (is_seen) rows.push_back(std::move(row));
    }
    return text_tag("h3", words_.say("coverage")) + table_of(rows, headings);
  }

  [[nodiscard]] std::string proposal() const {
    std::string html = text_tag("h3", words_.say("proposal"));
    const Json& proposal = record_["proposal"];
    if (proposal.is_null()) return html + text_tag("p", why_nothing_is_proposed(record_, words_));
    const double offset = proposal["offset"];
    html += text_tag(
        "p",
        words_.say("proposal_text",
                   {{"gain", figure(proposal["gain"])},
                    {"offset", with_unit((offset < 0 ? "− " : "+ ") + figure(std::abs(offset)))},
                    {"after", with_unit(figure(proposal["expected_rmse"]))},
                    {"before", with_unit(figure(proposal["raw_rmse"]))},
                    {"hours", proposal["basis_hours"].dump()}}));
    const Zone& zone = reported_.comparison.zone;
    return html + text_tag("p",
                           words_.say("proposal_basis",
                                      {{"from", local_minute(proposal["basis_from"], zone)},
                                       {"to", local_minute(proposal["basis_to"], zone)},
                                       {"lowest", figure(proposal["lowest_raw"])},
                                       {"highest", with_unit(figure(proposal["highest_raw"]))}}),
                           "faint");
  }

  const ReportedComparison& reported_;
  const ReportedSensor& sensor_;
  const Words& words_;
  const Json record_;
  const Target target_;
  const Assessment seen_;
  const std::string unit_;
};

// ---- the page -----------------------------------------------------------------------------------

std::string about_sensor(const ReportedSensor& sensor, const Words& words, UtcTime now) {
  std::string device = sensor.driver;
  if (!sensor.serial_number.empty()) {
    device += " · " + words.say("serial_number", {{"number", sensor.serial_number}});
  }
  if (!sensor.placement.empty()) device += " · " + words.code("placement", sensor.placement);
  return table_of({{words.say("about.device"), device},
                   {words.say("about.version"), "Twinsky " TWINSKY_VERSION ", " +
                                                    local_minute(now, sensor.zone) + ", " +
                                                    sensor.zone.title()}});
}

std::string summary_of(std::span<const Section> sections, const Words& words) {
  std::string rows;
  for (std::size_t at = 0; at < sections.size(); ++at) {
    const Section& section = sections[at];
    const std::string link = "<a href=\"#comparison-" + std::to_string(at + 1) + "\">" +
                             html_escaped(section.title()) + "</a>";
    const std::string kind =
        section.verdict().empty() ? "faint" : "badge verdict-" + section.verdict();
    rows += tag("li", link + " " + text_tag("span", section.verdict_word(), kind));
  }
  return text_tag("h2", words.say("summary")) + tag("ul", rows, "summary");
}

std::string notes_part(const ReportedSensor& sensor, const Words& words) {
  std::string html = text_tag("h2", words.say("notes"));
  if (sensor.notes.empty()) return html + text_tag("p", words.say("no_notes"), "nothing");
  std::vector<std::string> texts;
  for (const Note& note : sensor.notes) {
    std::string& text = texts.emplace_back(local_minute(note.from, sensor.zone) + " – " +
                                           local_minute(note.to, sensor.zone) + " · " +
                                           words.code("note", name_of(note.kind)));
    if (!note.text.empty()) text += ": " + note.text;
  }
  return html + list_of(texts);
}

}  // namespace

std::string report_page(const ReportedSensor& sensor,
                        std::span<const ReportedComparison> comparisons,
                        const std::string& language, UtcTime now) {
  const Words words(language);
  std::vector<Section> sections;
  for (const ReportedComparison& each : comparisons) sections.emplace_back(each, sensor, words);
  const std::string title = html_escaped(sensor.sensor + " · " + sensor.gateway);
  std::string main =
      tag("h1", title) + summary_of(sections, words) + about_sensor(sensor, words, now);
  for (std::size_t at = 0; at < sections.size(); ++at) {
    main += "<h2 id=\"comparison-" + std::to_string(at + 1) + "\">" +
            html_escaped(sections[at].title()) + "</h2>\n" + sections[at].html();
  }
  main += notes_part(sensor, words);
  return "<!DOCTYPE html>\n<html lang=\"" + words.language() +
         "\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
         title + "</title>\n<style>\n" +
         std::string(embedded_file("gateway/page/assets/page.css")) + "</style></head><body>\n" +
         tag("main", main) + "</body></html>\n";
}

}  // namespace twinsky
