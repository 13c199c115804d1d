// SPDX-License-Identifier: Apache-2.0
#include "drivers/adu.hpp"
#include "drivers/buses/modbus.hpp"
#include "drivers/buses/tcp_connection.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// A gateway that lost its power or its cable leaves a connection that is open and dead: after so
// many questions without any answer on it a new one is made.
constexpr int most_unanswered = 3;
constexpr std::size_t most_owed = 16;
constexpr std::size_t longest_list = 400;  // of what was let pass, in characters

class TcpLink final : public RequestLink {
 public:
  TcpLink(TcpConnection& connection, std::uint16_t& transaction,
          const BusSurroundings& surroundings, int unit)
      : connection_(connection),
        transaction_(transaction),
        surroundings_(surroundings),
        unit_(unit) {}

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    check_unit(unit_, 0, 255);
    if (!connection_.is_open() || connection_.is_closed_by_peer()) connection_.open();
    wait_after_connect();
    ++transaction_;
    foreign_.clear();
    connection_.write(tcp_frame(transaction_, unit_, tx));
    deadline_.start(patience);
    do {
      if (const auto length = take_reply(tx, rx)) return *length;
    } while (!deadline_.is_over() && connection_.read(deadline_));
    const bool is_begun = !connection_.received().empty();
    // The rest of a frame that stopped in the middle would be taken for the head of the next.
    // Where answers do not say to what, a late one would be taken for the next.
    if (is_begun || quirks_.transaction_not_echoed || ++connection_.unanswered >= most_unanswered) {
      connection_.close();
    } else {
      connection_.owed.push_back(transaction_);
      if (connection_.owed.size() > most_owed) connection_.owed.pop_front();
    }
    if (is_begun) throw modbus_error(Fault::truncated, unit_, "the answer does not end");
    if (!foreign_.empty()) throw modbus_error(Fault::framing, unit_, foreign_);
    throw modbus_error(Fault::no_response, unit_, "no answer within " + duration_text(patience));
  }
  [[nodiscard]] AnswerTimes answer_times() const override { return times_; }
  void tolerate(const ModbusQuirks& quirks) override { quirks_ = quirks; }
  [[nodiscard]] std::string tolerated() const override { return tolerated_; }

  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  void wait_after_connect() {
    if (quirks_.pause_after_connect <= milliseconds::zero()) return;
    const auto passed = surroundings_.clock.now() - connection_.opened_at;
    const auto left = std::chrono::ceil<milliseconds>(quirks_.pause_after_connect - passed);
    if (left <= milliseconds::zero()) return;
    note("is given " + duration_text(quirks_.pause_after_connect) + " after a connect");
    pause_for(left, surroundings_);
  }

  // Takes whole frames off the connection until one answers this transaction; late replies to
  // earlier ones are dropped.
  std::optional<std::size_t> take_reply(Bytes request, std::span<std::byte> rx) {
    while (true) {
      skip_trailing_bytes();
      const auto frame = first_tcp_frame(connection_.received());
      if (!frame && frame.error() == Fault::truncated) return std::nullopt;
      if (!frame) {
        connection_.close();
        throw modbus_error(Fault::framing, unit_, "other bytes than Modbus");
      }
      connection_.unanswered = 0;
      if (frame->transaction == transaction_) return deliver(*frame, request, rx);
      if (std::erase(connection_.owed, frame->transaction) > 0) {
        ++times_.late;
      } else if (quirks_.transaction_not_echoed && answers(request, pdu_of(*frame, request))) {
        note("answers with the transaction " + std::to_string(frame->transaction) +
             " whatever it is asked with");
        return deliver(*frame, request, rx);
      } else {
        foreign_ = "an answer came with the transaction " + std::to_string(frame->transaction) +
                   ", asked with " + std::to_string(transaction_);
      }
      connection_.drop(frame->length);
    }
  }

  // What an earlier frame left behind itself is no beginning of one: of those at the front so many
  // bytes may be passed over as the map has them.
  void skip_trailing_bytes() {
    const Bytes received = connection_.received();
    for (int skipped = 1; skipped <= quirks_.trailing_bytes; ++skipped) {
      const auto count = static_cast<std::size_t>(skipped);
      if (received.size() < count || is_of_this_question(received)) return;
      if (!is_of_this_question(received.subspan(count))) continue;
      connection_.drop(count);
      note("has " + std::to_string(skipped) + " bytes behind an answer");
      return;
    }
  }
  [[nodiscard]] bool is_of_this_question(Bytes received) const {
    const auto frame = first_tcp_frame(received);
    return frame && (frame->transaction == transaction_ || quirks_.transaction_not_echoed) &&
           (frame->unit == unit_ || quirks_.unit_not_echoed);
  }

  // Without bytes that the frame's length counts and the answer does not have.
  [[nodiscard]] Bytes pdu_of(const TcpFrame& frame, Bytes request) const {
    const std::size_t length = reply_length(request);
    const std::size_t surplus = frame.pdu.size() - std::min(length, frame.pdu.size());
    const bool is_padded =
        surplus > 0 && surplus <= static_cast<std::size_t>(quirks_.trailing_bytes);
    return is_padded ? frame.pdu.first(length) : frame.pdu;
  }

  std::size_t deliver(const TcpFrame& frame, Bytes request, std::span<std::byte> rx) {
    const Bytes pdu = pdu_of(frame, request);
    if (pdu.size() != frame.pdu.size()) {
      note("counts " + std::to_string(frame.pdu.size() - pdu.size()) +
           " bytes behind an answer in its length");
    }
    const std::vector reply(pdu.begin(), pdu.end());
    const int unit = frame.unit;
    connection_.drop(frame.length);
    if (unit != unit_ && quirks_.unit_not_echoed) {
      note("answers as unit " + std::to_string(unit));
    } else if (unit != unit_) {
      throw modbus_error(Fault::framing, unit_,
                         "the answer came as that of unit " + std::to_string(unit));
    }
    if (!answers(request, reply)) {
      throw modbus_error(Fault::framing, unit_,
                         "answered something else: " +
                             to_hex(Bytes(reply).first(std::min<std::size_t>(reply.size(), 16))));
    }
    return deliver_reply(unit_, reply, rx);
  }

  // Each of them once.
  void note(const std::string& quirk) {
    if (tolerated_.find(quirk) != std::string::npos || tolerated_.size() > longest_list) return;
    tolerated_.append(tolerated_.empty() ? "" : "; ").append(quirk);
  }

  TcpConnection& connection_;
  std::uint16_t& transaction_;
  const BusSurroundings& surroundings_;
  const int unit_;
  std::string foreign_;  // what came instead of an answer
  AnswerTimes times_;
  ModbusQuirks quirks_;
  std::string tolerated_;
  Timer deadline_;
};

class TcpBus final : public Bus {
 public:
  TcpBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)),
        connection_(settings.address, surroundings_.clock, surroundings_.stop) {}

  void open() override { connection_.open(); }
  void close() noexcept override { connection_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<TcpLink>(connection_, transaction_, surroundings_, device.address);
  }

 private:
  const BusSurroundings surroundings_;
  TcpConnection connection_;
  std::uint16_t transaction_ = 0;
};

// A device that is itself the server answers to 0 or 255 (MODBUS Messaging on TCP/IP
// V1.0b, 4.4.2.1).
std::string check_unit_of(int, const DriverInfo&) {
  return {};
}

}  // namespace

extern const BusInfo modbus_tcp_bus = {
    .name = "modbus_tcp",
    .address_form = SettingKind::text,
    .documentation = "Address and port of a Modbus TCP server, such as 192.0.2.7:502.",
    .place = 4,
    .same_as = &modbus_bus,
    .needs = {.is_server = true},
    // A gateway asks its own line, and answers for units that are silent, in its own time.
    .sweep = {.first = 1, .usual = 32, .last = 247, .patience = 1s},
    .check = check_modbus_server,
    .check_device = check_unit_of,
    .identity = [](const std::string& address) { return address; },
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<TcpBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
