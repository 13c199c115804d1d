// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/report.hpp"

#include "gateway/compare/assessment.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr double width = 420;
constexpr double height = 300;
constexpr double left = 48;
constexpr double right = 20;
constexpr double top = 12;
constexpr double bottom = 34;

constexpr std::string_view head =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
constexpr std::string_view style =
    "</title>\n<style>\n"
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\n"
    "h2{border-top:1px solid #ccc;padding-top:1em}\n"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;"
    "text-align:left}\n"
    "figure{display:inline-block;margin:.5em 1em .5em 0;vertical-align:top}"
    "figcaption{font-size:13px;color:#555}\n"
    "svg{background:#fafafa}svg text{font:11px sans-serif;fill:#555}\n"
    ".verdict{font-size:1.2em}.wide svg{max-width:100%}\n"
    "</style></head><body>\n";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string number(double value, int decimals = 1) {
  std::string text;
  append_number(text, value, decimals);
  return text;
}

struct Span {
  double lower = 0;
  double upper = 1;
  void include(double value) {
    lower = std::min(lower, value);
    upper = std::max(upper, value);
  }
};

// Of some values with a little air, never empty.
Span span_of(std::span<const double> values) {
  if (values.empty()) return {};
  const auto [least, most] = std::ranges::minmax(values);
  const double air = std::max((most - least) / 20, 1e-6 + std::abs(most) / 1000);
  return {least - air, most + air};
}

// A place on an axis, with what is written there.
using Label = std::pair<double, std::string>;

// Every multiple of `step` within the span.
std::vector<Label> labels_of(Span span, double step) {
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::vector<Label> labels;
  for (double n = std::ceil(span.lower / step); n * step <= span.upper; ++n) {
    labels.emplace_back(n * step, number(n * step, decimals));
  }
  return labels;
}

// The round step (1, 2 or 5 times a power of ten) that gives about five of them.
double step_of(Span span) {
  const double rough = (span.upper - span.lower) / 5;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= rough) return factor * decade;
  }
  return 10 * decade;
}

// One drawing with its axes.
class Drawing {
 public:
  Drawing(Span x, Span y, double wide = width) : x_(x), y_(y), width_(wide) {
    text_ = "<svg width=\"" + number(width_, 0) + "\" height=\"" + number(height, 0) +
            "\" viewBox=\"0 0 " + number(width_, 0) + " " + number(height, 0) +
            "\" role=\"img\">\n";
    for (const auto& [place, text] : labels_of(y, step_of(y))) {
      path("M" + point(x.lower, place) + "L" + point(x.upper, place), faint, 1);
      label(left - 6, at_y(place) + 4, "end", text);
    }
    path("M" + point(x.lower, y.upper) + "L" + point(x.lower, y.lower) + "L" +
             point(x.upper, y.lower),
         "#888", 1);
  }
  void x_labels(std::span<const Label> labels) {
    for (const auto& [x, text] : labels) {
      path("M" + point(x, y_.lower) + "L" + point(x, y_.upper), faint, 1);
      label(at_x(x), height - bottom + 16, "middle", text);
    }
  }
  void titles(const std::string& x, const std::string& y) {
    label((left + width_ - right) / 2, height - 4, "middle", x);
    label(left + 4, top, "start", y);
  }
  void dot(double x, double y, std::string_view colour) {
    text_ += "<circle cx=\"" + number(at_x(x)) + "\" cy=\"" + number(at_y(y)) +
             "\" r=\"2\" fill=\"" + std::string(colour) + "\" fill-opacity=\".55\"/>\n";
  }
  void line(double x1, double y1, double x2, double y2, std::string_view colour,
            bool is_dashed = false) {
    path("M" + point(x1, y1) + "L" + point(x2, y2), colour, 1.5, is_dashed);
  }
  void path(const std::string& d, std::string_view colour, double thickness,
            bool is_dashed = false) {
    if (d.empty()) return;
    text_ += "<path d=\"" + d + "\" fill=\"none\" stroke=\"" + std::string(colour) +
             "\" stroke-width=\"" + number(thickness) + "\"" +
             (is_dashed ? " stroke-dasharray=\"5 4\"" : "") + "/>\n";
  }
  [[nodiscard]] std::string point(double x, double y) const {
    return number(at_x(x)) + " " + number(at_y(y));
  }
  [[nodiscard]] std::string finish(const std::string& caption) {
    return "<figure>" + text_ + "</svg><figcaption>" + escaped(caption) +
           "</figcaption></figure>\n";
  }

 private:
  static constexpr std::string_view faint = "#e4e4e4";

  [[nodiscard]] double at_x(double x) const {
    return left + (x - x_.lower) / (x_.upper - x_.lower) * (width_ - left - right);
  }
  [[nodiscard]] double at_y(double y) const {
    return height - bottom - (y - y_.lower) / (y_.upper - y_.lower) * (height - top - bottom);
  }
  void label(double x, double y, const char* anchor, const std::string& text) {
    text_ += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor +
             "\">" + escaped(text) + "</text>\n";
  }

  Span x_;
  Span y_;
  double width_;
  std::string text_;
};

constexpr std::string_view blue = "#1f6fb2";
constexpr std::string_view orange = "#d9730d";
constexpr std::string_view grey = "#888";

std::string unit_of(const ReportedComparison& reported) {
  return std::string(info_of(reported.pairs.quantity).display_unit);
}

std::string scatter(const ReportedComparison& reported, const Assessment& seen) {
  std::vector<double> all;
  for (const Pair& pair : seen.pairs) {
    all.push_back(pair.reference);
    all.push_back(pair.sensor);
  }
  const Span span = span_of(all);
  Drawing drawing(span, span);
  drawing.x_labels(labels_of(span, step_of(span)));
  drawing.titles("reference, " + unit_of(reported), "sensor, " + unit_of(reported));
  drawing.line(span.lower, span.lower, span.upper, span.upper, grey, true);
  for (const Pair& pair : seen.pairs) drawing.dot(pair.reference, pair.sensor, blue);
  if (seen.line) {
    const auto on_line = [&](double x) {
      return std::clamp(seen.line->slope * x + seen.line->intercept, span.lower, span.upper);
    };
    const auto [least, most] = std::ranges::minmax(seen.pairs, {}, &Pair::reference);
    drawing.line(least.reference, on_line(least.reference), most.reference, on_line(most.reference),
                 orange);
  }
  return drawing.finish("Hourly pairs, the fitted line (orange) and 1:1 (dashed)");
}

// At most eight, where they begin: hours since the window's begin.
std::vector<Label> local_days(Window window, const Zone& zone) {
  constexpr int most = 8;
  const std::chrono::days step((window.hours() / 24 + most) / most);
  std::chrono::sys_days day = zone.day_of(window.begin);
  if (zone.start_of(day) < window.begin) day += std::chrono::days(1);
  std::vector<Label> labels;
  for (; zone.start_of(day) < window.end; day += step) {
    const std::chrono::duration<double, std::ratio<3600>> since = zone.start_of(day) - window.begin;
    labels.emplace_back(since.count(), iso8601(day).substr(5, 5));
  }
  return labels;
}

std::string series(const ReportedComparison& reported) {
  const auto rows = within(reported.pairs.rows, reported.window);
  std::vector<double> all;
  for (const PairRow& row : rows) {
    if (row.sensor && is_sensor_valid(row)) all.push_back(*row.sensor);
    if (is_reference_valid(row)) all.push_back(*row.reference);
  }
  const auto place = [&](HourStart hour) {
    return static_cast<double>((hour - reported.window.begin).count());
  };
  constexpr double wide = 880;
  Drawing drawing({0, static_cast<double>(std::max(reported.window.hours(), 1))}, span_of(all),
                  wide);
  drawing.x_labels(local_days(reported.window, reported.comparison.zone));
  const Zone& zone = reported.comparison.zone;
  drawing.titles("days from " + iso8601(zone.day_of(reported.window.begin)).substr(0, 10) +
                     " on, " + zone.title(),
                 unit_of(reported));
  const auto draw = [&](auto value_of, std::string_view colour) {
    std::string d;
    std::optional<HourStart> before;
    for (const PairRow& row : rows) {
      const std::optional<double> value = value_of(row);
      if (!value) continue;
      const bool goes_on = before && row.hour - *before == hours(1);
      d += (goes_on ? "L" : "M") + drawing.point(place(row.hour), *value);
      before = row.hour;
    }
    drawing.path(d, colour, 1.2);
  };
  draw([](const PairRow& row) { return is_reference_valid(row) ? row.reference : std::nullopt; },
       grey);
  draw([](const PairRow& row) { return is_sensor_valid(row) ? row.sensor : std::nullopt; }, blue);
  draw([](const PairRow& row) { return is_sensor_valid(row) ? row.corrected : std::nullopt; },
       orange);
  return "<div class=\"wide\">" +
         drawing.finish("Sensor (blue), reference (grey), corrected (orange, where there is one)") +
         "</div>";
}

// What remains when the fitted line is taken off, over something.
struct Residual {
  double x = 0;
  double y = 0;
};

std::string residuals(const std::vector<Residual>& found, Span x, double step,
                      const std::string& title, const std::string& unit,
                      const std::string& caption) {
  std::vector<double> ys{0};
  for (const Residual& each : found) ys.push_back(each.y);
  Drawing drawing(x, span_of(ys));
  drawing.x_labels(labels_of(x, step));
  drawing.titles(title, unit);
  drawing.line(x.lower, 0, x.upper, 0, grey, true);
  for (const Residual& each : found) drawing.dot(each.x, each.y, blue);
  return drawing.finish(caption);
}

std::string residual_drawings(const ReportedComparison& reported, const Assessment& seen) {
  if (!seen.line) return {};
  std::vector<Residual> by_hour;
  std::vector<Residual> by_humidity;
  for (const PairRow& row : within(reported.pairs.rows, reported.window)) {
    if (withheld(row)) continue;
    const double rest = *row.sensor - seen.line->slope * *row.reference - seen.line->intercept;
    const auto of_day = reported.comparison.zone.time_of_day(row.hour);
    by_hour.push_back({std::chrono::duration<double, std::ratio<3600>>(of_day).count(), rest});
    if (row.humidity) by_humidity.push_back({*row.humidity, rest});
  }
  return residuals(by_hour, {-0.5, 23.5}, 3, "hour of the day, " + reported.comparison.zone.title(),
                   unit_of(reported), "What the line leaves, by hour of the day") +
         residuals(by_humidity, {0, 100}, 20, "relative humidity, %", unit_of(reported),
                   "What the line leaves, by humidity");
}

std::string text_in(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "not known";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) return number(value.get<double>(), 2);
  return value.dump();
}

std::string verdict_of(const Json& record) {
  if (!record.is_object()) return "<p>There is no record of it yet.</p>\n";
  std::string html =
      "<p class=\"verdict\"><b>" + escaped(text_in(record["verdict"])) + "</b></p>\n";
  for (const char* language : {"en", "zh-Hant", "zh-Hans"}) {
    html += "<p lang=\"" + std::string(language) + "\">" +
            escaped(text_in(record["text"][language])) + "</p>\n";
  }
  const auto list = [&](const char* key, const char* title) {
    if (record[key].empty()) return;
    html += "<p>" + std::string(title) + ":";
    for (const Json& each : record[key]) html += " <code>" + escaped(text_in(each)) + "</code>";
    html += "</p>\n";
  };
  // A record of an earlier version has neither.
  const Json neighbours = record.value("neighbours", Json());
  if (neighbours.is_object() && neighbours.value("flag", 0) == static_cast<int>(Flag::suspect)) {
    html += "<p>For three hours it has been far from what " + text_in(neighbours["stations"]) +
            " official stations around say.</p>\n";
  }
  if (const Json heating = record.value("self_heating", Json()); heating.is_object()) {
    html += "<p>It seems to heat itself: " + text_in(heating["night_degc"]) +
            " °C above the station at night, " + text_in(heating["day_degc"]) + " °C by day.</p>\n";
  }
  list("reasons", "Reasons");
  list("limits", "What it cannot show");
  return html;
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string html = "<table>\n";
  for (const auto& [name, value] : rows) {
    html += "<tr><th>" + escaped(name) + "</th><td>" + escaped(value) + "</td></tr>\n";
  }
  return html + "</table>\n";
}

std::string figures(const ReportedComparison& reported, const Assessment& seen,
                    const Json& record) {
  const std::string unit = " " + unit_of(reported);
  std::vector<std::pair<std::string, std::string>> rows{
      {"hours", std::to_string(seen.coverage.pairs) + " of " +
                    std::to_string(seen.coverage.expected) + " gave a pair"}};
  for (std::size_t at = 0; at < withheld_causes; ++at) {
    if (seen.coverage.withheld[at] == 0) continue;
    rows.emplace_back("withheld, " + std::string(name_of(static_cast<Withheld>(at))),
                      std::to_string(seen.coverage.withheld[at]));
  }
  if (seen.line) {
    rows.emplace_back("slope", number(seen.line->slope, 3));
    rows.emplace_back("intercept", number(seen.line->intercept, 2) + unit);
    rows.emplace_back("r²", number(seen.line->r2, 3));
    rows.emplace_back("independent pairs", number(seen.n_effective, 0));
  }
  if (seen.errors) {
    rows.emplace_back("mean bias", number(seen.errors->mbe, 2) + unit);
    rows.emplace_back("RMSE", number(seen.errors->rmse, 2) + unit);
  }
  std::string html = "<h3>Figures</h3>\n" + table(rows);
  if (!record.is_object()) return html;
  rows.clear();
  constexpr std::pair<const char*, const char*> targets[] = {
      {"name", "which"},
      {"interval_h", "hours averaged"},
      {"n", "means"},
      {"slope", "slope"},
      {"intercept", "intercept"},
      {"r2", "r²"},
      {"error", "error"},
      {"goal_seen", "saw high levels"},
      {"meets", "meets all, after 30 days beside the station"}};
  for (const auto& [key, title] : targets) {
    rows.emplace_back(title, text_in(record["targets"][key]));
  }
  return html + "<h3>Targets</h3>\n" + table(rows);
}

// As far as the record tells it: the page is mailed and printed too.
std::string distance_of(const Siting& siting, Quantity quantity) {
  const std::string relation(name_of(relation_of(siting, quantity)));
  if (!siting.published_distance_m) return "<p>The station's relation: " + relation + ".</p>\n";
  return "<p>The station's relation: " + relation + ", some " +
         number(*siting.published_distance_m, 0) + " m away.</p>\n";
}

}  // namespace

std::string report_page(const std::string& gateway, const std::string& sensor,
                        std::span<const ReportedComparison> comparisons, UtcTime now) {
  const std::string title = sensor + " of " + gateway;
  std::string html(head);
  html += escaped(title);
  html += style;
  html += "<h1>" + escaped(title) + "</h1>\n<p>Made " + iso8601(now).substr(0, 16) + "Z.</p>\n";
  for (const ReportedComparison& reported : comparisons) {
    const Assessment seen = assess(reported.pairs.rows, reported.window);
    const Json record = Json::parse_or_null(reported.record);
    const ReferenceFacts& reference = reported.comparison.reference;
    html += "<h2>" + escaped(std::string(name_of(reported.pairs.quantity))) + " with " +
            escaped(reference.feed + "/" + reference.station) + "</h2>\n";
    html += verdict_of(record);
    html += distance_of(reference.siting, reported.pairs.quantity);
    html += scatter(reported, seen) + residual_drawings(reported, seen) + series(reported);
    html += figures(reported, seen, record);
  }
  return html + "</body></html>\n";
}

}  // namespace twinsky
