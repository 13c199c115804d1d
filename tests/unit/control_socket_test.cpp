// SPDX-License-Identifier: Apache-2.0
// The local socket, asked by those who mean it and by those who do not.
#include "gateway/system/control_socket.hpp"

#include "gateway/service/control.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr milliseconds soon = 10s;  // much longer than anything here takes

// Somebody who connects and then does as he likes.
class Caller {
 public:
  explicit Caller(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    is_there_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  Caller(Caller&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Caller& operator=(Caller&&) = delete;
  ~Caller() {
    if (socket_ >= 0) ::close(socket_);
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  void say(std::string_view text) { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // What comes until the other side ends it; "(silence)" behind it where it does not.
  std::string rest() {
    std::string all;
    char buffer[65'536];
    ssize_t count = 0;
    while ((count = ::recv(socket_, buffer, sizeof buffer, 0)) > 0) {
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return count < 0 && errno == EAGAIN ? all + "(silence)" : all;
  }

 private:
  int socket_;
  bool is_there_ = false;
};

class ControlSocketTest : public ::testing::Test {
 protected:
  ControlSocketTest() {
    std::string pattern = (fs::temp_directory_path() / "twinsky-control-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = (directory_ / "control").string();
  }
  ~ControlSocketTest() override {
    socket_.reset();
    fs::remove_all(directory_);
  }

  void serve() {
    socket_ = std::make_unique<ControlSocket>(
        path_,
        [this](std::string_view request) {
          ++answered_;
          return std::make_shared<const std::string>("you said " + std::string(request) + tail_);
        },
        clock_, log_);
    while (!socket_->is_listening()) std::this_thread::yield();
  }
  std::string ask(std::string_view request = "hello") {
    const auto answer = ask_control_socket(path_, request, soon);
    return answer ? answer.value() : "none: " + answer.error();
  }
  void wait_until_stopped(const ControlSocket& socket) {
    while (!socket.has_stopped()) std::this_thread::yield();
  }

  fs::path directory_;
  std::string path_;
  std::string tail_;
  std::atomic<int> answered_ = 0;
  ManualClock clock_{*parse_time("2026-11-22T02:30:00Z")};
  Log log_{LogLevel::error};
  std::unique_ptr<ControlSocket> socket_;
};

TEST_F(ControlSocketTest, answers_and_is_open_to_owner_and_group_alone) {
  serve();
  EXPECT_EQ(ask(), "you said hello");
  EXPECT_EQ(ask(), "you said hello");
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 07777, 0660U);
  socket_.reset();
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_NE(ask().find("No such file"), std::string::npos);
}

TEST_F(ControlSocketTest, nobody_waits_for_one_who_says_half_a_request) {
  serve();
  Caller half(path_);
  half.say("hel");
  EXPECT_EQ(ask(), "you said hello");
  half.say("lo\n");
  EXPECT_EQ(half.rest(), "you said hello");
}

TEST_F(ControlSocketTest, what_is_too_long_for_a_request_is_hung_up_on) {
  serve();
  Caller endless(path_);
  endless.say(std::string(100'000, 'x'));
  EXPECT_EQ(endless.rest(), "");
  EXPECT_EQ(answered_, 0);
  Caller garbage(path_);
  garbage.say(std::string("\xff\0\x1b[2J\n", 7));
  EXPECT_EQ(garbage.rest().substr(0, 8), "you said");
  EXPECT_EQ(ask(), "you said hello");
}

TEST_F(ControlSocketTest, nobody_waits_for_one_who_does_not_take_his_answer) {
  tail_.assign(8'000'000, '.');
  serve();
  Caller slow(path_);
  slow.say("slow\n");
  EXPECT_EQ(ask().size(), tail_.size() + 14);
  EXPECT_EQ(slow.rest().size(), tail_.size() + 13);
}

TEST_F(ControlSocketTest, many_who_only_connect_shut_nobody_out) {
  serve();
  std::vector<Caller> many;
  for (int number = 0; number < 100; ++number) {
    many.emplace_back(path_);
    EXPECT_EQ(ask(), "you said hello") << number;
  }
  EXPECT_EQ(many.front().rest(), "");  // the oldest had to go
  many.back().say("still here\n");
  EXPECT_EQ(many.back().rest(), "you said still here");
}

TEST_F(ControlSocketTest, one_who_says_nothing_is_hung_up_on_after_a_while) {
  serve();
  Caller mute(path_);
  EXPECT_EQ(ask(), "you said hello");  // so the other was accepted before
  clock_.advance(ControlSocket::patience + 1ms);
  EXPECT_EQ(ask(), "you said hello");
  EXPECT_EQ(mute.rest(), "");
}

TEST_F(ControlSocketTest, takes_the_place_of_one_that_a_dead_process_left) {
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(left);
  ASSERT_TRUE(fs::exists(path_));
  serve();
  EXPECT_EQ(ask(), "you said hello");
}

TEST_F(ControlSocketTest, leaves_a_living_one_and_what_is_no_socket_as_it_is) {
  serve();
  const auto other = [](std::string_view) { return std::make_shared<const std::string>("other"); };
  {
    ControlSocket second(path_, other, clock_, log_);
    second.request_stop();
    wait_until_stopped(second);
    EXPECT_FALSE(second.is_listening());
  }
  EXPECT_EQ(ask(), "you said hello");
  socket_.reset();
  std::ofstream(path_) << "notes";
  {
    ControlSocket third(path_, other, clock_, log_);
    third.request_stop();
    wait_until_stopped(third);
  }
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "notes");
}

TEST_F(ControlSocketTest, a_path_may_be_longer_than_the_address_of_a_socket) {
  const fs::path deep = directory_ / std::string(100, 'a') / std::string(100, 'b');
  fs::create_directories(deep);
  path_ = (deep / "control").string();
  serve();
  EXPECT_EQ(ask(), "you said hello");
}

TEST_F(ControlSocketTest, goes_on_without_a_directory) {
  path_ = (directory_ / "nowhere" / "control").string();
  ControlSocket socket(
      path_, [](std::string_view) { return std::make_shared<const std::string>(); }, clock_, log_);
  socket.request_stop();
  wait_until_stopped(socket);
  EXPECT_FALSE(socket.is_listening());
}

TEST(control, any_version_is_answered_with_what_this_one_knows) {
  PublishedOverview published;
  const auto answer = control_answer(published);
  const auto asked = [&](std::string_view request) {
    return nlohmann::json::parse(*answer(request));
  };
  EXPECT_EQ(asked(overview_request)["error"], "the gateway is starting");
  Overview overview;
  overview.gateway = "mk-roof";
  published.publish(overview);
  EXPECT_EQ(asked(overview_request)["gateway"]["id"], "mk-roof");
  EXPECT_EQ(asked("twinsky/9 overview")["version"].get<int>(), 1);
  EXPECT_EQ(asked("twinsky/9 weather")["requests"][0], "twinsky/1 overview");
  for (const auto* const garbage : {"", "overview", "GET / HTTP/1.1", "twinsky/1"}) {
    EXPECT_EQ(asked(garbage)["error"], "this is no request") << garbage;
  }
}

TEST(control, lies_where_the_service_manager_says_else_not_on_the_disk_of_the_store) {
  EXPECT_EQ(control_path("/var/lib/twinsky/twinsky.db", nullptr),
            "/tmp/twinsky-b4aaa9da70f21751-control");
  EXPECT_EQ(control_path("/var/lib/twinsky/twinsky.db", "/run/twinsky:/run/more"),
            "/run/twinsky/control");
}

}  // namespace
}  // namespace twinsky
