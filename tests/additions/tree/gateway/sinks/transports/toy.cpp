// SPDX-License-Identifier: Apache-2.0
// A way out, for the test that a transport is one file: what is sent becomes a line of a local file
// and has arrived with it. It remembers nothing of what was there before.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/transport.hpp"

#include <array>
#include <fstream>
#include <utility>

namespace twinsky {
namespace {

using Event = TransportEvent::Kind;

class Toy final : public Transport {
 public:
  Toy(const SinkSettings& sink, std::shared_ptr<Inbox> inbox)
      : path_(sink.address), before_(sink.settings.text("before")), inbox_(std::move(inbox)) {}

  [[nodiscard]] std::string far_end() const override { return "file " + path_; }
  [[nodiscard]] std::string quarrel() const override { return {}; }

  std::optional<Ending> connect(std::uint64_t connection) override {
    connection_ = connection;
    file_.open(path_, std::ios::app);
    if (!file_) return Ending{Ending::Kind::unreachable, far_end() + " cannot be opened"};
    tell({.kind = Event::connected,
          .text = far_end(),
          .limits = {.can_retain = false, .can_expire = false}});
    return std::nullopt;
  }
  void explain(TransportEvent&) override {}
  void send(Place place, Message message) override {
    file_ << before_ << message.destination << ' ' << message.payload << std::endl;
    if (!file_) throw TransportError(far_end() + " cannot be written");
    tell({.kind = Event::arrived, .place = place});
  }
  void ask(const std::string&) override { tell({.kind = Event::not_asked}); }
  void stop_asking(const std::string&) override {}
  void disconnect() override { file_.close(); }
  void abandon() override {
    file_.close();
    tell({.kind = Event::closed});
  }

 private:
  void tell(TransportEvent event) {
    event.connection = connection_;
    inbox_->post(std::move(event));
  }

  const std::string path_;
  const std::string before_;
  const std::shared_ptr<Inbox> inbox_;
  std::uint64_t connection_ = 0;
  std::ofstream file_;
};

constexpr auto settings = std::to_array<Setting>({
    {.name = "before", .documentation = "What each line begins with."},
});

}  // namespace

extern const TransportInfo toy_transport = {
    .name = "toy",
    .address_form = SettingKind::path,
    .documentation = "The file, which is made when it is not there.",
    .settings = settings,
    .make = [](const SinkSettings& sink,
               TransportSurroundings surroundings) -> std::unique_ptr<Transport> {
      return std::make_unique<Toy>(sink, std::move(surroundings.inbox));
    },
};

}  // namespace twinsky
