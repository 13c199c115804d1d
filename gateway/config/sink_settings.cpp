// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/sink_settings.hpp"

#include "gateway/model/registry.hpp"

namespace twinsky {

std::span<const TransportInfo* const> transport_registry() noexcept {
  static const auto all = sorted_by(&TransportInfo::name, found_transports());
  return all;
}
std::span<const FormatInfo* const> format_registry() noexcept {
  static const auto all = sorted_by(&FormatInfo::name, found_formats());
  return all;
}

const TransportInfo* transport_named(std::string_view name) noexcept {
  return named(transport_registry(), name);
}
const FormatInfo* format_named(std::string_view name) noexcept {
  return named(format_registry(), name);
}

std::vector<Setting> settings_of(const TransportInfo& transport) {
  std::vector<Setting> all = {{.name = transport.name,
                               .kind = transport.address_form,
                               .documentation = transport.documentation,
                               .required = true,
                               .choices = transport.schemes}};
  all.insert(all.end(), transport.settings.begin(), transport.settings.end());
  return all;
}

}  // namespace twinsky
