// SPDX-License-Identifier: Apache-2.0
// A bus that plays a vector file (tests/cases/sensors) in a loop, for trying things without
// hardware: its cases follow one another, faulty ones too.
//
//   uart, ascii  the bytes of one case a second
//   i2c          a read is answered by the next transaction with the same write; what only a real
//                device would be told is accepted; a register file stays until the bus is reopened
//   modbus       a request is answered by the next case with the same request
#include "drivers/adu.hpp"
#include "drivers/buses/descriptor.hpp"
#include "drivers/buses/modbus.hpp"
#include "gateway/model/json.hpp"
#include "gateway/model/plain_file.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::byte>;

constexpr auto stream_period = 1s;

struct Recording {
  std::string transport;
  std::vector<Exchange> exchanges;  // in the order of the file; a stream writes nothing
  std::vector<std::map<int, Buffer>> registers;  // one register file a case: first register, bytes
  std::size_t opening = 0;                       // which register file is played
};

Buffer bytes_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == nullptr) return {};
  auto bytes = from_hex(found->get<std::string>());
  if (!bytes) throw std::runtime_error(std::string(key) + " is not hexadecimal");
  return *std::move(bytes);
}

// "0xF7"
int register_number(std::string_view text) {
  int number = 0;
  text.remove_prefix(std::min<std::size_t>(text.size(), 2));
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

void add_case(Recording& recording, const Json& entry) {
  if (entry.contains("rx_hex")) {
    recording.exchanges.push_back(
        {.written = bytes_in(entry, "request_hex"), .answered = bytes_in(entry, "rx_hex")});
  }
  for (const Json& transaction : entry.value("transactions", Json::array())) {
    const bool is_refused = transaction.value("nack", false);
    if (!transaction.contains("read_hex") && !is_refused) continue;
    recording.exchanges.push_back({.written = bytes_in(transaction, "write_hex"),
                                   .answered = bytes_in(transaction, "read_hex"),
                                   .nack = is_refused});
  }
  if (!entry.contains("registers")) return;
  auto& file = recording.registers.emplace_back();
  for (const auto& [first, hex] : entry.at("registers").items()) {
    file[register_number(first)] = from_hex(hex.get<std::string>()).value_or(Buffer());
  }
}

constexpr std::size_t longest_recording = std::size_t{64} << 20U;

Recording parse(const std::string& path) {
  const auto file = read_plain_file(path, longest_recording);
  if (!file) throw BusError(path + ": cannot be read: " + file.error().reason);
  if (file->is_cut) throw BusError(path + ": is larger than 64 MiB");
  try {
    const Json vectors = Json::parse(file->text);
    Recording recording;
    recording.transport = vectors.at("transport").get<std::string>();
    for (const Json& entry : vectors.at("cases")) add_case(recording, entry);
    return recording;
  } catch (const std::exception& problem) {
    throw BusError(path + ": no vector file: " + problem.what());
  }
}

Recording load(const std::string& path) {
  Recording recording = parse(path);
  const bool has_registers = recording.transport == "i2c" && !recording.registers.empty();
  if (recording.exchanges.empty() && !has_registers) {
    throw BusError(path + ": nothing in it that a bus could play");
  }
  return recording;
}

// As on the wire: a device that has no more to say leaves the data line high.
void fill(std::span<std::byte> rx, Bytes answer) {
  const std::size_t count = std::min(rx.size(), answer.size());
  std::ranges::copy(answer.first(count), rx.begin());
  std::ranges::fill(rx.subspan(count), std::byte{0xFF});
}

// Goes round in the exchanges, for each question separately.
class Player {
 public:
  // The next answer to `question`; nullptr when the file has none.
  const Exchange* next(const std::vector<Exchange>& exchanges, Bytes question) {
    const std::string key = to_hex(question);
    const auto last = last_.find(key);
    std::size_t at = last == last_.end() ? 0 : last->second + 1;
    for (std::size_t tried = 0; tried < exchanges.size(); ++tried, ++at) {
      at %= exchanges.size();
      if (!std::ranges::equal(exchanges[at].written, question)) continue;
      last_[key] = at;
      return &exchanges[at];
    }
    return nullptr;
  }

 private:
  std::map<std::string, std::size_t> last_;  // question -> the exchange that answered it last
};

// Whatever a driver's own bus does, each in its own way to find the bytes.
class RecordedLink final : public TransferLink, public StreamLink, public RequestLink {
 public:
  RecordedLink(const Recording& recording, const BusSurroundings& surroundings, int address)
      : recording_(recording), surroundings_(surroundings), address_(address) {}

  void write(Bytes tx) override { written_.assign(tx.begin(), tx.end()); }
  void read(std::span<std::byte> rx) override;
  void exchange(Bytes tx, std::span<std::byte> rx) override {
    write(tx);
    read(rx);
  }
  std::size_t read(std::span<std::byte> rx, milliseconds patience) override;
  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) override;
  std::size_t request(Bytes pdu, std::span<std::byte> rx, milliseconds patience) override;
  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  std::size_t take(std::span<std::byte> rx);
  void read_registers(std::span<std::byte> rx) const;

  const Recording& recording_;
  const BusSurroundings& surroundings_;
  const int address_;
  Player player_;
  Buffer written_;
  Buffer left_;           // of a stream: bytes of the present case that were not read yet
  std::size_t case_ = 0;  // of a stream: the next one
  MonotonicTime due_ = surroundings_.clock.now();  // of a stream: when that arrives
};

std::size_t RecordedLink::read(std::span<std::byte> rx, milliseconds patience) {
  Clock& clock = surroundings_.clock;
  if (recording_.exchanges.empty()) {
    pause(patience);
    return 0;
  }
  if (left_.empty()) {
    const auto deadline = clock.now() + patience;
    if (!clock.pause_until(std::min(due_, deadline), surroundings_.stop)) throw Stopped();
    if (clock.now() < due_) return 0;
    due_ = clock.now() + stream_period;
    left_ = recording_.exchanges[case_++ % recording_.exchanges.size()].answered;
  }
  return take(rx);
}

std::size_t RecordedLink::exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) {
  write(tx);
  const Exchange* found = player_.next(recording_.exchanges, written_);
  // A file without questions answers any.
  if (found == nullptr) found = player_.next(recording_.exchanges, {});
  left_ = found == nullptr ? Buffer() : found->answered;
  if (left_.empty()) pause(patience);
  return take(rx);
}

std::size_t RecordedLink::take(std::span<std::byte> rx) {
  const std::size_t count = std::min(rx.size(), left_.size());
  const auto end = left_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(left_.begin(), end, rx.begin());
  left_.erase(left_.begin(), end);
  return count;
}

void RecordedLink::read(std::span<std::byte> rx) {
  const Exchange* found = player_.next(recording_.exchanges, written_);
  if (found == nullptr) return read_registers(rx);
  // A device that is not ready is read again after the same command.
  if (found->nack) throw LinkError(Fault::nack, "not ready, says the recording");
  written_.clear();
  fill(rx, found->answered);
}

void RecordedLink::read_registers(std::span<std::byte> rx) const {
  if (written_.size() == 1 && !recording_.registers.empty()) {
    const auto& file = recording_.registers[recording_.opening % recording_.registers.size()];
    const int wanted = u8(written_, 0);
    for (const auto& [first, block] : file) {
      const auto offset = static_cast<std::size_t>(std::max(wanted - first, 0));
      if (first > wanted || offset >= block.size()) continue;
      return fill(rx, Bytes(block).subspan(offset));
    }
  }
  throw LinkError(Fault::nack, "the recording has no answer to " + to_hex(written_));
}

std::size_t RecordedLink::request(Bytes pdu, std::span<std::byte> rx, milliseconds patience) {
  const Exchange* found = player_.next(recording_.exchanges, rtu_frame(address_, pdu));
  if (found == nullptr || found->answered.empty()) {
    pause(patience);
    throw modbus_error(Fault::no_response, address_, "no answer in the recording");
  }
  const auto reply = find_rtu_reply(address_, pdu, found->answered);
  if (!reply) throw modbus_error(reply.error(), address_, "so recorded");
  return deliver_reply(address_, *reply, rx);
}

class RecordedBus final : public Bus {
 public:
  RecordedBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)), path_(settings.address) {}

  void open() override {
    const std::size_t opening = openings_++;
    recording_ = load(path_);
    recording_.opening = opening;
  }
  void close() noexcept override {}
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<RecordedLink>(recording_, surroundings_, device.address);
  }

 private:
  const BusSurroundings surroundings_;
  const std::string path_;
  Recording recording_;
  std::size_t openings_ = 0;
};

}  // namespace

extern const BusInfo recorded_bus = {
    .name = "recorded",
    .documentation = "A file of recorded exchanges, played in a loop.",
    .place = 6,
    .is_our_file = true,
    .plays_any = true,
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<RecordedBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
