// SPDX-License-Identifier: Apache-2.0
// Nobody waits for a sink longer than asked to: what hangs in a resolver or a library is left
// behind, with all it needs.
#include "gateway/sinks/delivery.hpp"

#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/session.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds longest_farewell{500};
constexpr std::size_t most_records = 200;

std::uint32_t seed_of(const std::string& gateway, const std::string& sink) {
  // Gateways of one image must not come back in step, so their name is in it.
  return static_cast<std::uint32_t>(std::hash<std::string>{}(gateway + "/" + sink)) ^
         std::random_device{}();
}

SessionSettings session_settings(const SinkSettings& sink, const SinkSurroundings& with,
                                 std::string quarrel) {
  const auto records = static_cast<std::size_t>(std::max<std::int64_t>(sink.batch_records, 1));
  const milliseconds in_a_minute = 1min;
  return {.sink = sink.id,
          .pace = sink.messages_per_minute == 0 ? milliseconds(0)
                                                : in_a_minute / sink.messages_per_minute,
          .outbox = {.sink = sink.id,
                     .records = std::min(records, most_records),
                     .seed = seed_of(with.gateway, sink.id)},
          .quarrel = std::move(quarrel)};
}

class Delivery {
 public:
  Delivery(const SinkSettings& settings, SinkSurroundings surroundings,
           const MakeTransport& make_transport)
      : with_(std::move(surroundings)),
        guard_("sink " + settings.id, with_.clock, with_.log),
        inbox_(std::make_shared<Inbox>()),
        egress_(settings),
        format_(settings.format->make(settings, with_.gateway)),
        transport_(make_transport(
            settings,
            {.gateway = with_.gateway, .inbox = inbox_, .clock = with_.clock, .log = with_.log})),
        session_(session_settings(settings, with_, transport_->quarrel()), with_, *format_,
                 egress_) {}

  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }

  // The sink's thread. Whatever happens in it is said and does not end it.
  void run() noexcept {
    while (session_.state() != Session::State::stopped) {
      if (!guard_.turn([this] { turn(); })) rest_after_failure();
    }
    guard_.turn([this] { act(); });  // lets go of what there still is
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    finished_.notify_all();
  }

  // Answers whether the thread has ended.
  bool wait_until_finished(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    while (!is_finished_ && with_.clock.now() < deadline) {
      with_.clock.wait(lock, finished_, deadline);
    }
    return is_finished_;
  }

  [[nodiscard]] bool is_finished() const {
    const std::lock_guard lock(mutex_);
    return is_finished_;
  }
  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }

  [[nodiscard]] SinkStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void turn() {
    try {
      step();
    } catch (const TransportError& error) {
      session_.end({Ending::Kind::lost, error.what()}, with_.clock.now());
    } catch (const std::exception& error) {  // the store cannot be read, no thread can be had
      if (session_.state() == Session::State::resting) throw;
      guard_.caught();
      session_.end({Ending::Kind::lost, error.what()}, with_.clock.now());
    }
  }

  void step() {
    const MonotonicTime now = with_.clock.now();
    if (const auto deadline = inbox_->stop_deadline()) session_.stop(now, *deadline);
    session_.proceed(now);
    act();
    {
      const std::lock_guard lock(mutex_);
      status_ = session_.status();
    }
    if (session_.state() == Session::State::stopped) return;
    for (TransportEvent& event :
         inbox_->wait(with_.clock, session_.wakes_at(), session_.awaits_arrivals())) {
      if (event.connection != session_.connection()) continue;
      transport_->explain(event);
      session_.take(std::move(event), transport_->far_end(), with_.clock.now());
    }
  }

  void act() {
    for (auto actions = session_.take_actions(); !actions.empty();
         actions = session_.take_actions()) {
      for (Session::Action& action : actions) perform(action);
    }
  }

  void perform(Session::Action& action) {
    using enum Session::Action::Kind;
    switch (action.kind) {
      case connect: {
        transport_->leave_word(session_.last_word(), session_.is_last_word_always_said());
        const auto ending = transport_->connect(session_.connection());
        if (!ending) {
          session_.begun(transport_->far_end(), with_.clock.now());
        } else if (const auto deadline = inbox_->stop_deadline();
                   deadline && ending->kind == Ending::Kind::stopped) {
          session_.stop(with_.clock.now(),
                        *deadline);  // the wish has woken who connects, and us not
        } else {
          session_.end(*ending, with_.clock.now());
        }
        break;
      }
      case ask:
        transport_->ask(action.message.destination);
        break;
      case stop_asking:
        transport_->stop_asking(action.message.destination);
        break;
      case listen:
        transport_->listen(action.message.destination, action.message.is_acknowledged);
        break;
      case send:
        transport_->send(action.place, std::move(action.message));
        break;
      case disconnect:
        transport_->disconnect();
        break;
      case abandon:
        transport_->abandon();
        break;
    }
  }

  // Not even that may go without a guard: where nothing can be waited for, the clock is.
  void rest_after_failure() {
    const MonotonicTime until = with_.clock.now() + guard_.pause_length();
    const bool has_rested = guard_.turn([&] {
      while (with_.clock.now() < until && !inbox_->stop_deadline()) {
        inbox_->wait(with_.clock, until);
      }
    });
    if (!has_rested) guard_.pause({});
  }

  SinkSurroundings with_;
  Guard guard_;
  const std::shared_ptr<Inbox> inbox_;
  const Egress egress_;
  const std::unique_ptr<Format> format_;

  // The sink's thread's own.
  const std::unique_ptr<Transport> transport_;
  Session session_;

  mutable std::mutex mutex_;
  std::condition_variable finished_;
  SinkStatus status_;         // guarded by mutex_
  bool is_finished_ = false;  // guarded by mutex_
};

class DeliveringSink final : public Sink {
 public:
  DeliveringSink(const SinkSettings& settings, const SinkSurroundings& surroundings,
                 const MakeTransport& make_transport)
      : id_(settings.id), bulletin_(surroundings.bulletin), clock_(surroundings.clock) {
    surroundings.store.add_sink(settings.id, settings.start_at == "oldest",
                                Egress(settings).topic_rules());
    delivery_ = std::make_shared<Delivery>(settings, surroundings, make_transport);
    subscription_ = bulletin_.subscribe(
        [inbox = delivery_->inbox(), &clock = clock_] { inbox->nudge(clock.now()); });
    std::thread([delivery = delivery_] { delivery->run(); }).detach();
  }
  ~DeliveringSink() override {
    if (!is_stopped_) stop(clock_.now() + longest_farewell);
  }

  void wake() override { delivery_->inbox()->wake(); }

  [[nodiscard]] std::string name() const override { return "sink " + id_; }
  void request_stop() override { ask(clock_.now() + longest_farewell); }
  [[nodiscard]] bool has_stopped() const override { return delivery_->is_finished(); }
  [[nodiscard]] std::string waits_for() const override { return delivery_->status().state; }
  [[nodiscard]] GuardStatus guard_status() const override { return delivery_->guard_status(); }

  bool stop(MonotonicTime deadline) override {
    ask(deadline);
    return delivery_->wait_until_finished(deadline);
  }

  [[nodiscard]] SinkStatus status() const override { return delivery_->status(); }

 private:
  void ask(MonotonicTime deadline) {
    if (std::exchange(is_stopped_, true)) return;
    bulletin_.unsubscribe(subscription_);
    delivery_->inbox()->stop(deadline);
  }

  const std::string id_;
  Bulletin& bulletin_;
  Clock& clock_;
  std::shared_ptr<Delivery> delivery_;
  std::uint64_t subscription_ = 0;
  bool is_stopped_ = false;
};

// A sink to which nothing may go.
class ClosedSink final : public Sink {
 public:
  explicit ClosedSink(std::string id) : id_(std::move(id)) {}
  void wake() override {}
  bool stop(MonotonicTime) override { return true; }
  [[nodiscard]] std::string name() const override { return "sink " + id_; }
  void request_stop() override {}
  [[nodiscard]] bool has_stopped() const override { return true; }
  [[nodiscard]] GuardStatus guard_status() const override { return {}; }
  [[nodiscard]] SinkStatus status() const override {
    return {.connected = false, .state = "closed: nothing may go there"};
  }

 private:
  const std::string id_;
};

}  // namespace

std::unique_ptr<Sink> deliver(const SinkSettings& settings, SinkSurroundings surroundings,
                              const MakeTransport& make_transport) {
  if (Egress(settings).is_closed()) {
    surroundings.log.warning("sink " + settings.id,
                             "nothing may go there, so it is not opened: say in its \"allow\" what "
                             "may, such as [\"sensor/+/obs\"]");
    surroundings.store.remove_sink(settings.id, "sink_closed");  // no row need wait for it
    return std::make_unique<ClosedSink>(settings.id);
  }
  return std::make_unique<DeliveringSink>(settings, surroundings, make_transport);
}

std::unique_ptr<Sink> make_sink(const SinkSettings& settings, SinkSurroundings surroundings) {
  return deliver(settings, std::move(surroundings), settings.transport->make);
}

}  // namespace twinsky
