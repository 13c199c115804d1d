// SPDX-License-Identifier: Apache-2.0
// Where samples are sent: is the far end there, does it let us in, and may we send and hear what
// belongs to us? Tried with a message of our own that nobody retains, beside a gateway that runs.
#include "gateway/doctor/examination.hpp"
#include "gateway/doctor/unreached.hpp"
#include "gateway/sinks/transport.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using Event = TransportEvent::Kind;

constexpr std::string_view subject_of_trial = "doctor";

// What a trial came to.
struct Outcome {
  enum class Step : std::uint8_t { entered, asked, sent, heard };
  std::optional<Step> failed;  // at this step; none: all went well
  std::string why;
};

class Trial {
 public:
  Trial(const SinkSettings& sink, const Patient& patient)
      : patient_(patient),
        transport_(sink.transport->make(sink, {.gateway = patient.config.gateway.id,
                                               .inbox = inbox_,
                                               .clock = clock_,
                                               .log = patient.log,
                                               .is_trial = true})),
        destination_(
            sink.format->make(sink, patient.config.gateway.id)->destination(subject_of_trial)) {}
  ~Trial() { transport_->abandon(); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Nothing, where it is there; else what stands in the way before it is spoken to.
  [[nodiscard]] std::optional<Finding> reach(const std::string& about) const;
  [[nodiscard]] bool can_run() const { return transport_->has_echo() && !destination_.empty(); }
  Outcome run();
  [[nodiscard]] const std::string& destination() const { return destination_; }

 private:
  // The next event of these kinds; what else comes meanwhile is passed over, but for an end.
  std::optional<TransportEvent> next(std::initializer_list<Event> wanted);
  // Until it lets us in or there is no other way left.
  std::string enter();

  const Patient& patient_;
  SystemClock clock_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  const std::unique_ptr<Transport> transport_;
  const std::string destination_;
  std::uint64_t connection_ = 0;
  std::vector<TransportEvent> waiting_;
};

std::optional<Finding> Trial::reach(const std::string& about) const {
  const auto server = transport_->server();
  if (!server) return std::nullopt;
  const auto unreached = try_to_reach(*server, patient_.machine.patience);
  if (!unreached) return std::nullopt;
  return finding_of(*unreached, *server, about);
}

std::optional<TransportEvent> Trial::next(std::initializer_list<Event> wanted) {
  const MonotonicTime deadline = clock_.now() + patient_.machine.patience;
  while (true) {
    for (auto event = waiting_.begin(); event != waiting_.end(); ++event) {
      const bool is_end = event->kind == Event::failed || event->kind == Event::lost;
      if (event->connection != connection_) continue;
      if (!is_end && std::find(wanted.begin(), wanted.end(), event->kind) == wanted.end()) continue;
      TransportEvent found = std::move(*event);
      waiting_.erase(event);
      transport_->explain(found);
      return found;
    }
    if (clock_.now() >= deadline) return std::nullopt;
    for (TransportEvent& event : inbox_->wait(clock_, deadline)) {
      waiting_.push_back(std::move(event));
    }
  }
}

std::string Trial::enter() {
  constexpr int most_ways = 8;
  std::string why;
  for (int way = 0; way < most_ways; ++way) {
    auto ending = transport_->connect(++connection_);
    if (!ending) {
      auto event = next({Event::connected});
      if (!event) return "it does not answer";
      if (event->kind == Event::connected) return {};
      ending = std::move(event->ending);
      transport_->abandon();
    }
    why = ending->words;
    if (!ending->has_another_way) break;
  }
  return why;
}

Outcome Trial::run() {
  using enum Outcome::Step;
  if (std::string why = enter(); !why.empty()) return {entered, std::move(why)};
  const auto code = [](const std::optional<TransportEvent>& event) {
    return event ? "code " + std::to_string(event->code) : std::string("no answer");
  };
  transport_->ask(destination_);
  const auto answer = next({Event::asked, Event::not_asked});
  if (!answer || answer->kind != Event::asked) return {asked, code(answer)};
  const std::string payload = "trial of " + iso8601(patient_.clock.utc());
  transport_->send(0, {.destination = destination_, .payload = payload});
  const auto receipt = next({Event::arrived, Event::refused});
  if (!receipt || receipt->kind != Event::arrived) return {sent, code(receipt)};
  while (true) {
    const auto echo = next({Event::shown});
    if (!echo || echo->kind != Event::shown) return {heard, "nothing came back"};
    if (echo->payload == payload) break;
  }
  transport_->disconnect();
  return {};
}

Finding finding_of(const Outcome& outcome, const Trial& trial, const std::string& about) {
  const std::string below = trial.destination().substr(
      0,
      trial.destination().size() - std::min(trial.destination().size(), subject_of_trial.size()));
  const std::string rule = "topic readwrite " + below + "#";
  switch (*outcome.failed) {
    case Outcome::Step::entered:
      return {
          "login_refused", about, outcome.why,
          "sudo twinsky check; on the broker: sudo mosquitto_passwd /etc/mosquitto/passwd USER"};
    case Outcome::Step::sent:
      return {"publish_refused", about,
              "it lets us in and refuses what is sent to " + trial.destination() + " (" +
                  outcome.why + "): its access rules want \"" + rule + "\" for our user",
              "on the broker, with that line in its acl_file: sudo systemctl reload mosquitto"};
    case Outcome::Step::asked:
    case Outcome::Step::heard:
      break;
  }
  return {"subscribe_refused", about,
          "it lets us in and takes what is sent, but we may not read " + trial.destination() +
              " (" + outcome.why +
              "), so a gateway whose store was set back does not know its own past: its access "
              "rules want \"" +
              rule + "\" for our user",
          "on the broker, with that line in its acl_file: sudo systemctl reload mosquitto"};
}

Findings look_at_sinks(const Patient& patient) {
  Findings findings;
  for (const SinkSettings& sink : patient.config.sinks) {
    if (sink.allow.empty()) continue;  // it is never opened
    const std::string about = "sink " + sink.id;
    Trial trial(sink, patient);
    if (auto unreached = trial.reach(about)) {
      findings.push_back(std::move(*unreached));
      continue;
    }
    if (!trial.can_run()) continue;
    const Outcome outcome = trial.run();
    if (outcome.failed) findings.push_back(finding_of(outcome, trial, about));
  }
  return findings;
}

}  // namespace

extern const Examination sinks_examination = {.name = "sinks", .place = 9, .look = look_at_sinks};

}  // namespace twinsky
