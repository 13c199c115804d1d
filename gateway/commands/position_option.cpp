// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/position_option.hpp"

#include "gateway/commands/command_line.hpp"
#include "gateway/model/setting.hpp"

#include <charconv>
#include <cmath>

namespace twinsky {

Position position_in(const std::string& option, std::string_view text) {
  Position position;
  const auto comma = text.find(',');
  const auto number_in = [](std::string_view part, double& number) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    return error == std::errc() && end == part.data() + part.size();
  };
  const bool is_one =
      comma != text.npos && number_in(text.substr(0, comma), position.latitude_deg) &&
      number_in(text.substr(comma + 1), position.longitude_deg) &&
      std::abs(position.latitude_deg) <= 90 && std::abs(position.longitude_deg) <= 180;
  if (is_one) return position;
  throw WrongUsage(option, in_quotes(text) +
                               " is no position, expected latitude and longitude such as "
                               "22.32,114.17");
}

}  // namespace twinsky
