// SPDX-License-Identifier: Apache-2.0
// Sensirion's devices that measure by themselves: SEN5x (data sheet version 2, section 6), SEN6x
// (version 0.92, section 4.8), SPS30 (version 1.0, section 6), SCD30 (interface description 1.0)
// and SFA30 (version 1.0, section 5); and the SGP41, which is asked for each measurement. What is
// not known yet has the largest number of its word.
#include "commanded.hpp"
#include "i2c_devices.hpp"

#include <bit>
#include <map>
#include <set>

namespace world {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned not_known = 0xFFFF;
constexpr unsigned not_known_signed = 0x7FFF;

// Two's complement.
unsigned signed_word(double value) {
  return static_cast<unsigned>(std::lround(value)) & 0xFFFF;
}

// SEN5x and SEN6x: mass, humidity, temperature, and what the kind has besides.
class Sen : public Measuring {
 public:
  Sen(const DeviceSpec& spec, Instant now, unsigned read, std::vector<std::string> others,
      int stopping_ms)
      : Measuring(now, seconds{1}),
        view_(spec.view),
        read_(read),
        others_(std::move(others)),
        stopping_ms_(stopping_ms) {}

 protected:
  bool obey(unsigned command, const std::vector<unsigned>& words, Instant now) override {
    if (command == 0x0104) {
      if (!is_measuring()) return false;
      stop();
      return busy(now, stopping_ms_);
    }
    if (command == 0x0021) return !is_measuring() && start(now) && busy(now, 50);
    if (command == 0x0202) return answer(now, 20, {has_new() ? 1u : 0u});
    if (command == 0x6720 && words.size() == 1) {
      pressure_hpa_ = words[0];
      return busy(now, 20);
    }
    if (command != read_ || !is_measuring()) return false;
    const bool is_new = take();
    std::vector<unsigned> values;
    for (const auto* mass : {"pm1", "pm2_5", "pm4", "pm10"}) {
      values.push_back(rounded_word(view_.now(mass) * 10));
    }
    values.push_back(signed_word(view_.now("humidity") * 100));
    values.push_back(signed_word(view_.now("temperature") * 200));
    for (const std::string& other : others_) values.push_back(word_of(other, now));
    return answer(now, 20, values, is_new);
  }

 private:
  unsigned word_of(const std::string& quantity, Instant now) const {
    if (quantity == "co2") {
      // Its light path sees density.
      const double co2 = view_.now("co2") * view_.now("pressure") / pressure_hpa_;
      return has_measured_for(now, seconds{6}) ? rounded_word(co2) : not_known;
    }
    if (quantity == "formaldehyde_ppb") {
      return has_measured_for(now, seconds{20}) ? rounded_word(view_.now(quantity) * 10)
                                                : not_known;
    }
    return has_measured_for(now, seconds{11}) ? signed_word(view_.now(quantity) * 10)
                                              : not_known_signed;
  }
  void forget() override {
    Measuring::forget();
    pressure_hpa_ = 1013;
  }

  View view_;
  unsigned read_;
  std::vector<std::string> others_;
  int stopping_ms_;
  double pressure_hpa_ = 1013;
};

void put_float(std::vector<unsigned>& words, double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  words.push_back(bits >> 16);
  words.push_back(bits & 0xFFFF);
}

class Sps30 : public Measuring {
 public:
  Sps30(const DeviceSpec& spec, Instant now) : Measuring(now, seconds{1}), view_(spec.view) {}

 protected:
  bool obey(unsigned command, const std::vector<unsigned>& words, Instant now) override {
    switch (command) {
      case 0x0010:
        if (is_measuring() || words.size() != 1) return false;
        is_float_ = words[0] == 0x0300;
        return (is_float_ || words[0] == 0x0500) && start(now) && busy(now, 19);
      case 0x0104:
        stop();
        return busy(now, 19);
      case 0x0202:
        return answer(now, 1, {has_new() ? 1u : 0u});
      case 0x0300:
        return is_measuring() && measured(now);
      default:
        return false;
    }
  }

 private:
  bool measured(Instant now) {
    const bool is_new = take();
    std::vector<unsigned> words;
    for (const auto* quantity : {"pm1", "pm2_5", "pm4", "pm10", "n_below_0_5", "n_below_1",
                                 "n_below_2_5", "n_below_4", "n_below_10"}) {
      put(words, view_.now(quantity));
    }
    put(words, is_float_ ? 0.55 : 550);
    return answer(now, 1, words, is_new);
  }
  void put(std::vector<unsigned>& words, double value) const {
    is_float_ ? put_float(words, value) : words.push_back(rounded_word(value));
  }

  View view_;
  bool is_float_ = true;
};

// Measures every two seconds, also after a power cut: settings and that it measures are kept.
class Scd30 : public I2cDevice {
 public:
  Scd30(const DeviceSpec& spec, Instant now) : view_(spec.view), next_(now + seconds{2}) {}

  bool write(ByteSpan bytes, Instant now) override {
    advance(now);
    if (bytes.size() < 2) return true;
    const unsigned command = word_at(bytes, 0);
    const bool has_word = bytes.size() == 5;
    if (has_word && sensirion_check(bytes.subspan(2, 2)) != bytes[4]) return false;
    answer_.reset();
    if (command == 0x0010 && has_word) {
      pressure_hpa_ = word_at(bytes, 2);
    } else if (command == 0x0202) {
      put({measured_ ? 1u : 0u}, now);
    } else if (command == 0x0300) {
      measure(now);
    } else if (const auto kept = kept_.find(command); kept == kept_.end()) {
      return false;
    } else if (has_word) {
      kept->second = word_at(bytes, 2);
    } else {
      put({kept->second}, now);
    }
    return true;
  }

  std::optional<Frame> read(Instant now) override {
    if (now < ready_at_) return std::nullopt;
    return std::exchange(answer_, std::nullopt);
  }

  void power_up(Instant now) override {
    answer_.reset();
    measured_ = false;
    pressure_hpa_ = 0;
    next_ = now + seconds{2};
  }

 private:
  void put(const std::vector<unsigned>& words, Instant now, bool is_measurement = false) {
    answer_ = Frame{{}, is_measurement};
    for (const unsigned word : words) put_checked_word(answer_->bytes, word);
    ready_at_ = now + milliseconds{3};
  }
  void advance(Instant now) {
    while (next_ <= now) {
      next_ += seconds{2};
      measured_ = true;
    }
  }
  void measure(Instant now) {
    const double assumed = pressure_hpa_ == 0 ? 1013.25 : pressure_hpa_;
    std::vector<unsigned> words;
    put_float(words, view_.now("co2") * view_.now("pressure") / assumed);
    put_float(words, view_.now("temperature"));
    put_float(words, view_.now("humidity"));
    put(words, now, std::exchange(measured_, false));
  }

  View view_;
  // Interval, self-calibration, altitude, offset, as somebody left them.
  std::map<unsigned, unsigned> kept_{{0x4600, 30}, {0x5306, 1}, {0x5102, 0}, {0x5403, 0}};
  unsigned pressure_hpa_ = 0;
  bool measured_ = false;
  Instant next_;
  Instant ready_at_{};
  std::optional<Frame> answer_;
};

class Sfa30 : public Measuring {
 public:
  Sfa30(const DeviceSpec& spec, Instant now)
      : Measuring(now, milliseconds{500}), view_(spec.view) {}

 protected:
  bool obey(unsigned command, const std::vector<unsigned>&, Instant now) override {
    switch (command) {
      case 0x0006:
        return !is_measuring() && start(now) && busy(now, 1);
      case 0x0104:
        stop();
        return busy(now, 50);
      case 0x0327: {
        if (!is_measuring()) return false;
        const double ppb = has_measured_for(now, seconds{10}) ? view_.now("formaldehyde_ppb") : 0;
        const bool is_new = take();
        return answer(now, 2,
                      {signed_word(ppb * 5), signed_word(view_.now("humidity") * 100),
                       signed_word(view_.now("temperature") * 200)},
                      is_new);
      }
      default:
        return false;
    }
  }

 private:
  View view_;
};

// Element and heater of an SGP41 (data sheet version 1.0, section 3). Conditioning for more than 10
// s destroys it: then it says nothing but zeros.
class Sgp41 : public Commanded {
 public:
  Sgp41(const DeviceSpec& spec, Instant now) : Commanded(now), view_(spec.view) {}

 protected:
  bool obey(unsigned command, const std::vector<unsigned>& words, Instant now) override {
    if (conditioned_since_ && now - *conditioned_since_ > seconds{11}) is_destroyed_ = true;
    if (command != 0x2612) conditioned_since_.reset();
    const unsigned voc = is_destroyed_ ? 0 : rounded_word(view_.now("sraw_voc"));
    const unsigned nox = is_destroyed_ ? 0 : rounded_word(view_.now("sraw_nox"));
    switch (command) {
      case 0x3615:
        return busy(now, 1);
      case 0x260F:
        return words.size() == 2 && answer(now, 30, {voc}, true);
      case 0x2619:
        return words.size() == 2 && answer(now, 50, {voc, nox}, true);
      case 0x2612:
        if (!conditioned_since_) conditioned_since_ = now;
        return words.size() == 2 && answer(now, 50, {voc}, true);
      default:
        return false;
    }
  }
  void forget() override { conditioned_since_.reset(); }

 private:
  View view_;
  std::optional<Instant> conditioned_since_;
  bool is_destroyed_ = false;
};

// By the name of the kind: its command and what it has besides.
std::unique_ptr<I2cDevice> make_sen6x(const DeviceSpec& spec, Instant now) {
  struct Sort {
    unsigned read;
    std::vector<std::string> others;
  };
  static const std::map<std::string, Sort> sorts{
      {"sen62", {0x04A3, {}}},
      {"sen63c", {0x0471, {"co2"}}},
      {"sen65", {0x0446, {"voc_index", "nox_index"}}},
      {"sen66", {0x0300, {"voc_index", "nox_index", "co2"}}},
      {"sen68", {0x0467, {"voc_index", "nox_index", "formaldehyde_ppb"}}},
      {"sen69c", {0x04B5, {"voc_index", "nox_index", "formaldehyde_ppb", "co2"}}}};
  const Sort& sort = sorts.at(spec.kind);
  return std::make_unique<Sen>(spec, now, sort.read, sort.others, 1400);
}

}  // namespace

std::unique_ptr<I2cDevice> make_sen(const DeviceSpec& spec, Instant now) {
  if (spec.kind != "sen5x") return make_sen6x(spec, now);
  return std::make_unique<Sen>(spec, now, 0x03C4,
                               std::vector<std::string>{"voc_index", "nox_index"}, 200);
}
std::unique_ptr<I2cDevice> make_sps30(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Sps30>(spec, now);
}
std::unique_ptr<I2cDevice> make_scd30(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Scd30>(spec, now);
}
std::unique_ptr<I2cDevice> make_sfa30(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Sfa30>(spec, now);
}
std::unique_ptr<I2cDevice> make_sgp41(const DeviceSpec& spec, Instant now) {
  return std::make_unique<Sgp41>(spec, now);
}

}  // namespace world
