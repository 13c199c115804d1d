// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/rtu_link.hpp"

#include "drivers/adu.hpp"
#include "drivers/buses/wire_time.hpp"
#include "drivers/checksum.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// A line that never falls silent cannot be used; a reply of the longest kind ends before this.
constexpr auto longest_wait_for_silence = 300ms;
// More than any reply with the noise around it.
constexpr std::size_t longest_reception = 1024;
// No device, radio or serial bridge is known to answer later than this.
constexpr milliseconds longest_lateness = 5s;

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

class RtuLink final : public RequestLink {
 public:
  RtuLink(RtuWire& wire, OwedReplies& owed, const BusSurroundings& surroundings,
          const DeviceSettings& device, bool has_echo)
      : wire_(wire),
        owed_(owed),
        surroundings_(surroundings),
        device_(device),
        has_echo_(has_echo) {}

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    check_unit(device_.address, 1, 254);
    const auto frame = rtu_frame(device_.address, tx);
    wire_.use(device_.line);
    drop_what_lies_there();
    wait_for_what_is_owed(patience);
    wait_for_silence();
    const MonotonicTime asked = surroundings_.clock.now();
    wire_.write(frame);
    deadline_.start(time_on_wire(device_.line, static_cast<double>(frame.size())) + patience);
    const auto reply = receive(frame, tx);
    const MonotonicTime now = surroundings_.clock.now();
    if (reply) owed_.note(device_.address, now - asked);
    owed_.look_at(received_, now, true);
    if (reply) return deliver_reply(device_.address, *reply, rx);
    if (reply.error() != Fault::checksum) owed_.owe(device_.address, tx, asked, now);
    throw modbus_error(reply.error(), device_.address, reason_of(reply.error(), patience));
  }
  [[nodiscard]] AnswerTimes answer_times() const override { return owed_.times(device_.address); }

  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  // Drops what arrives, looking whether it is what is owed.
  void drop(Bytes received, bool came_now = true) {
    owed_.look_at(received, surroundings_.clock.now(), came_now);
  }

  void drop_what_lies_there() {
    std::array<std::byte, 256> dropped{};
    deadline_.start(std::chrono::microseconds::zero());
    std::size_t count = 0;
    for (std::size_t all = 0; all < longest_reception; all += count) {
      count = wire_.read(dropped, deadline_);
      if (count == 0) return;
      drop(Bytes(dropped).first(count), false);
    }
  }

  // No longer than a question of its own would take: others want the line, too.
  void wait_for_what_is_owed(milliseconds patience) {
    std::array<std::byte, 256> dropped{};
    deadline_.start(patience);
    while (const auto until = owed_.owes_until(device_.address, surroundings_.clock.now())) {
      const auto left = *until - surroundings_.clock.now();
      silence_.start(std::max<std::chrono::microseconds>(
          std::chrono::ceil<std::chrono::microseconds>(left), 1us));
      drop(Bytes(dropped).first(wire_.read(dropped, left < patience ? silence_ : deadline_)));
      if (!deadline_.is_over()) continue;
      if (!owed_.owes_until(device_.address, surroundings_.clock.now())) return;
      throw modbus_error(
          Fault::no_response, device_.address,
          "still owes the answer to an earlier question, so it is not asked another");
    }
  }

  // Drops what arrives until the line has been silent for long enough.
  void wait_for_silence() {
    std::array<std::byte, 256> dropped{};
    deadline_.start(longest_wait_for_silence);
    do {
      if (deadline_.is_over()) {
        throw modbus_error(Fault::framing, device_.address, "the line is never silent");
      }
      silence_.start(silence_of(device_.line));
      const std::size_t count = wire_.read(dropped, silence_);
      if (count == 0) return;
      drop(Bytes(dropped).first(count));
    } while (true);
  }

  [[nodiscard]] std::string reason_of(Fault fault, milliseconds patience) const {
    if (fault == Fault::framing) return what_came();
    std::string reason(twinsky::reason_of(fault));
    if (fault != Fault::no_response) return reason;
    reason += " within " + duration_text(patience);
    const milliseconds slowest = owed_.times(device_.address).slowest;
    if (slowest <= patience) return reason;
    return reason + ", where others took up to " + duration_text(slowest) +
           ": answer_within may be longer";
  }

  // A frame that fits but for one thing says more than its bytes.
  [[nodiscard]] std::string what_came() const {
    for (std::size_t from = 0; from + 5 <= received_.size(); ++from) {
      for (std::size_t size = 5; from + size <= received_.size(); ++size) {
        const Bytes frame = Bytes(received_).subspan(from, size);
        if (crc16_modbus(frame.first(size - 2)) != le16(frame, size - 2)) continue;
        std::string sort = "a whole answer came, but of unit " + std::to_string(u8(frame, 0));
        if (u8(frame, 0) != device_.address) return sort;
        return sort + " to something else (function " + std::to_string(u8(frame, 1) & 0x7F) + ", " +
               std::to_string(size - 4) + " bytes)";
      }
    }
    return "other bytes than an answer: " +
           to_hex(Bytes(received_).first(std::min<std::size_t>(received_.size(), 16)));
  }

  // The reply's PDU in `received_`, or what the bytes were at the deadline.
  Result<Bytes> receive(Bytes frame, Bytes request) {
    received_.clear();
    std::array<std::byte, 256> chunk{};
    Fault fault = Fault::no_response;
    while (received_.size() < longest_reception && !deadline_.is_over()) {
      const std::size_t count = wire_.read(chunk, deadline_);
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

  RtuWire& wire_;
  OwedReplies& owed_;
  const BusSurroundings& surroundings_;
  const DeviceSettings device_;
  const bool has_echo_;
  std::vector<std::byte> received_;
  Timer deadline_;
  Timer silence_;
};

}  // namespace

void OwedReplies::owe(int unit, Bytes request, MonotonicTime asked, MonotonicTime now) {
  owed_.insert_or_assign(
      unit, Owed{{request.begin(), request.end()},
                 asked,
                 now + std::max<milliseconds>(longest_lateness, 2 * times_[unit].slowest)});
}

std::optional<MonotonicTime> OwedReplies::owes_until(int unit, MonotonicTime now) {
  const auto found = owed_.find(unit);
  if (found == owed_.end()) return std::nullopt;
  if (now < found->second.until) return found->second.until;
  owed_.erase(found);
  return std::nullopt;
}

void OwedReplies::look_at(Bytes stray, MonotonicTime now, bool came_now) {
  if (owed_.empty()) {
    stray_.clear();
    return;
  }
  stray_.insert(stray_.end(), stray.begin(), stray.end());
  const auto surplus = std::ssize(stray_) - static_cast<std::ptrdiff_t>(longest_reception);
  if (surplus > 0) stray_.erase(stray_.begin(), stray_.begin() + surplus);
  const auto came = std::erase_if(owed_, [&](const auto& one) {
    const auto& [unit, owed] = one;
    if (!find_rtu_reply(unit, owed.request, stray_)) return false;
    ++times_[unit].late;
    if (came_now) note(unit, now - owed.asked);
    return true;
  });
  if (came > 0) stray_.clear();
}

void OwedReplies::note(int unit, MonotonicTime::duration latency) {
  auto& slowest = times_[unit].slowest;
  slowest = std::max(slowest, std::chrono::ceil<milliseconds>(latency));
}

Link::AnswerTimes OwedReplies::times(int unit) const {
  const auto found = times_.find(unit);
  return found == times_.end() ? Link::AnswerTimes() : found->second;
}

std::unique_ptr<RequestLink> make_rtu_link(RtuWire& wire, OwedReplies& owed,
                                           const BusSurroundings& surroundings,
                                           const DeviceSettings& device, bool has_echo) {
  return std::make_unique<RtuLink>(wire, owed, surroundings, device, has_echo);
}

}  // namespace twinsky
