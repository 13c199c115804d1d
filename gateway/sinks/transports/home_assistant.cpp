// SPDX-License-Identifier: Apache-2.0
// Home Assistant's own websocket (`/api/websocket`), over which its long-term statistics are
// completed: it asks who we are, a token answers, and then each command gets a result. Nothing but
// results is ever asked for, so one thread for each connection says a command, hears its result,
// and sleeps until there is something to say again.
//
// When an hour may go there (components/recorder/statistics.py and core.py of home-assistant/core):
// each hour is compiled ten seconds after its end, of all entities in one transaction, which fails
// as a whole where one of the rows is there already. Whoever imports an hour before that takes the
// hour from all other entities. After a start the same is done for all the hours of which Home
// Assistant knows nothing, also in one. So an hour waits until it is surely compiled, and a new
// connection until Home Assistant has started, which it tells, and its recorder has had the time to
// begin.
//
// That a command succeeded means that the recorder has it in its queue, which a crash empties; it
// tells no more.
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/host_port.hpp"
#include "gateway/sinks/transport.hpp"
#include "gateway/sinks/transports/endpoint.hpp"
#include "gateway/sinks/transports/statistics_import.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/system/reach.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <pthread.h>
#include <set>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

namespace websocket = boost::beast::websocket;
using namespace std::chrono_literals;

constexpr std::string_view path_of_websocket = "/api/websocket";
constexpr int usual_port = 8123;
constexpr milliseconds connected_within = 10s;
// For each byte of an answer, and for all of it.
constexpr milliseconds answered_within = 20s;
constexpr milliseconds wholly_answered_within = 1min;
// It hangs up on a connection that has been silent for 55 s.
constexpr milliseconds ping_every = 30s;
// After the end of an hour, whose compilation begins ten seconds after it by the other clock.
constexpr milliseconds compiled_within = 5min;
// After Home Assistant has started.
constexpr milliseconds caught_up_within = 10s;
// What is under way is watched here, and may have to wait for its hour: the session need not.
constexpr milliseconds acknowledged_within = 24h;
// Two of them are kept for what is no record, of which there is none.
constexpr std::size_t messages_under_way = 4;
constexpr std::size_t most_said_at_once = 512U << 10U;  // its configuration has all its components
constexpr int most_unasked = 100;                       // that come before an answer

// The connection is over, for these reasons.
struct Over {
  Ending::Kind kind{};
  std::string words;
};
// It was asked to end.
struct Stopped {};

// What Boost's websocket reads from and writes to.
class WayStream {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  explicit WayStream(Way& way) : way_(way) {}
  executor_type get_executor() { return context_.get_executor(); }  // that never runs anything

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& problem) {
    return take(buffers, problem, [this](const boost::asio::mutable_buffer& buffer) {
      return way_.receive({static_cast<char*>(buffer.data()), buffer.size()});
    });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& problem) {
    return take(buffers, problem, [this](const boost::asio::const_buffer& buffer) {
      return way_.send({static_cast<const char*>(buffer.data()), buffer.size()});
    });
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code problem;
    const std::size_t bytes = read_some(buffers, problem);
    if (problem) throw boost::system::system_error(problem);
    return bytes;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code problem;
    const std::size_t bytes = write_some(buffers, problem);
    if (problem) throw boost::system::system_error(problem);
    return bytes;
  }

 private:
  template <class Buffers, class Step>
  static std::size_t take(const Buffers& buffers, boost::system::error_code& problem,
                          const Step& step) {
    problem = {};
    for (auto each = boost::asio::buffer_sequence_begin(buffers);
         each != boost::asio::buffer_sequence_end(buffers); ++each) {
      const auto buffer = *each;
      if (buffer.size() == 0) continue;
      const auto bytes = step(buffer);
      if (bytes) return *bytes;
      problem = problem_of(bytes.error());
      return 0;
    }
    return 0;
  }

  static boost::system::error_code problem_of(Way::End end) {
    if (end == Way::End::silent) return boost::asio::error::timed_out;
    if (end == Way::End::stopped) return boost::asio::error::operation_aborted;
    return boost::asio::error::eof;
  }

  boost::asio::io_context context_;
  Way& way_;
};

// What Boost asks of a stream before it lets it go: nothing, since whoever has the way closes it.
[[maybe_unused]] void teardown(boost::beast::role_type, WayStream&,
                               boost::system::error_code& problem) {
  problem = {};
}
[[maybe_unused]] void beast_close_socket(WayStream&) {}

struct Home {
  Server server;
  std::string name;  // "Home Assistant homeassistant.local:8123"
  std::string token;
  std::string sink;  // of the log
};

// One connection.
class Conversation {
 public:
  Conversation(Home home, std::uint64_t connection, const TransportSurroundings& with,
               std::set<std::string>& told)
      : home_(std::move(home)), connection_(connection), with_(with), told_(told), thread_([this] {
          run();
        }) {
    ::pthread_setname_np(thread_.native_handle(), "home assistant");
  }
  ~Conversation() {
    is_stopped_ = true;
    { const std::lock_guard lock(mutex_); }
    changed_.notify_one();
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void send(Place place, const Message& message) {
    auto orders = import_orders(message.payload);
    // No longer than that where the clock was set back since.
    const auto until_compiled =
        std::clamp(end_of(orders) + compiled_within - with_.clock.utc(), 0ms, compiled_within);
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({.place = place,
                          .orders = std::move(orders),
                          .due_at = with_.clock.now() + until_compiled});
    }
    changed_.notify_one();
  }

 private:
  using Stream = websocket::stream<WayStream, false>;
  struct Waiting {
    Place place = 0;
    std::vector<ImportOrder> orders;
    MonotonicTime due_at{};  // not before
  };

  // ---- the thread -------------------------------------------------------------------------------

  void run() {
    try {
      converse();
    } catch (const Over& over) {
      end(over.kind, over.words);
    } catch (const Stopped&) {
    } catch (const std::exception& error) {
      end(Ending::Kind::lost, home_.name + ": " + error.what());
    }
  }

  void converse() {
    auto way = open_way(home_.server, connected_within,
                        [this] { return is_stopped_ || with_.clock.now() >= answered_by_; });
    if (!way) {
      if (is_stopped_) throw Stopped{};
      throw Over{Ending::Kind::unreachable, home_.name + ": " + text_of(way.error())};
    }
    (*way)->set_patience(answered_within);
    Stream stream(**way);
    stream_ = &stream;
    enter();
    with_.inbox->post(
        {.kind = TransportEvent::Kind::connected,
         .connection = connection_,
         .text = version_text_ + " at " + authority_of(home_.server.host, home_.server.port),
         .limits = {.places = messages_under_way,
                    .acknowledge_within = acknowledged_within,
                    .can_retain = false,
                    .can_expire = false}});
    is_connected_ = true;
    settled_at_ = with_.clock.now() + caught_up_within;
    while (true) {
      if (auto message = next()) {
        deliver(*message);
      } else {
        (void)answer_to(Json({{"type", "ping"}}));
      }
    }
  }

  // The next message whose time has come; nothing: it is time for a ping.
  std::optional<Waiting> next() {
    const MonotonicTime ping_at = with_.clock.now() + ping_every;
    std::unique_lock lock(mutex_);
    while (true) {
      if (is_stopped_) throw Stopped{};
      const MonotonicTime now = with_.clock.now();
      const MonotonicTime due =
          waiting_.empty() ? MonotonicTime::max() : std::max(settled_at_, waiting_.front().due_at);
      if (due <= now) {
        Waiting message = std::move(waiting_.front());
        waiting_.pop_front();
        return message;
      }
      if (now >= ping_at) return std::nullopt;
      with_.clock.wait(lock, changed_, std::min(due, ping_at));
    }
  }

  // ---- entering ---------------------------------------------------------------------------------

  void enter() {
    answered_by_ = with_.clock.now() + wholly_answered_within;
    stream_->read_message_max(most_said_at_once);
    websocket::response_type answer;
    boost::system::error_code problem;
    stream_->handshake(answer, authority_of(home_.server.host, home_.server.port),
                       std::string(path_of_websocket), problem);
    if (problem == websocket::error::upgrade_declined) {
      throw Over{Ending::Kind::unreachable,
                 home_.name + " answers HTTP " + std::to_string(answer.result_int()) +
                     " where its websocket should be: is this its address?"};
    }
    check(problem);
    const Json greeting = hear();
    if (greeting.text_of("type") != "auth_required") throw strange();
    version_text_ = "Home Assistant " + shortened(greeting.text_of("ha_version"));
    version_ = home_assistant_version(greeting.text_of("ha_version"));
    say(Json({{"type", "auth"}, {"access_token", home_.token}}));
    const std::string verdict = hear().text_of("type");
    if (verdict == "auth_invalid") {
      throw Over{Ending::Kind::denied,
                 home_.name +
                     " refuses our token: make a new one in the profile of an "
                     "administrator there (Security, Long-lived access tokens)"};
    }
    if (verdict != "auth_ok") throw strange();
    check_readiness();
  }

  void check_readiness() {
    const Json configuration = result_of(Json({{"type", "get_config"}}));
    if (configuration.text_of("state") != "RUNNING") {
      throw Over{Ending::Kind::unreachable, home_.name + " has not started yet"};
    }
    const Json recorder = result_of(Json({{"type", "recorder/info"}}));
    const auto is_so = [&](std::string_view member) {
      const Json* const value = recorder.find(member);
      return value != nullptr && value->is_boolean() && value->get<bool>();
    };
    if (!is_so("recording") || !is_so("thread_running")) {
      throw Over{Ending::Kind::unreachable,
                 home_.name + " records nothing: look at its integration \"recorder\""};
    }
    if (is_so("migration_in_progress")) {
      throw Over{Ending::Kind::unreachable, home_.name + " is rebuilding its database"};
    }
  }

  // ---- one message ------------------------------------------------------------------------------

  void deliver(const Waiting& message) {
    Json ids = Json::array();
    for (const ImportOrder& order : message.orders) {
      ids.push_back(order.metadata.text_of("statistic_id"));
    }
    Json kept;
    if (!ids.empty()) {
      kept =
          result_of(Json({{"type", "recorder/get_statistics_metadata"}, {"statistic_ids", ids}}));
    }
    for (const ImportOrder& order : message.orders) {
      const auto command = import_command(order, kept_of(order, kept), version_);
      if (!command) {
        if (told_.insert(command.error()).second) {
          with_.log.warning("sink " + home_.sink, command.error());
        }
        continue;
      }
      const Json answer = answer_to(*command);
      if (is_success(answer)) continue;
      with_.inbox->post({.kind = TransportEvent::Kind::refused,
                         .connection = connection_,
                         .place = message.place,
                         .text = refusal_in(answer)});
      return;
    }
    with_.inbox->post(
        {.kind = TransportEvent::Kind::arrived, .connection = connection_, .place = message.place});
  }

  const Json* kept_of(const ImportOrder& order, const Json& kept) {
    const std::string id = order.metadata.text_of("statistic_id");
    if (kept.is_array()) {
      for (const Json& each : kept) {
        if (each.text_of("statistic_id") == id) return &each;
      }
    }
    if (told_.insert(id).second) {
      with_.log.notice("sink " + home_.sink, "there is no entity " + id +
                                                 " there yet: its hours are kept under that name");
    }
    return nullptr;
  }

  // ---- the protocol -----------------------------------------------------------------------------

  // The result of a command that must not fail.
  Json result_of(const Json& command) {
    Json answer = answer_to(command);
    if (!is_success(answer)) {
      throw Over{Ending::Kind::unreachable,
                 home_.name + " refuses " + command.text_of("type") + ": " + refusal_in(answer)};
    }
    const Json* const result = answer.find("result");
    return result == nullptr ? Json() : *result;
  }

  // What it answers to a command; what everything depends on ends the connection.
  Json answer_to(Json command) {
    const std::int64_t id = ++newest_id_;
    command["id"] = id;
    const std::string type = command.text_of("type");
    say(command);
    for (int unasked = 0; unasked < most_unasked; ++unasked) {
      Json answer = hear();
      const Json* const answered = answer.find("id");
      if (answered == nullptr || !answered->is_number_integer()) continue;
      if (answered->get<std::int64_t>() != id) continue;
      const Json* const error = answer.find("error");
      const std::string code = error == nullptr ? "" : error->text_of("code");
      if (code == "unauthorized") {
        throw Over{Ending::Kind::denied,
                   home_.name +
                       " lets only an administrator write statistics: make the token in "
                       "the profile of one"};
      }
      if (code == "unknown_command") {
        throw Over{Ending::Kind::denied, version_text_ + " does not know " + type +
                                             ": it needs 2024.11 or later, with its recorder"};
      }
      return answer;
    }
    throw strange();
  }

  static bool is_success(const Json& answer) {
    const Json* const success = answer.find("success");
    return success != nullptr && success->is_boolean() && success->get<bool>();
  }

  static std::string refusal_in(const Json& answer) {
    const Json* const error = answer.find("error");
    if (error == nullptr) return "no reason";
    return shortened(error->text_of("code")) + " (" + shortened(error->text_of("message")) + ")";
  }

  // Foreign text in a sentence of ours.
  static std::string shortened(std::string text) {
    constexpr std::size_t longest = 200;
    if (text.size() > longest) text = text.substr(0, longest) + "…";
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return text;
  }

  void say(const Json& message) {
    answered_by_ = with_.clock.now() + wholly_answered_within;
    boost::system::error_code problem;
    stream_->text(true);
    const std::string text = message.dump();
    stream_->write(boost::asio::buffer(text), problem);
    check(problem);
  }

  Json hear() {
    boost::beast::flat_buffer buffer(most_said_at_once);
    boost::system::error_code problem;
    stream_->read(buffer, problem);
    check(problem);
    const auto bytes = buffer.data();
    constexpr std::size_t deepest = 32;
    try {
      return Json::parse({static_cast<const char*>(bytes.data()), bytes.size()},
                         {.deepest = deepest});
    } catch (const JsonError&) {
      throw strange();
    }
  }

  void check(const boost::system::error_code& problem) const {
    if (!problem) return;
    if (is_stopped_) throw Stopped{};
    if (problem == boost::asio::error::timed_out) {
      throw Over{fault(), home_.name + " answers nothing for " + duration_text(answered_within)};
    }
    if (problem == boost::asio::error::operation_aborted) {
      throw Over{fault(),
                 home_.name + " gives no whole answer in " + duration_text(wholly_answered_within)};
    }
    if (problem == websocket::error::message_too_big ||
        problem == websocket::error::buffer_overflow) {
      throw Over{fault(), home_.name + " sends more than " +
                              std::to_string(most_said_at_once >> 10U) + " KiB in one message"};
    }
    if (problem == boost::asio::error::eof || problem == websocket::error::closed) {
      throw Over{fault(), "the connection to " + home_.name + " was closed"};
    }
    throw Over{fault(), home_.name + " does not keep to the protocol: " + problem.message()};
  }

  [[nodiscard]] Over strange() const {
    return {fault(), home_.name + " says what Home Assistant does not say: is this its address?"};
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

  const Home home_;
  const std::uint64_t connection_;
  const TransportSurroundings& with_;
  std::set<std::string>& told_;  // of the thread alone, as what follows

  Stream* stream_ = nullptr;
  std::string version_text_;
  HomeAssistantVersion version_;
  std::int64_t newest_id_ = 0;
  bool is_connected_ = false;
  MonotonicTime settled_at_{};
  MonotonicTime answered_by_ = MonotonicTime::max();

  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
  std::jthread thread_;          // last: it uses all of the above
};

// "http://homeassistant.local:8123", "https://[2001:db8::7]".
std::optional<Endpoint> endpoint_of(std::string_view url) {
  const bool is_encrypted = url.starts_with("https://");
  if (!is_encrypted && !url.starts_with("http://")) return std::nullopt;
  const auto at = parse_host_port(url.substr(url.find("//") + 2));
  if (!at || at->port == 0) return std::nullopt;
  return Endpoint{is_encrypted, at->host, at->port.value_or(is_encrypted ? 443 : usual_port),
                  at->is_address};
}

class HomeAssistant final : public Transport {
 public:
  HomeAssistant(SinkSettings sink, TransportSurroundings surroundings)
      : sink_(std::move(sink)), with_(std::move(surroundings)) {
    if (!sink_.settings.boolean("verify")) {
      with_.log.warning(
          "sink " + sink_.id,
          "verify is off: anybody on the way can read the token and all that is sent");
    }
  }

  [[nodiscard]] std::string far_end() const override {
    const auto endpoint = endpoint_of(sink_.address);
    return endpoint ? "Home Assistant " + authority_of(endpoint->host, endpoint->port)
                    : "Home Assistant";
  }
  [[nodiscard]] std::string quarrel() const override {
    return "; perhaps something on the way ends connections that last";
  }

  [[nodiscard]] std::optional<Server> server() const override {
    const auto endpoint = endpoint_of(sink_.address);
    if (!endpoint) return std::nullopt;
    Server server{.host = endpoint->host, .port = endpoint->port, .tls = endpoint->tls};
    server.verify = sink_.settings.boolean("verify");
    if (sink_.settings.has("ca_file") && !sink_.settings.text("ca_file").empty()) {
      server.ca_file =
          (std::filesystem::path(sink_.configuration_directory) / sink_.settings.text("ca_file"))
              .lexically_normal()
              .string();
    }
    return server;
  }

  std::optional<Ending> connect(std::uint64_t connection) override {
    const auto at = server();
    if (!at) return Ending{Ending::Kind::denied, "address is not understood"};
    auto token = read_secret({.name = sink_.settings.text("token_file"),
                              .place = sink_.secret_places.place_of("token_file")},
                             sink_.configuration_directory);
    if (!token) return Ending{Ending::Kind::denied, token.error()};
    abandon();
    connection_ = connection;
    conversation_ = std::make_unique<Conversation>(
        Home{.server = *at, .name = far_end(), .token = std::move(*token), .sink = sink_.id},
        connection, with_, told_);
    return std::nullopt;
  }
  void explain(TransportEvent&) override {}  // all is said when it is posted

  void send(Place place, Message message) override {
    if (!conversation_) throw TransportError("the connection to " + far_end() + " is gone");
    conversation_->send(place, message);
  }
  // It remembers nothing of ours.
  void ask(const std::string&) override {}
  void stop_asking(const std::string&) override {}
  void disconnect() override {}
  void abandon() override {
    if (!std::exchange(conversation_, nullptr)) return;
    with_.inbox->post({.kind = TransportEvent::Kind::closed, .connection = connection_});
  }

 private:
  const SinkSettings sink_;
  const TransportSurroundings with_;
  std::set<std::string> told_;  // of the conversation's thread
  std::uint64_t connection_ = 0;
  std::unique_ptr<Conversation> conversation_;  // last: it uses all of the above
};

// ---- the descriptor -----------------------------------------------------------------------------

constexpr auto web_schemes = std::to_array<std::string_view>({"http", "https"});

using enum SettingKind;
// clang-format off
constexpr auto home_settings = std::to_array<Setting>({
  {.name = "token_file", .kind = path, .documentation = "The file with a long-lived access token of an administrator there: a path, or the name of a systemd credential or of a file beside this one.", .required = true, .secret = true},
  {.name = "ca_file", .kind = path, .documentation = "The certificate authority to trust instead of the system's; needs https."},
  {.name = "verify", .kind = boolean, .documentation = "Whether Home Assistant must prove who it is; off only for a first try.", .fallback = "true"},
});
// clang-format on

std::vector<SinkProblem> check_home(SinkSettings& sink, const std::set<std::string_view>& given) {
  std::vector<SinkProblem> problems;
  if (sink.format->name != sink.transport->format) {
    problems.push_back({"format", in_quotes(sink.format->name) + " does not go there, expected \"" +
                                      std::string(sink.transport->format) + "\""});
  }
  if (sink.address.empty()) return problems;
  const auto endpoint = endpoint_of(sink.address);
  if (!endpoint) {
    problems.push_back({"home_assistant_api",
                        shown({.kind = url}, sink.address) +
                            " is not where Home Assistant is, expected its address without a path, "
                            "such as \"http://homeassistant.local:8123\""});
    return problems;
  }
  if (endpoint->tls) return problems;
  for (const std::string_view key : {"ca_file", "verify"}) {
    if (!given.contains(key)) continue;
    problems.push_back({key,
                        in_quotes(key) + " has no effect on an unencrypted connection, expected an "
                                         "address that begins with https://",
                        true});
  }
  return problems;
}

}  // namespace

extern const TransportInfo home_assistant_transport = {
    .name = "home_assistant_api",
    .schemes = web_schemes,
    .documentation =
        "Home Assistant, whose long-term statistics get the hours of the sensors: its "
        "address, such as http://homeassistant.local:8123.",
    .settings = home_settings,
    .format = "statistics",
    .check = check_home,
    .make = [](const SinkSettings& sink,
               TransportSurroundings surroundings) -> std::unique_ptr<Transport> {
      return std::make_unique<HomeAssistant>(sink, std::move(surroundings));
    },
};

}  // namespace twinsky
