// SPDX-License-Identifier: Apache-2.0
// HTTP(S): each message is posted to the address with its destination behind it, and has arrived
// when the answer is 2xx. One request at a time, in order, over a connection that stays open.
//
// A destination that begins with "#" is a fragment, which by the rules of addresses (RFC 3986, 3.5)
// nobody sends: such messages all go to the address itself.
//
// What an answer means (RFC 9110, 15): 413 is a message that is too large; 400, 409, 422 and other
// 4xx are said of this message, which is refused. 401, 403, 404, 405, 407, 410 and redirects are of
// our token or address: a person has to do something, and until then nothing goes. 408, 425, 429,
// 5xx, silence and whatever breaks are the end of a connection, after which what was under way goes
// again. Only a message whose answer was missing can have arrived already: at most one for each
// connection.
#include "gateway/config/secret_keys.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/host_port.hpp"
#include "gateway/sinks/transport.hpp"
#include "gateway/sinks/transports/endpoint.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/system/http_line.hpp"
#include "gateway/system/proxy.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds server_reached_within = 10s;
// What is under way is watched here: the session need not.
constexpr milliseconds answered_in_the_end = 24h;
// Two of them are kept for what is no record.
constexpr std::size_t requests_waiting = 4;
constexpr milliseconds longest_rest = 1h;  // that a server may ask for

// Where it goes: "https://platform.example.org:8443/api?db=air".
struct WebAddress {
  bool tls = false;
  HostPort authority;
  std::string path;   // "/api"; empty: none
  std::string query;  // "?db=air"; empty: none
};

std::optional<WebAddress> web_address_of(std::string_view url) {
  WebAddress address{.tls = url.starts_with("https://"), .authority = {}, .path = {}, .query = {}};
  if (!address.tls && !url.starts_with("http://")) return std::nullopt;
  const bool is_printable =
      std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '#'; });
  if (!is_printable) return std::nullopt;
  std::string_view rest = url.substr(url.find("//") + 2);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  const auto at = parse_host_port(authority);
  if (!at || at->port == 0) return std::nullopt;
  address.authority = *at;
  std::string_view path = rest.substr(0, rest.find('?'));
  address.query = rest.substr(path.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  address.path = path;
  return address;
}

int port_of(const WebAddress& address) {
  constexpr int usual = 80;
  constexpr int usual_with_tls = 443;
  return address.authority.port.value_or(address.tls ? usual_with_tls : usual);
}

// What stands in an address as it is: the signs of a path (RFC 3986, 3.3); others by their number.
std::string in_path(std::string_view destination) {
  constexpr std::string_view signs = "-._~!$&'()*+,;=:@/";
  std::string path;
  for (const char c : destination) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || signs.find(c) != std::string_view::npos;
    if (is_plain) {
      path += c;
    } else {
      path += '%';
      append_hexadecimal(path, static_cast<unsigned char>(c), 2);
    }
  }
  return path;
}

std::string url_of(const WebAddress& address, std::string_view destination) {
  std::string url = address.tls ? "https://" : "http://";
  url += authority_of(address.authority.host, port_of(address));
  url += address.path;
  if (destination.starts_with('#')) {
    if (address.path.empty()) url += '/';
  } else {
    if (!destination.starts_with('/')) url += '/';
    url += in_path(destination);
  }
  return url += address.query;
}

std::string base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    unsigned three = 0;
    for (std::size_t byte = at; byte < at + 3; ++byte) {
      three = three << 8U | (byte < text.size() ? static_cast<unsigned char>(text[byte]) : 0U);
    }
    for (const unsigned shift : {18U, 12U, 6U, 0U}) encoded += digits[three >> shift & 63U];
  }
  const std::size_t missing = (3 - text.size() % 3) % 3;
  encoded.replace(encoded.size() - missing, missing, missing, '=');
  return encoded;
}

std::string header_with_token(std::string_view scheme, std::string_view token) {
  if (scheme.starts_with("X-")) return std::string(scheme).append(": ").append(token);
  const std::string shown_as = scheme == "Basic" ? base64(token) : std::string(token);
  return std::string("Authorization: ").append(scheme).append(" ").append(shown_as);
}

struct WebServer {
  Server server;
  WebAddress address;
  std::string name;  // "HTTP server platform.example.org:8443"
  std::string token;
  std::string token_place;  // where the configuration names its file; empty: there is none
  std::vector<std::string> headers;
  milliseconds answered_within{};
};

// The rest of the connection's life, or of a message's.
struct Verdict {
  TransportEvent::Kind kind{};  // arrived, refused, or lost
  Ending ending = {};
  std::string text = {};  // of a refusal
  bool is_too_large = false;
};

// One connection: a thread that posts what waits.
class Courier {
 public:
  // `is_doubted`: what was said of the server last was no good, and nothing has arrived since.
  Courier(WebServer web, std::uint64_t connection, const TransportSurroundings& with,
          std::atomic<bool>& is_doubted)
      : web_(std::move(web)),
        connection_(connection),
        with_(with),
        is_doubted_(is_doubted),
        thread_([this](const std::stop_token& stop) { run(stop); }) {
    ::pthread_setname_np(thread_.native_handle(), "http");
  }

  void send(Place place, Message message) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({place, std::move(message)});
    }
    changed_.notify_one();
  }

 private:
  struct Waiting {
    Place place = 0;
    Message message;
  };

  void run(const std::stop_token& stop) {
    try {
      deliver_all(stop);
    } catch (const std::exception& error) {
      post({.kind = TransportEvent::Kind::lost,
            .ending = {.kind = Ending::Kind::lost, .words = web_.name + ": " + error.what()}});
    }
  }

  void deliver_all(const std::stop_token& stop) {
    // A proxy need not let through what only tries: there the first message tells.
    const bool is_proxied = !web_.server.proxy.empty();
    if (!is_proxied && !is_reached(stop)) return;
    post({.kind = TransportEvent::Kind::connected,
          .text = web_.name,
          .limits = {.places = requests_waiting,
                     .acknowledge_within = answered_in_the_end,
                     .can_retain = false,
                     .can_expire = false,
                     .is_in_doubt = is_doubted_ || is_proxied}});
    HttpLine line(web_.server, web_.answered_within, "twinsky/" TWINSKY_VERSION);
    while (const auto next = next_waiting(stop)) {
      const HttpReply reply = line.exchange({.url = url_of(web_.address, next->message.destination),
                                             .headers = headers_of(next->message),
                                             .body = next->message.payload},
                                            stop);
      if (reply.is_stopped && stop.stop_requested()) return;
      Verdict verdict = verdict_of(reply);
      is_doubted_ = verdict.kind == TransportEvent::Kind::lost;
      post({.kind = verdict.kind,
            .place = next->place,
            .code = reply.status,
            .text = std::move(verdict.text),
            .ending = std::move(verdict.ending),
            .is_too_large = verdict.is_too_large,
            .remedy = "look there for what it does not like"});
      if (is_doubted_) return;
    }
  }

  // Says so where it is not.
  bool is_reached(const std::stop_token& stop) {
    const auto unreached =
        try_to_reach(web_.server, server_reached_within, [&stop] { return stop.stop_requested(); });
    if (!unreached || stop.stop_requested()) return !unreached;
    post({.kind = TransportEvent::Kind::failed,
          .ending = {.kind = Ending::Kind::unreachable,
                     .words = web_.name + ": " + text_of(*unreached)}});
    return false;
  }

  std::optional<Waiting> next_waiting(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return std::nullopt;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

  [[nodiscard]] std::vector<std::string> headers_of(const Message& message) const {
    std::vector<std::string> headers = web_.headers;
    const std::string_view type =
        message.content_type.empty() ? "text/plain" : message.content_type;
    headers.push_back(std::string("Content-Type: ").append(type));
    return headers;
  }

  [[nodiscard]] Verdict verdict_of(const HttpReply& reply) const {
    const int status = reply.status;
    if (status == 0) return over(Ending::Kind::lost, web_.name + ": " + reply.problem);
    if (status < 300) return {.kind = TransportEvent::Kind::arrived};
    const std::string says = std::to_string(status) + words_in(reply.body);
    if (status == 401 || status == 403) return over(Ending::Kind::denied, about_token(says));
    if (status == 407) {
      return over(Ending::Kind::denied, "the proxy to " + web_.name + " wants a login: " + says);
    }
    if (status < 400) {
      return over(Ending::Kind::denied,
                  web_.name + " says that it is elsewhere (" + says + "): change the address");
    }
    if (status == 404 || status == 405 || status == 410) {
      return over(Ending::Kind::denied,
                  web_.name + " has nothing there (" + says + "): is this its address?");
    }
    if (status >= 500 || status == 408 || status == 425 || status == 429) {
      Verdict verdict = over(Ending::Kind::lost, web_.name + " cannot take it now: " + says);
      verdict.ending.rest_at_least = std::min(reply.retry_after, longest_rest);
      return verdict;
    }
    return {.kind = TransportEvent::Kind::refused, .text = says, .is_too_large = status == 413};
  }

  static Verdict over(Ending::Kind kind, std::string words) {
    return {.kind = TransportEvent::Kind::lost,
            .ending = {.kind = kind, .words = std::move(words)}};
  }

  [[nodiscard]] std::string about_token(const std::string& says) const {
    if (web_.token_place.empty()) {
      return web_.name + " wants to know who we are (" + says +
             "): say in \"token_file\" which file has a token";
    }
    return web_.name + " refuses our token (" + says +
           "): put one that may write there into the file that " + web_.token_place + " names";
  }

  // What it says, for people; nothing where it says our token.
  [[nodiscard]] std::string words_in(const std::string& body) const {
    constexpr std::size_t longest = 200;
    const bool shows_token = !web_.token.empty() && body.find(web_.token) != std::string::npos;
    if (body.empty() || shows_token) return {};
    return " (" + one_line(body.substr(0, longest)) + (body.size() > longest ? "…)" : ")");
  }

  void post(TransportEvent event) {
    event.connection = connection_;
    with_.inbox->post(std::move(event));
  }

  const WebServer web_;
  const std::uint64_t connection_;
  const TransportSurroundings& with_;
  std::atomic<bool>& is_doubted_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
  std::jthread thread_;          // last: it uses all of the above
};

class Http final : public Transport {
 public:
  Http(SinkSettings sink, TransportSurroundings surroundings)
      : sink_(std::move(sink)),
        with_(std::move(surroundings)),
        address_(web_address_of(sink_.address)),
        proxies_(Proxies::of_environment()) {
    if (sink_.settings.boolean("verify")) return;
    with_.log.warning("sink " + sink_.id,
                      "verify is off: anybody on the way can read the token and all that is sent");
  }

  [[nodiscard]] std::string far_end() const override {
    if (!address_) return "HTTP server";
    return "HTTP server " + authority_of(address_->authority.host, port_of(*address_));
  }
  [[nodiscard]] std::string quarrel() const override { return {}; }

  [[nodiscard]] std::optional<Server> server() const override {
    if (!address_) return std::nullopt;
    Server server{
        .host = address_->authority.host, .port = port_of(*address_), .tls = address_->tls};
    server.verify = sink_.settings.boolean("verify");
    if (const std::string ca_file = path_in("ca_file"); !ca_file.empty()) {
      server.ca_file = (std::filesystem::path(sink_.configuration_directory) / ca_file)
                           .lexically_normal()
                           .string();
    }
    server.proxy = proxies_.proxy_for(server.tls ? "https" : "http", server.host);
    return server;
  }

  std::optional<Ending> connect(std::uint64_t connection) override {
    const auto at = server();
    if (!at) return Ending{Ending::Kind::denied, "address is not understood"};
    WebServer web{.server = *at,
                  .address = *address_,
                  .name = far_end(),
                  .token = {},
                  .token_place = {},
                  .headers = sink_.settings.texts("headers"),
                  .answered_within = sink_.settings.duration("answer_within")};
    if (const std::string file = path_in("token_file"); !file.empty()) {
      web.token_place = sink_.secret_places.place_of("token_file");
      auto token =
          read_secret({.name = file, .place = web.token_place}, sink_.configuration_directory);
      if (!token) return Ending{Ending::Kind::denied, token.error()};
      web.token = std::move(*token);
      web.headers.push_back(header_with_token(sink_.settings.text("token_scheme"), web.token));
    }
    abandon();
    connection_ = connection;
    courier_ = std::make_unique<Courier>(std::move(web), connection, with_, is_doubted_);
    return std::nullopt;
  }
  void explain(TransportEvent&) override {}  // all is said when it is posted

  void send(Place place, Message message) override {
    if (!courier_) throw TransportError("the connection to " + far_end() + " is gone");
    courier_->send(place, std::move(message));
  }
  // It remembers nothing that could be asked for.
  void ask(const std::string& destination) override {
    with_.inbox->post(
        {.kind = TransportEvent::Kind::not_asked, .connection = connection_, .text = destination});
  }
  void stop_asking(const std::string&) override {}
  void disconnect() override {}
  void abandon() override {
    if (!std::exchange(courier_, nullptr)) return;
    with_.inbox->post({.kind = TransportEvent::Kind::closed, .connection = connection_});
  }

 private:
  // Empty: it is not set.
  [[nodiscard]] std::string path_in(std::string_view setting) const {
    return sink_.settings.has(setting) ? sink_.settings.text(setting) : "";
  }

  const SinkSettings sink_;
  const TransportSurroundings with_;
  const std::optional<WebAddress> address_;
  const Proxies proxies_;
  std::atomic<bool> is_doubted_ = false;
  std::uint64_t connection_ = 0;
  std::unique_ptr<Courier> courier_;  // last: it uses all of the above
};

// ---- the descriptor -----------------------------------------------------------------------------

constexpr auto schemes_of_http = std::to_array<std::string_view>({"http", "https"});
constexpr auto token_schemes =
    std::to_array<std::string_view>({"Bearer", "Token", "Basic", "X-Api-Key", "X-Auth-Token"});

using enum SettingKind;
constexpr double second_in_ms = 1000;
// clang-format off
constexpr auto http_settings = std::to_array<Setting>({
  {.name = "token_file", .kind = path, .documentation = "The file with the token, or with user:password for Basic: a path, or the name of a systemd credential or of a file beside this one.", .secret = true},
  {.name = "token_scheme", .kind = choice, .documentation = "How the token is shown to the server: behind this word in the header Authorization, or in a header of this name.", .fallback = "Bearer", .choices = token_schemes},
  {.name = "headers", .kind = texts, .documentation = "Further headers of each request that are no secret, such as \"Fiware-Service: city\"."},
  {.name = "ca_file", .kind = path, .documentation = "The certificate authority to trust instead of the system's; needs https."},
  {.name = "verify", .kind = boolean, .documentation = "Whether the server must prove who it is; off only for a first try.", .fallback = "true"},
  {.name = "answer_within", .kind = duration, .documentation = "A request that has no answer by then is given up.", .fallback = "30s", .lower = second_in_ms, .upper = 300 * second_in_ms},
});
// clang-format on

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return lower;
}

// What is wrong with a further header; empty: nothing. What it says is never repeated: people write
// secrets there.
std::string_view wrong_in_header(std::string_view header) {
  const std::size_t colon = header.find(": ");
  const std::string name = lower_case(header.substr(0, colon));
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  const bool is_one_line =
      std::ranges::none_of(header, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (colon == std::string_view::npos || !is_name || !is_one_line) {
    return "one of them is no header, expected such as \"Fiware-Service: city\"";
  }
  for (const std::string_view word : {"auth", "token", "key", "cookie", "password", "secret"}) {
    if (name.find(word) != std::string::npos) {
      return "one of them looks like a secret, expected its text in the file of token_file";
    }
  }
  for (const std::string_view own : {"content-type", "content-length", "host", "user-agent",
                                     "transfer-encoding", "connection", "expect"}) {
    if (name == own) return "one of them is the gateway's own, expected another one";
  }
  return {};
}

// The names of what stands behind the "?".
template <class Each>
void for_each_parameter(std::string_view query, Each each) {
  while (!query.empty()) {
    query.remove_prefix(1);  // "?" or "&"
    const std::string_view one = query.substr(0, query.find('&'));
    each(one.substr(0, one.find('=')));
    query.remove_prefix(one.size());
  }
}

void check_http_address(const SinkSettings& sink, const std::set<std::string_view>& given,
                        std::vector<SinkProblem>& problems) {
  if (sink.address.empty()) return;
  const auto address = web_address_of(sink.address);
  if (!address) {
    problems.push_back({"http", shown({.kind = url}, sink.address) +
                                    " is no server's address, expected one such as "
                                    "\"https://platform.example.org/api\""});
    return;
  }
  for_each_parameter(address->query, [&](std::string_view name) {
    if (name != "p" && !is_word_for_secret(name)) return;
    problems.push_back({"http",
                        "the address has a secret behind its \"?\", expected it in the file of "
                        "\"token_file\""});
  });
  if (address->tls) return;
  for (const std::string_view key : {"ca_file", "verify"}) {
    if (!given.contains(key)) continue;
    problems.push_back({key,
                        in_quotes(key) + " has no effect on an unencrypted connection, expected an "
                                         "address that begins with https://",
                        true});
  }
}

std::vector<SinkProblem> check_http(SinkSettings& sink, const std::set<std::string_view>& given) {
  std::vector<SinkProblem> problems;
  check_http_address(sink, given, problems);
  if (given.contains("token_scheme") && !given.contains("token_file")) {
    problems.push_back({"token_scheme",
                        in_quotes("token_scheme") + " stands alone, expected \"token_file\" "
                                                    "beside it",
                        true});
  }
  if (sink.settings.has("headers")) {
    for (const std::string& header : sink.settings.texts("headers")) {
      const std::string_view wrong = wrong_in_header(header);
      if (!wrong.empty()) problems.push_back({"headers", std::string(wrong)});
    }
  }
  // Nobody listens there, and nobody can ask.
  for (const std::string_view key :
       {"home_assistant", "home_assistant_prefix", "replay_for", "replay_records_per_hour"}) {
    if (!declares(sink.format->settings, key)) continue;
    if (!given.contains(key)) continue;
    problems.push_back(
        {key, in_quotes(key) + " has no effect over http, expected a sink with \"mqtt\"", true});
  }
  if (declares(sink.format->settings, "home_assistant")) {
    sink.settings.set("home_assistant", false);
  }
  return problems;
}

}  // namespace

extern const TransportInfo http_transport = {
    .name = "http",
    .schemes = schemes_of_http,
    .documentation =
        "The HTTP(S) server that each message is posted to, such as "
        "https://platform.example.org/api: its address, behind which the format puts where the "
        "message goes.",
    .settings = http_settings,
    .check = check_http,
    .make = [](const SinkSettings& sink,
               TransportSurroundings surroundings) -> std::unique_ptr<Transport> {
      return std::make_unique<Http>(sink, std::move(surroundings));
    },
};

}  // namespace twinsky
