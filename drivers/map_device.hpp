// SPDX-License-Identifier: Apache-2.0
// A device that a register map describes: which map it is, and the conversation with it.
#pragma once

#include "drivers/buses/modbus.hpp"
#include "drivers/register_map.hpp"
#include "gateway/model/setting.hpp"

#include <string>
#include <vector>

namespace twinsky {

constexpr std::size_t longest_pdu = 253;

std::vector<std::string> shipped_maps();
// The map that the settings `map` and `map_override` choose, or what is wrong with them.
Result<RegisterMap, std::string> load_map(const Settings& chosen);

class MapDevice final : public DriverOn<RequestLink> {
 public:
  explicit MapDevice(const Settings& chosen);

  // Lets pass what the map says that the device does otherwise, and writes its settings where they
  // differ.
  void start(RequestLink& link) override;
  // A block that is refused is asked for in parts, so that one register that the device does not
  // have costs its own reading. What stays refused is absent; with silence the others are not asked
  // any more.
  Result<Sample> sample(RequestLink& link) override;

 private:
  struct Part {
    RegisterBlock block;
    bool is_refused_in_all_parts = false;
  };
  struct Round {
    Sample sample;
    std::optional<LinkError> failure;
    std::vector<Part> parts;  // as they are asked for next time
  };

  // How many requests were answered.
  int read(RequestLink& link, const Part& part, Round& round) const;
  int read_halves(RequestLink& link, const Part& part, const LinkError& refusal,
                  Round& round) const;
  void ask(RequestLink& link, const RegisterBlock& block, Sample& sample) const;
  void keep(RequestLink& link, const RegisterSetting& setting) const;
  void give_up(const Part& part, const LinkError& failure, Round& round) const;
  void mark_absent(const RegisterBlock& block, Fault fault, Sample& sample) const;

  const Result<RegisterMap, std::string> map_;
  const milliseconds answer_within_;
  std::vector<Part> parts_;
};

}  // namespace twinsky
