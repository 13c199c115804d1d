// SPDX-License-Identifier: Apache-2.0
// A drawing with axes as SVG, in the classes of the page's style sheet. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

std::string html_escaped(std::string_view text);

struct AxisSpan {
  double lower = 0;
  double upper = 1;
};

// Of some values with a little air, never empty.
AxisSpan axis_span_of(std::span<const double> values);

// A place on an axis, with what is written there.
using AxisLabel = std::pair<double, std::string>;

// Every multiple of `step` within the span; 0: of the round step that gives about five.
std::vector<AxisLabel> axis_labels_of(AxisSpan span, double step = 0);

struct DrawingShape {
  AxisSpan x;
  AxisSpan y;
  double width = 380;
  double height = 260;
};

class Drawing {
 public:
  Drawing(const DrawingShape& shape, std::span<const AxisLabel> x_labels,
          const std::string& x_title, const std::string& y_title);

  // `kind` is a class of the style sheet: "one-to-one", "fit", "raw".
  void dot(double x, double y);
  void line(double x1, double y1, double x2, double y2, std::string_view kind);
  // Through places that path_to() has written.
  void path(const std::string& d, std::string_view kind);
  void area(std::span<const std::pair<double, double>> corners, std::string_view kind);
  [[nodiscard]] std::string path_to(double x, double y, bool goes_on) const;
  [[nodiscard]] std::string finish(const std::string& caption) const;

 private:
  [[nodiscard]] double at_x(double x) const;
  [[nodiscard]] double at_y(double y) const;
  void label(double x, double y, std::string_view anchor, const std::string& text);

  DrawingShape shape_;
  std::string text_;
};

}  // namespace twinsky
