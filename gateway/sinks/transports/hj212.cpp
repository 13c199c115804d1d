// SPDX-License-Identifier: Apache-2.0
// A platform of HJ 212-2017 over TCP. Each frame is acknowledged by its number (QN) in a 9014; what
// is not acknowledged in time is said again with the same number, as often as configured, and then
// the connection is given up: everything goes on from the outbox on the next one. One frame is
// under way at a time, so one thread says it, hears the answer, and meanwhile answers what the
// platform asks:
//
//   2011 2031 2051 2061 with BeginTime and EndTime   9011, the frames of that time out of the store
//                                                    with the number of the request, 9012
//   2011 without, 2012                               9011, 9012: samples go unasked, or do not
//   1011                                             9011, our time, 9012
//   1012                                             9011, 9012 with ExeRtn 3: no platform sets the
//                                                    clock of a gateway that keeps others' data too
//   1063                                             9011, our interval of minutes, 9012
//   anything else                                    9011 with QnRtn 8, or 2 where it would set
//
// The codes of QnRtn and ExeRtn are those of public copies of the standard's tables (srdgame's
// lua-HJ212, hj212/types.lua).
#include "drivers/registry.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/host_port.hpp"
#include "gateway/sinks/transport.hpp"
#include "gateway/sinks/transports/endpoint.hpp"
#include "gateway/sinks/transports/hj212_minutes.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/system/reach.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <set>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds platform_connected_within = 10s;
// What is under way is watched here, and a sample may have to wait for its minutes.
constexpr milliseconds platform_acknowledges_within = 24h;
constexpr std::size_t frames_waiting = 300;
constexpr milliseconds looks_every = 50ms;
constexpr std::size_t most_requests = 8;  // that wait until the session serves

// The connection is over, for these reasons.
struct PlatformLost {
  Ending::Kind kind{};
  std::string words;
};
// It was asked to end.
struct PlatformLeft {};

const FrameLanguage& platform_language() {
  return *frame_language_named("hj212");
}

struct Platform {
  Server server;
  std::string name;  // "platform 192.0.2.1:5017"
  std::string sink;  // of the log
  std::string mn;
  std::string st;
  std::string pw;
  std::optional<std::size_t> check;  // nullopt: as the platform does
  bool logs_in = false;
  bool tells_samples = true;
  bool tells_minutes = true;
  bool labels_end = false;
  milliseconds answered_within{};
  int resent = 0;
};

// What outlives a connection; of the thread that has one.
struct PlatformMemory {
  explicit PlatformMemory(Hj212Minutes of_samples) : minutes(std::move(of_samples)) {}
  Hj212Minutes minutes;
  std::size_t check = 0;  // the standard's
  UtcTime newest_number{};
  bool wants_samples = true;  // the platform has not stopped them
  std::set<std::string> told;
};

// A field of a line, taken from its front.
std::string_view take_tabbed(std::string_view& line) {
  const std::size_t end = std::min(line.find('\t'), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

template <class Number>
Number number_from(std::string_view digits) {
  Number number{};
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// "pm2_5=9.4:1,temperature=25.31:2"
std::vector<Reading> readings_of_line(std::string_view text) {
  std::vector<Reading> readings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t value_at = one.find('=');
    const std::size_t flag_at = one.find(':');
    if (value_at == std::string_view::npos || flag_at == std::string_view::npos) continue;
    const auto quantity = quantity_named(one.substr(0, value_at));
    if (!quantity) continue;
    Reading read = reading(*quantity, number_from<double>(one.substr(value_at + 1)));
    read.flag = static_cast<Flag>(number_from<int>(one.substr(flag_at + 1)));
    readings.push_back(std::move(read));
  }
  return readings;
}

// A line of what the format writes.
struct Line {
  std::string_view kind;  // "2011"
  UtcTime label{};
  std::string_view groups;
  std::string_view rest;
};

template <class Each>
void for_each_line(std::string_view payload, const Each& each) {
  while (!payload.empty()) {
    const std::size_t end = std::min(payload.find('\n'), payload.size());
    std::string_view text = payload.substr(0, end);
    payload.remove_prefix(std::min(end + 1, payload.size()));
    Line line{.kind = take_tabbed(text)};
    line.label = UtcTime(milliseconds(number_from<std::int64_t>(take_tabbed(text))));
    line.groups = take_tabbed(text);
    line.rest = text;
    each(line);
  }
}

Hj212Sample sample_of(const Line& line) {
  std::string_view rest = line.rest;
  Hj212Sample sample{.time = line.label};
  sample.stream = std::string(take_tabbed(rest)) + "\t";
  sample.stream += take_tabbed(rest);
  sample.seq = number_from<std::uint64_t>(take_tabbed(rest));
  sample.amends = number_from<std::uint64_t>(take_tabbed(rest));
  sample.readings = readings_of_line(rest);
  return sample;
}

// One connection.
class PlatformConversation {
 public:
  PlatformConversation(Platform platform, std::uint64_t connection,
                       const TransportSurroundings& with, PlatformMemory& memory)
      : platform_(std::move(platform)),
        connection_(connection),
        with_(with),
        memory_(memory),
        thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), "hj212");
  }
  ~PlatformConversation() { is_stopped_ = true; }
  PlatformConversation(const PlatformConversation&) = delete;
  PlatformConversation& operator=(const PlatformConversation&) = delete;

  void send(Place place, Message message) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({.place = place, .message = std::move(message)});
    has_waiting_ = true;
  }
  // From now on records may be asked for.
  void serve() { is_served_ = true; }

 private:
  struct Waiting {
    Place place = 0;
    Message message;
  };
  struct Request {
    std::string cn;
    std::string qn;
    std::string range;  // as the format reads it
  };
  // What is being answered.
  struct Answer {
    std::string request;
    Hj212Minutes minutes;
    std::uint64_t frames = 0;
  };

  // ---- the thread -------------------------------------------------------------------------------

  void run() {
    try {
      converse();
    } catch (const PlatformLost& lost) {
      end(lost.kind, lost.words);
    } catch (const PlatformLeft&) {
    } catch (const std::exception& error) {
      end(Ending::Kind::lost, platform_.name + ": " + error.what());
    }
  }

  void converse() {
    auto way = open_way(platform_.server, platform_connected_within,
                        [this] { return is_stopped_ || (is_idle_ && has_waiting_); });
    if (!way) {
      if (is_stopped_) throw PlatformLeft{};
      throw PlatformLost{Ending::Kind::unreachable, platform_.name + ": " + text_of(way.error())};
    }
    way_ = way->get();
    way_->set_patience(looks_every);
    memory_.minutes.start();
    if (platform_.logs_in) log_in();
    with_.inbox->post({.kind = TransportEvent::Kind::connected,
                       .connection = connection_,
                       .text = platform_.name,
                       .limits = {.places = frames_waiting,
                                  .acknowledge_within = platform_acknowledges_within,
                                  .can_retain = false,
                                  .can_expire = false}});
    is_connected_ = true;
    while (true) {
      if (is_served_) pass_on_requests();
      if (auto next = next_waiting()) {
        deliver(*next);
      } else if (!tell_minutes()) {
        is_idle_ = true;
        hear();
        is_idle_ = false;
      }
    }
  }

  std::optional<Waiting> next_waiting() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    has_waiting_ = !waiting_.empty();
    return next;
  }

  // The login of HJ/T 212-2005, which some platforms want still.
  void log_in() {
    const auto refused = told("9021", "", "91");
    if (refused) {
      throw PlatformLost{Ending::Kind::denied, platform_.name + " refuses our login with " +
                                                   *refused + ": check \"mn\" and the password"};
    }
  }

  // ---- what goes --------------------------------------------------------------------------------

  void deliver(const Waiting& waiting) {
    if (waiting.message.destination == "answers") {
      answer(waiting.message);
      arrived(waiting.place);
      return;
    }
    std::optional<std::string> refused;
    bool is_held = false;
    for_each_line(waiting.message.payload, [&](const Line& line) {
      if (refused) return;
      if (line.kind != "2011") {
        refused = tell(line.kind, line.label, line.groups);
        return;
      }
      const Hj212Sample sample = sample_of(line);
      const bool goes = platform_.tells_samples && memory_.wants_samples;
      if (goes && !memory_.minutes.has_arrived(sample)) {
        refused = tell(line.kind, line.label, line.groups);
        if (refused) return;
      }
      if (!platform_.tells_minutes) return;
      is_held = memory_.minutes.add(sample, waiting.place, with_.clock.now());
      if (goes) memory_.minutes.arrived(sample);
    });
    if (refused) {
      with_.inbox->post({.kind = TransportEvent::Kind::refused,
                         .connection = connection_,
                         .place = waiting.place,
                         .text = *refused});
    } else if (!is_held) {
      arrived(waiting.place);
    }
  }

  void arrived(Place place) {
    with_.inbox->post(
        {.kind = TransportEvent::Kind::arrived, .connection = connection_, .place = place});
  }

  // Answers whether there was one to tell.
  bool tell_minutes() {
    if (!platform_.tells_minutes) return false;
    const auto minute = memory_.minutes.take(with_.clock.utc(), with_.clock.now());
    if (!minute) return false;
    if (const auto refused = tell("2051", label_of(*minute), minute->groups)) {
      // Nothing is gained by saying the same again: the hour will tell.
      say_once("frames of minutes are refused with " + *refused);
    }
    for (const Place place : memory_.minutes.done(*minute)) arrived(place);
    return true;
  }

  [[nodiscard]] UtcTime label_of(const Hj212Minute& minute) const {
    return platform_.labels_end ? minute.start + memory_.minutes.interval() : minute.start;
  }

  // Frames that have to arrive. Answers why they are refused, when they are.
  std::optional<std::string> tell(std::string_view cn, UtcTime label, std::string_view groups) {
    for (const std::string& content : contents_of(label, groups)) {
      if (auto refused = told(cn, content, platform_.st)) return refused;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<std::string> contents_of(UtcTime label, std::string_view groups) const {
    const std::string time = "DataTime=" + language_.time(label);
    const std::size_t around =
        segment("", "9999", time + ";", platform_.st, true).size() + language_.number({}).size();
    std::vector<std::string> contents;
    for (const std::string& part : language_.parts(groups, language_.longest_segment - around)) {
      contents.push_back(time + ";" + part);
    }
    return contents;
  }

  std::optional<std::string> told(std::string_view cn, const std::string& content,
                                  std::string_view st) {
    const std::string number = new_number();
    const std::string text = segment(number, cn, content, st, true);
    awaited_ = number;
    for (int times = 0; times <= platform_.resent; ++times) {
      say(text);
      const MonotonicTime until = with_.clock.now() + platform_.answered_within;
      while (with_.clock.now() < until) {
        hear();
        if (!verdict_) continue;
        awaited_.clear();
        const std::string verdict = *std::exchange(verdict_, std::nullopt);
        return verdict.empty() ? std::nullopt : std::optional(verdict);
      }
    }
    if (!platform_.check && !has_heard_) try_another_check();
    throw PlatformLost{fault(), platform_.name + " acknowledges no frame: CN " + std::string(cn) +
                                    " was sent " + std::to_string(platform_.resent + 1) + " times"};
  }

  // It may drop what has another check without a word.
  void try_another_check() { memory_.check = (memory_.check + 1) % language_.checks.size(); }

  // Unlike any before, as the time of the frame.
  std::string new_number() {
    const UtcTime now = std::chrono::floor<milliseconds>(with_.clock.utc());
    memory_.newest_number = std::max(now, memory_.newest_number + milliseconds(1));
    return language_.number(memory_.newest_number);
  }

  [[nodiscard]] std::string segment(std::string_view number, std::string_view cn,
                                    std::string_view content, std::string_view st,
                                    bool wants_answer) const {
    return language_.segment({.number = std::string(number),
                              .station_kind = std::string(st),
                              .command = std::string(cn),
                              .password = platform_.pw,
                              .station = platform_.mn,
                              .wants_answer = wants_answer},
                             content);
  }

  void say(std::string_view text) {
    const std::string frame = language_.frame(text, platform_.check.value_or(memory_.check));
    std::string_view rest = frame;
    const MonotonicTime until = with_.clock.now() + platform_.answered_within;
    while (!rest.empty()) {
      const auto sent = way_->send(rest);
      if (sent) {
        rest.remove_prefix(*sent);
        continue;
      }
      check(sent.error());
      if (with_.clock.now() >= until) {
        throw PlatformLost{fault(), platform_.name + " takes nothing for " +
                                        duration_text(platform_.answered_within)};
      }
    }
  }

  // ---- what comes -------------------------------------------------------------------------------

  // Waits for a moment.
  void hear() {
    constexpr std::size_t at_once = 2048;
    std::array<char, at_once> bytes{};
    const auto count = way_->receive(bytes);
    if (!count) {
      check(count.error());
      return;
    }
    const std::string_view come(bytes.data(), *count);
    for (const PlatformFrame& frame :
         reader_->feed(come, platform_.check.value_or(memory_.check))) {
      take_frame(frame);
    }
  }

  void check(Way::End end) const {
    if (is_stopped_) throw PlatformLeft{};
    if (end == Way::End::closed) {
      throw PlatformLost{fault(), "the connection to " + platform_.name + " was closed"};
    }
  }

  void take_frame(const PlatformFrame& frame) {
    if (platform_.check && frame.check != *platform_.check) {
      say_once("a frame has the check \"" + std::string(language_.checks[frame.check]) +
               "\", and is not heeded: perhaps \"crc\" is another");
      return;
    }
    has_heard_ = true;
    memory_.check = frame.check;
    const std::string_view cn = frame.head_text("CN");
    if (cn == "9011" || cn == "9012" || cn == "9013" || cn == "9014") {
      take_acknowledgement(frame, cn);
    } else {
      take_request(frame, cn);
    }
  }

  void take_acknowledgement(const PlatformFrame& frame, std::string_view cn) {
    std::string_view number = frame.head_text("QN");
    if (number.empty()) number = frame.text("QN");  // 9013 and 9014 of 2005 have it there
    if (awaited_.empty() || number != awaited_) return;
    const std::string_view name = cn == "9011" ? "QnRtn" : "ExeRtn";
    const std::string_view said = cn == "9011" || cn == "9012" ? frame.text(name) : "";
    verdict_ = said.empty() || said == "1" ? "" : std::string(name) + " " + std::string(said);
  }

  void take_request(const PlatformFrame& frame, std::string_view cn) {
    const std::string number(frame.head_text("QN"));
    const auto differs = [&](std::string_view name, std::string_view ours) {
      const std::string_view theirs = frame.head_text(name);
      return !theirs.empty() && theirs != ours;
    };
    int request = 1;
    if (differs("MN", platform_.mn)) request = 4;
    if (differs("PW", platform_.pw)) request = 3;
    if (request == 1) request = is_known(cn) ? 1 : cn < "2000" ? 2 : 8;
    std::optional<std::string> range;
    const bool is_of_data = cn == "2011" || cn == "2031" || cn == "2051" || cn == "2061";
    if (request == 1 && is_of_data) {
      range = range_of(frame, cn);
      if (!range || requests_.size() >= most_requests) request = 2;
    }
    if (frame.wants_answer) {
      reply(number, "9011", "QnRtn=" + std::to_string(request));
    }
    if (request != 1) return;
    if (range && !range->empty()) {
      requests_.push_back({.cn = std::string(cn), .qn = number, .range = *std::move(range)});
      return;
    }
    reply(number, "9012", "ExeRtn=" + std::to_string(execute(frame, number, cn)));
  }

  static bool is_known(std::string_view cn) {
    constexpr auto known = std::to_array<std::string_view>(
        {"1011", "1012", "1063", "2011", "2012", "2031", "2051", "2061"});
    return std::ranges::find(known, cn) != known.end();
  }

  // What it asks for, as the format reads it; empty: samples from now on; nullopt: it cannot be
  // read.
  [[nodiscard]] std::optional<std::string> range_of(const PlatformFrame& frame,
                                                    std::string_view cn) const {
    if (cn == "2011" && frame.text("BeginTime").empty()) return "";
    const auto begin = language_.parse_time(frame.text("BeginTime"));
    const auto end = language_.parse_time(frame.text("EndTime"));
    if (!begin || !end || *end < *begin) return std::nullopt;
    return std::string(cn)
        .append(" ")
        .append(std::to_string(begin->time_since_epoch().count()))
        .append(" ")
        .append(std::to_string(end->time_since_epoch().count()));
  }

  // What needs no record. Answers with what comes of it.
  int execute(const PlatformFrame& frame, const std::string& number, std::string_view cn) {
    constexpr int done = 1;
    constexpr int not_on_these_terms = 3;
    if (cn == "1011") {
      const std::string_view of = frame.text("PolId");
      std::string content = of.empty() ? "" : "PolId=" + std::string(of) + ";";
      content += "SystemTime=" + language_.time(with_.clock.utc());
      say(segment(number, cn, content, platform_.st, false));
    } else if (cn == "1012") {
      say_once("it wants to set the clock, which no platform does here: NTP has it right");
      return not_on_these_terms;
    } else if (cn == "1063") {
      const auto minutes =
          std::chrono::duration_cast<std::chrono::minutes>(memory_.minutes.interval());
      say(segment(number, cn, "MinInterval=" + std::to_string(minutes.count()), platform_.st,
                  false));
    } else {
      memory_.wants_samples = cn == "2011";
    }
    return done;
  }

  void reply(std::string_view number, std::string_view cn, std::string_view content) {
    say(segment(number, cn, content, "91", false));
  }

  // ---- what is asked for again ------------------------------------------------------------------

  void pass_on_requests() {
    for (Request& request : std::exchange(requests_, {})) {
      with_.inbox->post({.kind = TransportEvent::Kind::shown,
                         .connection = connection_,
                         .text = "requests",
                         .payload = std::move(request.range),
                         .correlation = request.cn + " " + request.qn});
    }
  }

  // A piece of an answer, or its end.
  void answer(const Message& message) {
    const std::string cn = message.correlation.substr(0, message.correlation.find(' '));
    const std::string number = message.correlation.substr(message.correlation.find(' ') + 1);
    if (!answer_ || answer_->request != message.correlation) {
      answer_.emplace(
          Answer{.request = message.correlation, .minutes = memory_.minutes.of_nothing()});
    }
    for_each_line(message.payload, [&](const Line& line) {
      if (line.kind == "end") {
        finish_answer(number, message.payload);
      } else if (cn == "2051" && line.kind == "2011") {
        answer_->minutes.add(sample_of(line), message_held, with_.clock.now());
      } else if (line.kind == cn) {
        show(number, cn, line.label, line.groups);
      }
    });
    if (!answer_) return;
    while (const auto minute = answer_->minutes.take(UtcTime::min(), MonotonicTime::min())) {
      show(number, "2051", label_of(*minute), minute->groups);
      answer_->minutes.done(*minute);
    }
  }

  // With the number of the request; it is not acknowledged, and who misses it asks again.
  void show(const std::string& number, std::string_view cn, UtcTime label,
            std::string_view groups) {
    for (const std::string& content : contents_of(label, groups)) {
      say(segment(number, cn, content, platform_.st, false));
      ++answer_->frames;
    }
  }

  void finish_answer(const std::string& number, std::string_view line) {
    for (const Hj212Minute& minute : answer_->minutes.rest()) {
      show(number, "2051", label_of(minute), minute.groups);
    }
    take_tabbed(line);
    const std::string_view problem = line;
    std::string_view result = answer_->frames > 0 ? "1" : "100";
    if (problem == "busy" || problem == "quota") result = "5";
    if (problem == "malformed") result = "3";
    if (problem == "unreadable") result = "6";
    reply(number, "9012", "ExeRtn=" + std::string(result));
    answer_.reset();
  }

  // ---- words ------------------------------------------------------------------------------------

  void say_once(const std::string& words) {
    if (!memory_.told.insert(words).second) return;
    with_.log.warning("sink " + platform_.sink, platform_.name + ": " + words);
  }

  [[nodiscard]] Ending::Kind fault() const {
    return is_connected_ ? Ending::Kind::lost : Ending::Kind::unreachable;
  }

  void end(Ending::Kind kind, std::string words) {
    with_.inbox->post(
        {.kind = is_connected_ ? TransportEvent::Kind::lost : TransportEvent::Kind::failed,
         .connection = connection_,
         .ending = {.kind = kind, .words = std::move(words)}});
  }

  static constexpr Place message_held = 0;  // of an answer, which holds none

  const Platform platform_;
  const std::uint64_t connection_;
  const TransportSurroundings& with_;
  PlatformMemory& memory_;  // of the thread alone, as what follows

  Way* way_ = nullptr;
  const FrameLanguage& language_ = platform_language();
  const std::unique_ptr<FrameReader> reader_ = language_.reader();
  std::string awaited_;                 // QN
  std::optional<std::string> verdict_;  // on it; empty: it is acknowledged
  std::vector<Request> requests_;
  std::optional<Answer> answer_;
  bool is_connected_ = false;
  bool has_heard_ = false;

  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_idle_ = false;
  std::atomic<bool> is_served_ = false;
  std::atomic<bool> has_waiting_ = false;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
  std::jthread thread_;          // last: it uses all of the above
};

// "tcp://192.0.2.1:5017"
std::optional<HostPort> platform_at(std::string_view url) {
  constexpr std::string_view scheme = "tcp://";
  if (!url.starts_with(scheme)) return std::nullopt;
  auto at = parse_host_port(url.substr(scheme.size()));
  return at && at->port.value_or(0) > 0 ? at : std::nullopt;
}

constexpr auto check_names =
    std::to_array<std::string_view>({"hj212", "modbus", "hj212-swapped", "modbus-swapped", "auto"});

// In the order of the language's.
std::optional<std::size_t> check_named(std::string_view name) {
  const auto found = std::ranges::find(check_names, name);
  if (name == "auto" || found == check_names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - check_names.begin());
}

bool is_platform_told(const Settings& settings, std::string_view frame) {
  const std::vector<std::string>& frames = settings.texts("hj212_frames");
  return frames.empty() || std::ranges::find(frames, frame) != frames.end();
}

class Hj212Transport final : public Transport {
 public:
  Hj212Transport(SinkSettings sink, TransportSurroundings surroundings)
      : sink_(std::move(sink)),
        with_(std::move(surroundings)),
        memory_(Hj212Minutes(std::chrono::minutes(sink_.settings.integer("minute_interval")),
                             platform_language(),
                             platform_language().factors(sink_.settings.texts("codes")))) {}

  [[nodiscard]] std::string far_end() const override {
    const auto at = platform_at(sink_.address);
    return at ? "platform " + authority_of(at->host, *at->port) : "platform";
  }
  [[nodiscard]] std::string quarrel() const override {
    return "; perhaps another one connects with the same \"mn\", or \"crc\" or the password is not "
           "what the platform has";
  }

  [[nodiscard]] std::optional<Server> server() const override {
    const auto at = platform_at(sink_.address);
    if (!at) return std::nullopt;
    return Server{.host = at->host, .port = *at->port};
  }

  std::optional<Ending> connect(std::uint64_t connection) override {
    const auto at = server();
    if (!at) return Ending{Ending::Kind::denied, "address is not understood"};
    const Settings& settings = sink_.settings;
    std::string pw = "123456";
    if (!settings.text("password_file").empty()) {
      auto secret = read_secret({.name = settings.text("password_file"),
                                 .place = sink_.secret_places.place_of("password_file")},
                                sink_.configuration_directory);
      if (!secret) return Ending{Ending::Kind::denied, secret.error()};
      pw = *std::move(secret);
    }
    abandon();
    connection_ = connection;
    conversation_ = std::make_unique<PlatformConversation>(
        Platform{.server = *at,
                 .name = far_end(),
                 .sink = sink_.id,
                 .mn = settings.text("mn"),
                 .st = settings.text("st"),
                 .pw = std::move(pw),
                 .check = check_named(settings.text("crc")),
                 .logs_in = settings.boolean("login"),
                 .tells_samples = is_platform_told(settings, "2011"),
                 .tells_minutes = is_platform_told(settings, "2051"),
                 .labels_end = settings.text("data_time") == "end",
                 .answered_within = settings.duration("answered_within"),
                 .resent = static_cast<int>(settings.integer("resent"))},
        connection, with_, memory_);
    return std::nullopt;
  }
  void explain(TransportEvent&) override {}  // all is said when it is posted

  void send(Place place, Message message) override {
    if (!conversation_) throw TransportError("the connection to " + far_end() + " is gone");
    conversation_->send(place, std::move(message));
  }
  // It remembers nothing of ours.
  void ask(const std::string&) override {}
  void stop_asking(const std::string&) override {}
  void listen(const std::string&, bool /*acknowledged*/) override {
    if (conversation_) conversation_->serve();
  }
  void disconnect() override {}
  void abandon() override {
    if (!std::exchange(conversation_, nullptr)) return;
    with_.inbox->post({.kind = TransportEvent::Kind::closed, .connection = connection_});
  }

 private:
  const SinkSettings sink_;
  const TransportSurroundings with_;
  PlatformMemory memory_;  // of the conversation's thread
  std::uint64_t connection_ = 0;
  std::unique_ptr<PlatformConversation> conversation_;  // last: it uses all of the above
};

// ---- the descriptor -----------------------------------------------------------------------------

constexpr auto platform_schemes = std::to_array<std::string_view>({"tcp"});

using enum SettingKind;
// clang-format off
constexpr auto platform_settings = std::to_array<Setting>({
  {.name = "mn", .kind = text, .documentation = "The number by which the platform knows this station (MN), of 1 to 24 characters.", .required = true},
  {.name = "st", .kind = text, .documentation = "What kind of station it is (ST): 22 ambient air, 39 dust of building sites, 23 noise.", .fallback = "22"},
  {.name = "password_file", .kind = path, .documentation = "The file with the password that each frame has (PW): a path, or the name of a systemd credential or of a file beside this one; without this setting it is 123456.", .secret = true},
  {.name = "crc", .kind = choice, .documentation = "How the check of a frame is reckoned: by the standard's annex A or as Modbus has it, its bytes perhaps swapped; auto does as the platform does, and tries one after the other while it says nothing.", .fallback = "hj212", .choices = check_names},
  {.name = "login", .kind = boolean, .documentation = "Whether the platform wants a login (9021) first, as in HJ/T 212-2005.", .fallback = "false"},
  {.name = "answered_within", .kind = duration, .documentation = "How long the platform may take to acknowledge a frame (OverTime).", .fallback = "5s", .lower = 500, .upper = 300'000},
  {.name = "resent", .kind = integer, .documentation = "How often a frame is sent again that was not acknowledged (ReCount), before the connection is given up.", .fallback = "3", .lower = 0, .upper = 10},
});
// clang-format on

std::vector<SinkProblem> check_platform(SinkSettings& sink, const std::set<std::string_view>&) {
  std::vector<SinkProblem> problems;
  if (sink.format->name != sink.transport->format) {
    problems.push_back({"format", in_quotes(sink.format->name) + " does not go there, expected \"" +
                                      std::string(sink.transport->format) + "\""});
  }
  if (!sink.address.empty() && !platform_at(sink.address)) {
    problems.push_back({"hj212", shown({.kind = url}, sink.address) +
                                     " is not where a platform is, expected its address with a "
                                     "port, such as \"tcp://192.0.2.1:5017\""});
  }
  const auto text_in = [&](std::string_view name) {  // what is not there has been told of already
    return sink.settings.has(name) ? sink.settings.text(name) : std::string();
  };
  const std::string mn = text_in("mn");
  constexpr std::size_t longest = 24;
  const bool is_plain = std::ranges::all_of(mn, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (!mn.empty() && (!is_plain || mn.size() > longest)) {
    problems.push_back({"mn", in_quotes(mn) + " is no number of a station, expected up to 24 "
                                              "letters, digits, \"-\" and \"_\""});
  }
  const std::string st = text_in("st");
  const bool is_kind =
      st.size() == 2 && std::ranges::all_of(st, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_kind && sink.settings.has("st")) {
    problems.push_back(
        {"st", in_quotes(st) + " is no kind of station, expected two digits such as \"22\""});
  }
  return problems;
}

}  // namespace

extern const TransportInfo hj212_transport = {
    .name = "hj212",
    .schemes = platform_schemes,
    .documentation =
        "A platform that takes frames of HJ 212-2017: its address, such as "
        "tcp://192.0.2.1:5017.",
    .settings = platform_settings,
    .format = "hj212",
    .check = check_platform,
    .make = [](const SinkSettings& sink,
               TransportSurroundings surroundings) -> std::unique_ptr<Transport> {
      return std::make_unique<Hj212Transport>(sink, std::move(surroundings));
    },
};

}  // namespace twinsky
