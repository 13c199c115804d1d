// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/drawing.hpp"

#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

constexpr double left = 52;
constexpr double right = 14;
constexpr double top = 18;
constexpr double bottom = 40;

std::string in_units(double value, int decimals = 1) {
  std::string text;
  append_number(text, value, decimals);
  return text;
}

// The round step (1, 2 or 5 times a power of ten) that gives about five of them.
double round_step(AxisSpan span) {
  const double rough = (span.upper - span.lower) / 5;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= rough) return factor * decade;
  }
  return 10 * decade;
}

}  // namespace

std::string html_escaped(std::string_view text) {
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

AxisSpan axis_span_of(std::span<const double> values) {
  if (values.empty()) return {};
  const auto [least, most] = std::ranges::minmax(values);
  const double air = std::max((most - least) / 20, 1e-6 + std::abs(most) / 1000);
  return {least - air, most + air};
}

std::vector<AxisLabel> axis_labels_of(AxisSpan span, double step) {
  if (step == 0) step = round_step(span);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::vector<AxisLabel> labels;
  for (double n = std::ceil(span.lower / step); n * step <= span.upper; ++n) {
    labels.emplace_back(n * step, in_units(n * step, decimals));
  }
  return labels;
}

Drawing::Drawing(const DrawingShape& shape, std::span<const AxisLabel> x_labels,
                 const std::string& x_title, const std::string& y_title)
    : shape_(shape) {
  for (const auto& [y, text] : axis_labels_of(shape.y)) {
    line(shape.x.lower, y, shape.x.upper, y, "grid");
    label(left - 6, at_y(y) + 4, "end", text);
  }
  for (const auto& [x, text] : x_labels) {
    line(x, shape.y.lower, x, shape.y.upper, "grid");
    label(at_x(x), shape.height - bottom + 16, "middle", text);
  }
  label((left + shape.width - right) / 2, shape.height - 6, "middle", x_title);
  label(left, top - 6, "start", y_title);
}

double Drawing::at_x(double x) const {
  const AxisSpan& span = shape_.x;
  return left + (x - span.lower) / (span.upper - span.lower) * (shape_.width - left - right);
}

double Drawing::at_y(double y) const {
  const AxisSpan& span = shape_.y;
  return shape_.height - bottom -
         (y - span.lower) / (span.upper - span.lower) * (shape_.height - top - bottom);
}

void Drawing::label(double x, double y, std::string_view anchor, const std::string& text) {
  text_.append("<text x=\"").append(in_units(x)).append("\" y=\"").append(in_units(y));
  text_.append("\" text-anchor=\"").append(anchor).append("\">");
  text_.append(html_escaped(text)).append("</text>\n");
}

void Drawing::dot(double x, double y) {
  text_.append("<circle class=\"dot\" cx=\"").append(in_units(at_x(x))).append("\" cy=\"");
  text_.append(in_units(at_y(y))).append("\" r=\"2.5\"/>\n");
}

void Drawing::line(double x1, double y1, double x2, double y2, std::string_view kind) {
  path(path_to(x1, y1, false) + path_to(x2, y2, true), kind);
}

void Drawing::path(const std::string& d, std::string_view kind) {
  if (d.empty()) return;
  text_.append("<path class=\"").append(kind).append("\" d=\"").append(d).append("\"/>\n");
}

void Drawing::area(std::span<const std::pair<double, double>> corners, std::string_view kind) {
  std::string d;
  for (const auto& [x, y] : corners) d += path_to(x, y, !d.empty());
  path(d + "Z", kind);
}

std::string Drawing::path_to(double x, double y, bool goes_on) const {
  return (goes_on ? "L" : "M") + in_units(at_x(x)) + " " + in_units(at_y(y));
}

std::string Drawing::finish(const std::string& caption) const {
  const std::string safe = html_escaped(caption);
  return "<figure><svg class=\"plot\" viewBox=\"0 0 " + in_units(shape_.width, 0) + " " +
         in_units(shape_.height, 0) + "\" role=\"img\" aria-label=\"" + safe + "\">\n" + text_ +
         "</svg><figcaption>" + safe + "</figcaption></figure>\n";
}

}  // namespace twinsky
