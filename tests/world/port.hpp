// SPDX-License-Identifier: Apache-2.0
// A serial port: a pty behind a stable link, with one device or, as on RS-485, several. Unplugging
// takes the pty away as a pulled USB adapter does; plugging brings another one to the same link.
#pragma once

#include "device.hpp"
#include "loop.hpp"
#include "tally.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace world {

class Port {
 public:
  Port(Loop& loop, std::string link, const PortSpec& spec);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void add(const std::string& name, std::unique_ptr<SerialDevice> device);
  void plug();
  void unplug();
  [[nodiscard]] bool is_plugged() const { return master_.is_open(); }
  [[nodiscard]] const std::string& link() const { return link_; }
  // What a paced line carries of frames of this size at most; none: as many as you like.
  [[nodiscard]] std::optional<double> most_frames_per_second(std::size_t frame_size) const;

  struct Attached {
    std::unique_ptr<SerialDevice> device;
    Misbehaviour misbehaviour;
    Tally tally;
  };
  // All that was written to it from then on.
  void keep_journal() { has_journal_ = true; }
  [[nodiscard]] const Bytes& journal() const { return journal_; }
  [[nodiscard]] std::map<std::string, Attached>& devices() { return devices_; }

  [[nodiscard]] std::optional<Instant> due() const;
  void work(Instant now);

 private:
  struct Outgoing {
    Frame frame;
    Tally* tally;
    std::size_t sent = 0;
  };
  void hear();
  void say(Attached& from, std::vector<Frame> frames, Instant now);
  void put(Frame frame, Tally* tally, Instant now);
  void send_due(Instant now);
  [[nodiscard]] std::chrono::microseconds time_of(std::size_t bytes) const;
  [[nodiscard]] bool somebody_listens() const;
  [[nodiscard]] bool is_understood() const;

  Loop& loop_;
  std::string link_;
  PortSpec spec_;
  Descriptor master_;
  std::map<std::string, Attached> devices_;
  std::deque<Outgoing> outgoing_;
  Instant next_byte_at_{};
  bool has_journal_ = false;
  Bytes journal_;
};

}  // namespace world
