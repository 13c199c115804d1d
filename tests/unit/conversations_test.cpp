// SPDX-License-Identifier: Apache-2.0
// The conversations of the drivers with their devices, step by step: what is sent, how long is
// waited, that nothing is written without need. Each driver's lie beside its cases, in
// tests/cases/<driver>.conversations.json; what the bytes mean is the matter of those cases.
//
// A script is what is called (start, sample, stop, probe, recognise BYTES; near QUANTITY VALUE,
// warm yes, feed BYTES, own_period), what the device then hears and says in this order (write
// BYTES, read BYTES, ask BYTES BYTES, pause DURATION; "refused" at the end: it throws nack), and
// behind "->" what came of it (a fault; QUANTITY VALUE, readings N, samples N, fact NAME VALUE;
// nothing, model TEXT, detail TEXT, serial TEXT, setting NAME VALUE; period DURATION).
#include "drivers/registry.hpp"
#include "gateway/model/json.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/scripted_link.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

const fs::path cases_directory = fs::path(tests_directory()) / "cases";

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text(line);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

milliseconds duration_of(const std::string& text) {
  return milliseconds(std::stoi(text));
}

// nullopt: the line is no step, but a call.
std::optional<Step> step_of(std::vector<std::string> words) {
  const bool is_refused = words.back() == "refused";
  if (is_refused) words.pop_back();
  words.resize(3);  // a device may say nothing
  std::optional<Step> step;
  if (words[0] == "write") step = writes(words[1]);
  if (words[0] == "read") step = reads(words[1]);
  if (words[0] == "ask") step = asks(words[1], words[2]);
  if (words[0] == "pause") step = pauses(duration_of(words[1]));
  return step && is_refused ? refuses(*step) : step;
}

struct Call {
  std::vector<std::string> words;
  std::vector<Step> steps = {};
  std::vector<std::string> outcomes = {};
};

std::vector<Call> calls_of(const Json& script) {
  std::vector<Call> calls;
  for (const Json& each : script) {
    const std::string line = each.get<std::string>();
    if (line.starts_with("-> ")) {
      calls.back().outcomes.push_back(line.substr(3));
    } else if (auto step = step_of(words_of(line))) {
      calls.back().steps.push_back(*std::move(step));
    } else {
      calls.push_back({words_of(line)});
    }
  }
  return calls;
}

// What came of a call.
struct Outcome {
  std::optional<Fault> fault = {};
  std::vector<Sample> samples = {};
  std::optional<Found> found = {};
  milliseconds period{-1};
};

std::string fact_in(const Sample& sample, std::string_view name) {
  for (const Fact& fact : sample.facts) {
    if (fact.name == name) return std::get<bool>(fact.value) ? "true" : "false";
  }
  return "absent";
}

void expect_in(const Sample& sample, const std::vector<std::string>& words) {
  if (words[0] == "readings") {
    EXPECT_EQ(std::to_string(sample.readings.size()), words.at(1));
  } else if (words[0] == "fact") {
    EXPECT_EQ(fact_in(sample, words.at(1)), words.at(2));
  } else {
    const auto quantity = quantity_named(words[0]);
    ASSERT_TRUE(quantity) << "no such outcome";
    const auto reading = std::ranges::find(sample.readings, *quantity, &Reading::quantity);
    ASSERT_TRUE(reading != sample.readings.end() && reading->value);
    EXPECT_NEAR(*reading->value, std::stod(words.at(1)), 0.01);
  }
}

void expect(const std::string& expected, const Outcome& outcome) {
  SCOPED_TRACE("-> " + expected);
  const std::vector<std::string> words = words_of(expected);
  const std::string rest = words.size() < 2 ? "" : expected.substr(words[0].size() + 1);
  if (const auto fault = fault_named(words[0])) {
    EXPECT_EQ(outcome.fault, fault);
  } else if (words[0] == "nothing") {
    EXPECT_FALSE(outcome.found);
  } else if (words[0] == "model" || words[0] == "detail" || words[0] == "serial") {
    ASSERT_TRUE(outcome.found);
    const Found& found = *outcome.found;
    EXPECT_EQ(words[0] == "model"    ? found.model
              : words[0] == "detail" ? found.detail
                                     : found.serial_number,
              rest);
  } else if (words[0] == "setting") {
    ASSERT_TRUE(outcome.found);
    const std::pair wanted(words.at(1), words.at(2));
    EXPECT_NE(std::ranges::find(outcome.found->settings, wanted), outcome.found->settings.end());
  } else if (words[0] == "samples") {
    EXPECT_EQ(std::to_string(outcome.samples.size()), rest);
  } else if (words[0] == "period") {
    EXPECT_EQ(outcome.period, duration_of(rest));
  } else {
    ASSERT_EQ(outcome.samples.size(), 1U);
    expect_in(outcome.samples.front(), words);
  }
}

class Conversation {
 public:
  Conversation(const DriverInfo& info, const Json& entry) : info_(info) {
    Settings settings = Settings::defaults(info.settings);
    const Json chosen = entry.value("settings", Json::object());
    for (const Setting& setting : info.settings) {
      const Json* written = chosen.find(setting.name);
      if (written == nullptr) continue;
      std::string problem;
      const std::string text = written->is_string() ? written->get<std::string>() : written->dump();
      settings.set(std::string(setting.name), read_setting(setting, text, problem).value());
    }
    if (info.make != nullptr) driver_ = info.make(settings);
    if (info.make_listener != nullptr) listener_ = info.make_listener(settings);
  }

  void go_through(const Call& call) {
    link_.then(call.steps);
    const Outcome outcome = outcome_of(call.words);
    const bool is_told = std::ranges::any_of(call.outcomes, [](const std::string& expected) {
      return fault_named(expected).has_value();
    });
    EXPECT_TRUE(is_told || !outcome.fault) << name_of(*outcome.fault);
    for (const std::string& expected : call.outcomes) expect(expected, outcome);
    link_.expect_end();
  }

 private:
  Outcome outcome_of(const std::vector<std::string>& words) {
    Outcome outcome;
    try {
      obey(words, outcome);
    } catch (const LinkError& problem) {
      outcome.fault = problem.fault();
    }
    return outcome;
  }

  void obey(const std::vector<std::string>& words, Outcome& outcome) {
    const std::string& what = words[0];
    if (what == "start") {
      driver_ ? driver_->start(link_) : listener_->start(link_);
    } else if (what == "stop") {
      driver_ ? driver_->stop(link_) : listener_->stop(link_);
    } else if (what == "sample") {
      auto sample = driver_->sample(link_);
      sample ? outcome.samples.push_back(*std::move(sample)) : void(outcome.fault = sample.error());
    } else if (what == "probe") {
      outcome.found = info_.probe(link_);
    } else if (what == "recognise") {
      const auto listener = info_.make_listener(Settings::defaults(info_.settings));
      outcome.found = info_.recognise(listener->feed(from_hex(words.at(1)).value()).samples);
    } else if (what == "feed") {
      Decoded decoded = listener_->feed(from_hex(words.at(1)).value());
      outcome.samples = std::move(decoded.samples);
      if (!decoded.faults.empty()) outcome.fault = decoded.faults.back();
    } else if (what == "warm") {
      const bool is_warm = words.at(1) == "yes";
      driver_ ? driver_->know_warm(is_warm) : listener_->know_warm(is_warm);
    } else if (what == "near") {
      link_.neighbours[quantity_named(words.at(1)).value()] = std::stod(words.at(2));
    } else if (what == "own_period") {
      outcome.period = listener_->own_period();
    } else {
      ADD_FAILURE() << "no such call: " << what;
    }
  }

  const DriverInfo& info_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Listener> listener_;
  ScriptedLink link_{{}};
};

TEST(conversations, go_as_written) {
  std::size_t count = 0;
  for (const DriverInfo* info : driver_registry()) {
    const fs::path path = cases_directory / (std::string(info->name) + ".conversations.json");
    std::ifstream stream(path);
    ASSERT_TRUE(stream) << path << " is missing: how is it talked with?";
    const Json file = Json::parse(stream);
    EXPECT_EQ(file.at("driver").get<std::string>(), info->name);
    for (const Json& entry : file.at("conversations")) {
      SCOPED_TRACE(std::string(info->name) + " " + entry.at("name").get<std::string>());
      ++count;
      Conversation conversation(*info, entry);
      std::size_t number = 0;
      for (const Call& call : calls_of(entry.at("script"))) {
        SCOPED_TRACE("call " + std::to_string(++number) + ", " + call.words[0]);
        conversation.go_through(call);
      }
    }
  }
  EXPECT_GE(count, driver_registry().size());
}

}  // namespace
}  // namespace twinsky
