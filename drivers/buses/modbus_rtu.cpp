// SPDX-License-Identifier: Apache-2.0
#include "drivers/adu.hpp"
#include "drivers/buses/descriptor.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/serial.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// A line that never falls silent cannot be used; a reply of the longest kind ends before this.
constexpr auto longest_wait_for_silence = 300ms;
// More than any reply with the noise around it.
constexpr std::size_t longest_reception = 1024;

// MODBUS over Serial Line V1.02, 2.5.1.1: 3.5 characters, above 19200 baud 1.75 ms.
std::chrono::microseconds silence_of(const LineSettings& line) {
  return line.baud > 19200 ? 1750us : time_on_wire(line, 3.5);
}

std::string_view reason_of(Fault fault) {
  switch (fault) {
    case Fault::no_response:
      return "no answer";
    case Fault::truncated:
      return "the answer does not end";
    case Fault::checksum:
      return "wrong CRC";
    default:
      return "other bytes than an answer";
  }
}

class RtuLink final : public Link {
 public:
  RtuLink(SerialPort& port, const BusSurroundings& surroundings, const DeviceSettings& device,
          bool has_echo)
      : port_(port), surroundings_(surroundings), device_(device), has_echo_(has_echo) {}

  void write(Bytes) override { throw BusError(port_.path() + ": Modbus has only requests"); }
  std::size_t read(std::span<std::byte>, milliseconds) override {
    throw BusError(port_.path() + ": Modbus has only requests");
  }

  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    check_unit(device_.address, 1, 254);
    const auto frame = rtu_frame(device_.address, tx);
    port_.use(device_.line);
    wait_for_silence();
    port_.write(frame);
    deadline_.start(time_on_wire(device_.line, static_cast<double>(frame.size())) + patience);
    const auto reply = receive(frame, tx);
    if (reply) return deliver_reply(device_.address, *reply, rx);
    // A reply does not say to which question, so one that comes too late must not meet the next:
    // this unit is not asked again before its deadline has passed once more.
    if (reply.error() != Fault::checksum) late_replies_.start(patience);
    throw modbus_error(reply.error(), device_.address, reason_of(reply.error()));
  }

  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  // Drops what arrives until the line has been silent for long enough.
  void wait_for_silence() {
    std::array<std::byte, 256> dropped{};
    while (!late_replies_.is_over()) port_.read(dropped, late_replies_);
    deadline_.start(longest_wait_for_silence);
    do {
      if (deadline_.is_over()) {
        throw modbus_error(Fault::framing, device_.address, "the line is never silent");
      }
      silence_.start(silence_of(device_.line));
    } while (port_.read(dropped, silence_) > 0);
  }

  // The reply's PDU in `received_`, or what the bytes were at the deadline.
  Result<Bytes> receive(Bytes frame, Bytes request) {
    received_.clear();
    std::array<std::byte, 256> chunk{};
    Fault fault = Fault::no_response;
    while (received_.size() < longest_reception && !deadline_.is_over()) {
      const std::size_t count = port_.read(chunk, deadline_);
      if (count == 0) break;
      received_.insert(received_.end(), chunk.begin(),
                       chunk.begin() + static_cast<std::ptrdiff_t>(count));
      const auto reply = find_reply(frame, request);
      if (reply) return reply;
      fault = reply.error();
    }
    return Unexpected{fault};
  }

  [[nodiscard]] Result<Bytes> find_reply(Bytes frame, Bytes request) const {
    if (!has_echo_) return find_rtu_reply(device_.address, request, received_);
    // Taken off exactly: the reply to a write is the same bytes once more.
    const auto echo = std::ranges::search(received_, frame);
    if (echo.empty()) return Unexpected{Fault::framing};
    return find_rtu_reply(device_.address, request, {echo.end(), received_.end()});
  }

  SerialPort& port_;
  const BusSurroundings& surroundings_;
  const DeviceSettings device_;
  const bool has_echo_;
  std::vector<std::byte> received_;
  Timer deadline_;
  Timer silence_;
  Timer late_replies_;
};

class RtuBus final : public Bus {
 public:
  RtuBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)),
        port_(settings.modbus, surroundings_.stop),
        has_echo_(settings.echo) {}

  void open() override { port_.open(); }
  void close() noexcept override { port_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<RtuLink>(port_, surroundings_, device, has_echo_);
  }

 private:
  const BusSurroundings surroundings_;
  SerialPort port_;
  const bool has_echo_;
};

}  // namespace

void check_unit(int unit, int lowest, int highest) {
  if (unit >= lowest && unit <= highest) return;
  throw modbus_error(
      Fault::unsupported, unit,
      "a Modbus unit is " + std::to_string(lowest) + " to " + std::to_string(highest));
}

LinkError modbus_error(Fault fault, int unit, std::string_view reason) {
  return {fault, "unit " + std::to_string(unit) + ": " + std::string(reason)};
}

std::size_t deliver_reply(int unit, Bytes reply, std::span<std::byte> rx) {
  if (const auto exception = exception_text(reply); !exception.empty()) {
    throw modbus_error(Fault::exception, unit, "answered with " + exception);
  }
  if (reply.size() > rx.size()) throw modbus_error(Fault::framing, unit, "the answer is too long");
  std::ranges::copy(reply, rx.begin());
  return reply.size();
}

std::unique_ptr<Bus> make_modbus_rtu_bus(const BusSettings& settings,
                                         BusSurroundings surroundings) {
  return std::make_unique<RtuBus>(settings, std::move(surroundings));
}

}  // namespace twinsky
