// SPDX-License-Identifier: Apache-2.0
// A device that says its lines: a conversation with a driver as a script, step by step. Whatever
// the driver does that the script does not have, or has at another place, is a failure of the test.
#pragma once

#include "drivers/driver.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace twinsky {

struct Step {
  enum class Kind : std::uint8_t { write, read, exchange, pause };
  Kind kind{};
  std::string tx;  // hexadecimal
  std::string rx;
  milliseconds at_least{};
  bool refused = false;
};

inline Step writes(std::string tx) {
  return {Step::Kind::write, std::move(tx), {}, {}};
}
inline Step reads(std::string rx) {
  return {Step::Kind::read, {}, std::move(rx), {}};
}
inline Step hears_nothing() {
  return reads({});
}
inline Step asks(std::string tx, std::string rx) {
  return {Step::Kind::exchange, std::move(tx), std::move(rx), {}};
}
inline Step pauses(milliseconds at_least) {
  return {Step::Kind::pause, {}, {}, at_least};
}
inline Step refuses(Step step) {
  step.refused = true;
  return step;
}

class ScriptedLink final : public TransferLink, public StreamLink, public RequestLink {
 public:
  explicit ScriptedLink(std::vector<Step> script) : script_(std::move(script)) {}

  void write(Bytes tx) override { (void)next(Step::Kind::write, tx); }
  void read(std::span<std::byte> rx) override { read(rx, milliseconds(0)); }
  void exchange(Bytes tx, std::span<std::byte> rx) override { exchange(tx, rx, milliseconds(0)); }
  std::size_t read(std::span<std::byte> rx, milliseconds) override {
    return fill(rx, next(Step::Kind::read, {}));
  }
  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds) override {
    return fill(rx, next(Step::Kind::exchange, tx));
  }
  std::size_t request(Bytes pdu, std::span<std::byte> rx, milliseconds patience) override {
    return exchange(pdu, rx, patience);
  }
  // Long enough is what the data sheet asks for; not even twice as long is what a bus can bear.
  void pause(milliseconds duration) override {
    const Step& step = next(Step::Kind::pause, {});
    EXPECT_GE(duration, step.at_least) << "at step " << at_;
    EXPECT_LT(duration, 2 * step.at_least + milliseconds(2)) << "at step " << at_;
  }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    const auto found = neighbours.find(quantity);
    return found == neighbours.end() ? std::nullopt : std::optional(found->second);
  }

  // How the conversation goes on; what came before must be over.
  void then(std::vector<Step> script) {
    expect_end();
    script_ = std::move(script);
    at_ = 0;
  }
  void expect_end() const { EXPECT_EQ(at_, script_.size()) << "the script goes on"; }

  std::map<Quantity, double> neighbours;

 private:
  const Step& next(Step::Kind kind, Bytes tx) {
    if (at_ == script_.size()) throw std::logic_error("beyond the script: " + to_hex(tx));
    const Step& step = script_[at_++];
    if (step.kind != kind || step.tx != to_hex(tx)) {
      throw std::logic_error("step " + std::to_string(at_) + " is another one: \"" + step.tx +
                             "\" expected, not \"" + to_hex(tx) + '"');
    }
    if (step.refused) throw LinkError(Fault::nack, "refused by the script");
    return step;
  }

  static std::size_t fill(std::span<std::byte> rx, const Step& step) {
    const auto bytes = from_hex(step.rx).value();
    if (bytes.size() > rx.size()) throw std::logic_error("more in the script than is read");
    std::ranges::copy(bytes, rx.begin());
    return bytes.size();
  }

  std::vector<Step> script_;
  std::size_t at_ = 0;
};

}  // namespace twinsky
