// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/server.hpp"

#include "gateway/model/host_port.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <pthread.h>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace twinsky {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

// Of every answer: nothing foreign is loaded, nobody shows us in a frame, and what is said stays
// here.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
constexpr auto protections = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Content-Security-Policy", policy},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
});
constexpr milliseconds keep_alive_every = 8s;
// What still comes after a refusal is taken, or the client would not see it.
constexpr std::size_t most_taken_after_refusal = 262'144;
constexpr milliseconds taken_after_refusal_within = 2s;

using Parser = http::request_parser<http::string_body>;
using Text = std::shared_ptr<const std::string>;

std::string text_of(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

bool stands_once(const http::request<http::string_body>& message, http::field field) {
  const auto [begin, end] = message.equal_range(field);
  return begin != end && std::next(begin) == end;
}

std::string header(const http::request<http::string_body>& message, std::string_view name) {
  const auto found = message.find(name);
  return found == message.end() ? std::string() : std::string(found->value());
}

// Nothing where it is no request for us, whoever it was meant for.
std::optional<PageRequest> request_of(http::request<http::string_body>& message) {
  auto target = parse_target(message.target());
  if (!target || !stands_once(message, http::field::host)) return std::nullopt;
  PageRequest request;
  request.method = std::string(message.method_string());
  request.target = std::move(*target);
  request.host = header(message, "Host");
  request.origin = header(message, "Origin");
  request.fetch_site = header(message, "Sec-Fetch-Site");
  request.fetch_mode = header(message, "Sec-Fetch-Mode");
  request.authorization = header(message, "Authorization");
  request.content_type = header(message, "Content-Type");
  request.known_version = header(message, "If-None-Match");
  request.body = std::move(message.body());
  return request;
}

template <class Message>
void set_headers(Message& message, const PageAnswer& answer) {
  for (const auto& [name, value] : protections) message.set(name, value);
  message.set("Cache-Control", "no-store");
  for (const auto& [name, value] : answer.headers) message.set(name, value);
  message.set(http::field::content_type, answer.type);
}

PageAnswer answer_to_failure(error_code problem) {
  if (problem == http::error::header_limit) return refusal(431, "the request's header is too long");
  if (problem == http::error::body_limit) return refusal(413, "the request's body is too long");
  return refusal(400, "this is no request that is understood here");
}

// Did the other side say something, and it was wrong? Otherwise it has gone, or its time is over.
bool is_answered(error_code problem) {
  return problem.category() == http::make_error_code(http::error::bad_target).category() &&
         problem != http::error::end_of_stream && problem != http::error::partial_message;
}

}  // namespace

class PageServer::Thread {
 public:
  Thread(const std::string& listen, Surroundings surroundings, PageLimits limits)
      : listen_(listen),
        surroundings_(std::move(surroundings)),
        limits_(limits),
        guard_("local page", surroundings_.clock, surroundings_.log),
        acceptor_(loop_),
        again_(loop_),
        events_(loop_),
        thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), "page");
  }
  ~Thread() { request_stop(); }

  void request_stop() {
    stop_.request_stop();
    loop_.stop();
  }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }
  [[nodiscard]] int port() const { return port_; }

 private:
  class Session;

  void run() {
    guard_.turn([this] { listen(); });
    while (!loop_.stopped()) {
      if (!guard_.turn([this] { loop_.run_one(); })) guard_.pause(stop_.get_token());
    }
    has_stopped_ = true;
  }

  void listen();
  void accept();
  void try_again(const std::string& problem);
  void turn_away(tcp::socket& socket) const;
  void tell_streams();
  bool add_stream(const std::shared_ptr<Session>& session);
  [[nodiscard]] std::string event_text() const;
  PageAnswer answer(const PageRequest& request);

  const std::string listen_;
  const Surroundings surroundings_;
  const PageLimits limits_;
  Guard guard_;
  std::stop_source stop_;
  std::atomic<bool> has_stopped_ = false;
  std::atomic<int> port_ = 0;
  // The thread's own.
  std::size_t connections_ = 0;
  Text told_;  // to the streams, last
  milliseconds silence_{0};
  bool is_trouble_told_ = false;
  asio::io_context loop_{1};
  // It waits for what is to come, though nothing may be under way.
  const asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  std::vector<std::shared_ptr<Session>> streams_;
  tcp::acceptor acceptor_;
  asio::steady_timer again_;
  asio::steady_timer events_;
  std::jthread thread_;  // last: it uses all of the above
};

// A connection, which lives as long as something is under way on it.
class PageServer::Thread::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Thread& owner) : owner_(owner), stream_(std::move(socket)) {
    ++owner_.connections_;
    error_code unknown;
    peer_ = text_of(stream_.socket().remote_endpoint(unknown).address());
    local_ = text_of(stream_.socket().local_endpoint(unknown).address());
  }
  ~Session() { --owner_.connections_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(owner_.limits_.header_bytes));
    parser_->body_limit(owner_.limits_.body_bytes);
    stream_.expires_after(owner_.limits_.request_within);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code problem, std::size_t) { self->has_read(problem); });
  }

  // What is not out yet gives way to what is newer: a slow client misses some, and none waits.
  void tell(const Text& text) {
    next_ = text;
    if (!is_writing_) write_next();
  }
  void grow_older() {
    age_ += owner_.limits_.events_every;
    if (!is_writing_ && age_ >= owner_.limits_.stream_lasts) end_stream();
  }
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  void has_read(error_code problem) {
    if (problem && !is_answered(problem)) return close();
    if (problem) return refuse(answer_to_failure(problem));
    auto message = parser_->release();
    is_head_ = message.method() == http::verb::head;
    version_ = message.version();
    auto request = request_of(message);
    if (!request) return refuse(answer_to_failure({}));
    request->peer = peer_;
    request->local = local_;
    PageAnswer answer = owner_.answer(*request);
    if (!answer.is_stream || is_head_) return send(std::move(answer), message.keep_alive());
    begin_stream(answer);
  }

  void refuse(PageAnswer answer) {
    is_refused_ = true;
    send(std::move(answer), false);
  }

  void send(PageAnswer answer, bool keep_alive) {
    response_ = {};
    response_.version(version_);
    response_.result(answer.status);
    response_.keep_alive(keep_alive);
    set_headers(response_, answer);
    const std::size_t size = answer.body.size();
    if (!is_head_ && answer.status != 304) response_.body() = std::move(answer.body);
    if (answer.status != 304) response_.content_length(size);
    stream_.expires_after(owner_.limits_.answer_within);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), keep_alive](error_code failed, std::size_t) {
                        if (failed || !keep_alive) return self->close();
                        self->read();
                      });
  }

  void begin_stream(const PageAnswer& answer) {
    http::response<http::empty_body> head{http::status::ok, version_};
    set_headers(head, answer);
    head.keep_alive(false);
    std::ostringstream text;
    text << head.base();
    if (!owner_.add_stream(shared_from_this())) {
      return send(refusal(503, "too many pages are open; close one, or wait for a minute"), false);
    }
    next_ = std::make_shared<const std::string>(text.str() + owner_.event_text());
    write_next();
  }

  void write_next() {
    writing_ = std::exchange(next_, nullptr);
    is_writing_ = writing_ != nullptr;
    if (!is_writing_) return;
    stream_.expires_after(owner_.limits_.answer_within);
    asio::async_write(stream_, asio::buffer(*writing_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        if (failed || self->age_ >= self->owner_.limits_.stream_lasts) {
                          return self->end_stream();
                        }
                        self->write_next();
                      });
  }

  void end_stream() {
    is_over_ = true;
    close();
  }

  void close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (!is_refused_) return stream_.close();
    stream_.expires_after(taken_after_refusal_within);
    take_rest(most_taken_after_refusal);
  }
  void take_rest(std::size_t most) {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this(), most](
                                                       error_code problem, std::size_t size) {
      if (problem || size >= most) return self->stream_.close();
      self->take_rest(most - size);
    });
  }

  Thread& owner_;
  beast::tcp_stream stream_;
  std::string peer_;
  std::string local_;
  beast::flat_buffer buffer_{1U << 17U};
  std::optional<Parser> parser_;
  http::response<http::string_body> response_;
  unsigned version_ = 11;
  bool is_head_ = false;
  bool is_refused_ = false;
  // Of a stream.
  milliseconds age_{0};
  Text writing_;
  Text next_;
  bool is_writing_ = false;
  bool is_over_ = false;
};

// ---- the address ----

void PageServer::Thread::try_again(const std::string& problem) {
  if (!is_trouble_told_) {
    surroundings_.log.error("local page", problem + "; it is tried again every " +
                                              duration_text(limits_.try_again_after));
  }
  is_trouble_told_ = true;
  acceptor_.close();
  again_.expires_after(limits_.try_again_after);
  again_.async_wait([this](error_code cancelled) {
    if (!cancelled) listen();
  });
}

void PageServer::Thread::listen() {
  const auto configured = parse_host_port(listen_);
  error_code problem;
  const auto address = asio::ip::make_address(
      configured && configured->is_address ? configured->host : "127.0.0.1", problem);
  const auto port = static_cast<asio::ip::port_type>(configured->port.value_or(0));
  const tcp::endpoint endpoint(address, port);
  if (!problem) acceptor_.open(endpoint.protocol(), problem);
  if (!problem) acceptor_.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor_.bind(endpoint, problem);
  if (!problem) acceptor_.listen(tcp::acceptor::max_listen_connections, problem);
  if (problem == asio::error::address_in_use) {
    return try_again(listen_ +
                     " is taken by another program (ss -ltnp shows which): end it or "
                     "choose another port in /serve/listen");
  }
  if (problem) return try_again("cannot listen at " + listen_ + ": " + problem.message());
  is_trouble_told_ = false;
  port_ = acceptor_.local_endpoint().port();
  surroundings_.log.notice("local page", "is at http://" + listen_ + "/");
  accept();
}

void PageServer::Thread::accept() {
  acceptor_.async_accept([this](error_code problem, tcp::socket socket) {
    if (problem) return try_again("takes no connection: " + problem.message());
    if (connections_ >= limits_.connections) {
      turn_away(socket);
    } else {
      std::make_shared<Session>(std::move(socket), *this)->read();
    }
    accept();
  });
}

// In as many bytes as fit into a socket that nobody has read from yet.
void PageServer::Thread::turn_away(tcp::socket& socket) const {
  constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.send(asio::buffer(text), 0, ignored);
}

// ---- what is told ----

PageAnswer PageServer::Thread::answer(const PageRequest& request) {
  try {
    return surroundings_.answer(request);
  } catch (const std::exception& problem) {
    guard_.caught();
    return refusal(500, std::string("this cannot be answered now: ") + problem.what());
  }
}

std::string PageServer::Thread::event_text() const {
  return "event: now\ndata: " + surroundings_.event() + "\n\n";
}

bool PageServer::Thread::add_stream(const std::shared_ptr<Session>& session) {
  if (streams_.size() >= limits_.streams) return false;
  streams_.push_back(session);
  if (streams_.size() == 1) tell_streams();
  return true;
}

void PageServer::Thread::tell_streams() {
  events_.expires_after(limits_.events_every);
  events_.async_wait([this](error_code cancelled) {
    for (const auto& stream : streams_) stream->grow_older();
    std::erase_if(streams_, [](const auto& each) { return each->is_over(); });
    if (cancelled || streams_.empty()) return;
    tell_streams();  // whatever is thrown now
    auto text = std::make_shared<const std::string>(event_text());
    silence_ += limits_.events_every;
    if (told_ != nullptr && *told_ == *text) {
      if (silence_ < keep_alive_every) return;
      text = std::make_shared<const std::string>(":\n\n");
    } else {
      told_ = text;
    }
    silence_ = milliseconds(0);
    for (const auto& stream : streams_) stream->tell(text);
  });
}

// ---- the stage ----

PageServer::PageServer(const std::string& listen, Surroundings surroundings, PageLimits limits)
    : thread_(std::make_unique<Thread>(listen, std::move(surroundings), limits)) {}
PageServer::~PageServer() = default;

void PageServer::request_stop() {
  thread_->request_stop();
}
bool PageServer::has_stopped() const {
  return thread_->has_stopped();
}
GuardStatus PageServer::guard_status() const {
  return thread_->guard_status();
}
int PageServer::port() const {
  return thread_->port();
}

}  // namespace twinsky
