// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/serial_port.hpp"

#include "drivers/buses/wire_time.hpp"

#include <asm/ioctls.h>
#include <asm/termbits.h>  // termios2: any speed; cannot be mixed with <termios.h>
#include <cerrno>
#include <cmath>
#include <fcntl.h>
#include <linux/major.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// Beyond the time that the bytes themselves need.
constexpr auto write_patience = 1s;
// A receiver still reads a speed that is this far off (8N1 allows about 4 % for both ends).
constexpr double speed_tolerance = 0.025;

tcflag_t format_of(const LineSettings& line) {
  tcflag_t flags = CREAD | CLOCAL;
  switch (line.data_bits) {
    case 5:
      flags |= CS5;
      break;
    case 6:
      flags |= CS6;
      break;
    case 7:
      flags |= CS7;
      break;
    default:
      flags |= CS8;
      break;
  }
  if (line.parity != 'N') flags |= PARENB;
  if (line.parity == 'O') flags |= PARODD;
  if (line.stop_bits == 2) flags |= CSTOPB;
  return flags;
}

std::string text_of(const LineSettings& line) {
  return std::to_string(line.baud) + " baud " + std::to_string(line.data_bits) + line.parity +
         std::to_string(line.stop_bits);
}

// Raw: no character means anything to the kernel. HUPCL stays off, since some adapters reset the
// device when DTR falls.
termios2 raw_settings(const LineSettings& line) {
  termios2 raw{};
  raw.c_iflag = IGNBRK | (line.parity == 'N' ? 0U : INPCK);  // a bad byte reads as 0, checks see it
  raw.c_cflag = format_of(line) | BOTHER | (BOTHER << IBSHIFT);
  raw.c_ispeed = raw.c_ospeed = static_cast<speed_t>(line.baud);
  // With 1, read() says EAGAIN when nothing is there, and 0 only when the port is gone.
  raw.c_cc[VMIN] = 1;
  return raw;
}

Descriptor open_port(const std::string& path) {
  Descriptor port(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (port.is_open()) return port;
  switch (errno) {
    case ENOENT:
      throw BusError(path + ": no such port; is the adapter plugged in?");
    case EACCES:
      throw BusError(path + ": no permission; the user must be in the port's group");
    case EBUSY:
      throw BusError(path + ": another program uses it");
    default:
      throw BusError(failure_text(path, errno));
  }
}

// Two programs at one port would each see half of the bytes.
void keep_others_out(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw BusError(path + ": another program uses it");
  }
  // A pseudo-terminal would stay exclusive after its user was killed, for as long as its master
  // lives; the lock alone must do there.
  struct stat port {};
  const bool is_pty = ::fstat(fd, &port) == 0 && major(port.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR &&
                      major(port.st_rdev) < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT;
  if (!is_pty) ::ioctl(fd, TIOCEXCL);  // a port that cannot do it is used without
}

bool is_hung_up(int fd) {
  pollfd port{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&port, 1, 0) == 1;
}

}  // namespace

int SerialPort::fd() const {
  if (!port_.is_open()) throw BusError(path_ + ": not open");
  return port_.get();
}

void SerialPort::fail(int error) const {
  if (error == 0 || error == EIO || error == ENXIO || error == ENODEV) {
    throw BusError(path_ + ": unplugged");
  }
  throw BusError(failure_text(path_, error));
}

void SerialPort::open() {
  close();
  Descriptor port = open_port(path_);
  termios2 present{};
  if (::ioctl(port.get(), TCGETS2, &present) != 0) {
    throw BusError(path_ + ": not a serial port");
  }
  keep_others_out(port.get(), path_);
  port_ = std::move(port);
  present.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
  if (is_guest_) before_ = std::make_shared<const termios2>(present);
  use(LineSettings{});
  drop_input();
}

void SerialPort::close() noexcept {
  // What waits to be sent is not waited for; a port that is gone keeps nothing.
  if (before_ && port_.is_open()) ::ioctl(port_.get(), TCSETS2, before_.get());
  before_.reset();
  port_ = Descriptor();
  line_.reset();
}

void SerialPort::use(const LineSettings& line) {
  if (line_ == line) return;
  if (line.baud <= 0) throw LinkError(Fault::unsupported, path_ + ": no line speed is set");
  const termios2 wanted = raw_settings(line);
  if (::ioctl(fd(), TCSETSW2, &wanted) != 0) {
    if (errno != EINVAL) fail(errno);
    throw LinkError(Fault::unsupported, path_ + ": the adapter cannot do " + text_of(line));
  }
  line_.reset();
  termios2 got{};
  if (::ioctl(fd(), TCGETS2, &got) != 0) fail(errno);
  if (std::abs(static_cast<double>(got.c_ospeed) - line.baud) > speed_tolerance * line.baud) {
    throw LinkError(Fault::unsupported, path_ + ": the adapter cannot do " + text_of(line) +
                                            ", only " + std::to_string(got.c_ospeed) + " baud");
  }
  drop_input();
  line_ = line;
}

void SerialPort::drop_input() {
  if (::ioctl(fd(), TCFLSH, TCIFLUSH) != 0) fail(errno);
}

void SerialPort::write(Bytes tx) {
  write_deadline_.start(
      time_on_wire(line_.value_or(LineSettings{}), static_cast<double>(tx.size())) +
      write_patience);
  while (!tx.empty()) {
    const auto written = ::write(fd(), tx.data(), tx.size());
    if (written > 0) {
      tx = tx.subspan(static_cast<std::size_t>(written));
    } else if (written == 0 || errno == EAGAIN) {
      if (!wait_for(fd(), POLLOUT, write_deadline_, stop_)) {
        throw BusError(path_ + ": takes no bytes");
      }
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

std::size_t SerialPort::read(std::span<std::byte> rx, const Timer& deadline) {
  while (wait_for(fd(), POLLIN, deadline, stop_)) {
    const auto count = ::read(fd(), rx.data(), rx.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) fail(0);
    if (errno != EAGAIN && errno != EINTR) fail(errno);
    if (is_hung_up(fd())) fail(0);
  }
  return 0;
}

}  // namespace twinsky
