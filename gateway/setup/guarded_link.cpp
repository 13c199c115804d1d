// SPDX-License-Identifier: Apache-2.0
#include "gateway/setup/guarded_link.hpp"

#include <algorithm>

namespace twinsky {
namespace {

void refuse(Bytes tx, const DriverInfo& driver) {
  throw BrokenInvariant(std::string(driver.name) + " asks what it has not declared: " + to_hex(tx));
}

void check_whole(Bytes tx, const DriverInfo& driver) {
  const bool is_declared = std::ranges::any_of(
      driver.questions, [tx](Bytes question) { return std::ranges::equal(tx, question); });
  if (!is_declared) refuse(tx, driver);
}

void check_beginning(Bytes tx, const DriverInfo& driver) {
  const bool is_declared = std::ranges::any_of(driver.questions, [tx](Bytes question) {
    return tx.size() >= question.size() && std::ranges::equal(tx.first(question.size()), question);
  });
  if (!is_declared) refuse(tx, driver);
}

}  // namespace

class GuardedLink::Transfers final : public TransferLink {
 public:
  Transfers(TransferLink& link, const DriverInfo& driver, bool& was_answered)
      : link_(link), driver_(driver), was_answered_(was_answered) {}
  void write(Bytes tx) override {
    check_whole(tx, driver_);
    link_.write(tx);
    was_answered_ = true;
  }
  void read(std::span<std::byte> rx) override {
    link_.read(rx);
    was_answered_ = true;
  }
  void exchange(Bytes tx, std::span<std::byte> rx) override {
    check_whole(tx, driver_);
    link_.exchange(tx, rx);
    was_answered_ = true;
  }
  void pause(milliseconds duration) override { link_.pause(duration); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return link_.nearby(quantity);
  }

 private:
  TransferLink& link_;
  const DriverInfo& driver_;
  bool& was_answered_;
};

class GuardedLink::Stream final : public StreamLink {
 public:
  Stream(StreamLink& link, const DriverInfo& driver, bool& was_answered)
      : link_(link), driver_(driver), was_answered_(was_answered) {}
  void write(Bytes tx) override {
    check_whole(tx, driver_);
    link_.write(tx);
  }
  std::size_t read(std::span<std::byte> rx, milliseconds patience) override {
    return note(link_.read(rx, patience));
  }
  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    check_whole(tx, driver_);
    return note(link_.exchange(tx, rx, patience));
  }
  void pause(milliseconds duration) override { link_.pause(duration); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return link_.nearby(quantity);
  }

 private:
  std::size_t note(std::size_t received) {
    was_answered_ = was_answered_ || received > 0;
    return received;
  }

  StreamLink& link_;
  const DriverInfo& driver_;
  bool& was_answered_;
};

class GuardedLink::Requests final : public RequestLink {
 public:
  Requests(RequestLink& link, const DriverInfo& driver, bool& was_answered)
      : link_(link), driver_(driver), was_answered_(was_answered) {}
  std::size_t request(Bytes pdu, std::span<std::byte> rx, milliseconds patience) override {
    check_beginning(pdu, driver_);
    const std::size_t length = link_.request(pdu, rx, patience);
    was_answered_ = true;
    return length;
  }
  void pause(milliseconds duration) override { link_.pause(duration); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return link_.nearby(quantity);
  }

 private:
  RequestLink& link_;
  const DriverInfo& driver_;
  bool& was_answered_;
};

GuardedLink::GuardedLink(Link& link, const DriverInfo& driver) {
  if (auto* const transfers = dynamic_cast<TransferLink*>(&link)) {
    link_ = std::make_unique<Transfers>(*transfers, driver, was_answered_);
  } else if (auto* const stream = dynamic_cast<StreamLink*>(&link)) {
    link_ = std::make_unique<Stream>(*stream, driver, was_answered_);
  } else {
    link_ = std::make_unique<Requests>(link_as<RequestLink>(link), driver, was_answered_);
  }
}

GuardedLink::~GuardedLink() = default;

Link& GuardedLink::link() noexcept {
  return *link_;
}

}  // namespace twinsky
