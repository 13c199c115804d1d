// SPDX-License-Identifier: Apache-2.0
// Air quality indices: editions of published rules as data (config/indices), and the arithmetic
// that they share, exact in decimals. An edition is chosen by the time of the reading, and its id
// goes out with every value. Pure; any thread.
#pragma once

#include "gateway/model/clock.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Concentrations by the rule's own names ("pm25_24h", "o3_8h_ppm"), as decimal text, so that no
// binary rounding stands between a printed value and a breakpoint. nullopt: missing.
using IndexInputs = std::map<std::string, std::optional<std::string>, std::less<>>;

struct IndexValue {
  std::optional<int> value;                  // absent when the rule gives none
  std::string text;                          // as the agency prints it: "10+"
  std::map<std::string, int> parts;          // sub-indices of the inputs that have one
  std::vector<std::string> primary;          // primary pollutants, all that tie: "pm25"
  std::optional<double> added_risk_percent;  // Hong Kong: %AR, not rounded
  bool operator==(const IndexValue&) const = default;
};

class IndexEdition {
 public:
  struct Header {
    std::string id;
    std::string family;
    UtcTime effective{};
    std::optional<double> gas_reference_k;  // of its ug/m3; nullopt: the rule has no gases
  };

  virtual ~IndexEdition() = default;
  [[nodiscard]] const std::string& id() const { return header_.id; }
  [[nodiscard]] const std::string& family() const { return header_.family; }
  [[nodiscard]] UtcTime effective() const { return header_.effective; }
  [[nodiscard]] std::optional<double> gas_reference_k() const { return header_.gas_reference_k; }

  // What a report asks for; all of them make it complete.
  [[nodiscard]] virtual std::vector<std::string> inputs(std::string_view report) const = 0;
  // The sub-index of one input; nullopt where the rule defines none.
  [[nodiscard]] virtual std::optional<int> part(std::string_view input,
                                                std::string_view concentration) const = 0;
  // Hong Kong: what one input adds to the risk; nullopt under other rules.
  [[nodiscard]] virtual std::optional<double> part_risk_percent(
      std::string_view input, std::string_view concentration) const = 0;
  // The index of a report: "hourly", "daily"; empty where the rule has only one.
  [[nodiscard]] virtual IndexValue total(std::string_view report,
                                         const IndexInputs& inputs) const = 0;

 protected:
  explicit IndexEdition(Header header) : header_(std::move(header)) {}

 private:
  Header header_;
};

// The editions that the program carries; throws std::runtime_error where a file of them is wrong.
class IndexCatalogue {
 public:
  IndexCatalogue();
  [[nodiscard]] const IndexEdition* named(std::string_view id) const;
  // All of a family ("cn-aqi", "hk-aqhi", "us-aqi", "us-nowcast"), by effective date.
  [[nodiscard]] std::vector<const IndexEdition*> editions_of(std::string_view family) const;
  // The edition of a family that is in force at `time`.
  [[nodiscard]] const IndexEdition* in_force(std::string_view family, UtcTime time) const;

 private:
  std::vector<std::unique_ptr<IndexEdition>> editions_;  // by family, then effective date
};

// EPA's NowCast of a particle concentration from hourly means, newest first; nullopt when fewer
// than two of the newest three are there. What the quantity cannot have is not there.
std::optional<double> nowcast(std::span<const std::optional<double>> newest_first);

}  // namespace twinsky
