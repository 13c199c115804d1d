// SPDX-License-Identifier: Apache-2.0
// The contract between the gateway and everything that knows foreign bytes: devices and feeds.
//
// Bytes are kept apart from talking: a driver's decode functions are free and pure, its sample() is
// a straight-line conversation that ends in one of them. Wrong input is a value (a Fault); a device
// that does not answer and a bus that is gone are exceptions, which the poller catches in one
// place.
#pragma once

#include "drivers/bytes.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/invariant.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/sample.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/model/station.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

// The device did not do what was asked; the bus itself is well.
class LinkError : public std::runtime_error {
 public:
  LinkError(Fault fault, const std::string& what) : std::runtime_error(what), fault_(fault) {}
  [[nodiscard]] Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

// The bus is gone (unplugged, no such file, no permission, connection lost): it is reopened later.
class BusError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The thread was asked to stop while it waited for a device.
class Stopped : public std::exception {};

// One device's view of its bus: what every bus can do. What else a driver may ask depends on the
// kind of bus; each of the links below says it. Used by the bus's thread alone. All members may
// throw LinkError, BusError and Stopped.
class Link {
 public:
  virtual ~Link() = default;

  // Lets time pass between two transfers of this device.
  virtual void pause(milliseconds duration) = 0;

  // How answers came since the bus was made. Modbus RTU: its answers do not say to what.
  struct AnswerTimes {
    std::uint64_t late = 0;  // after their time
    milliseconds slowest{0};
  };
  [[nodiscard]] virtual AnswerTimes answer_times() const { return {}; }

  // The newest good reading of the gateway's other sensors, at most ten minutes old: station
  // pressure for CO2 sensors, temperature and humidity for gas indices.
  [[nodiscard]] virtual std::optional<double> nearby(Quantity quantity) const = 0;
};

// I2C: transfers that are whole or fail.
class TransferLink : public virtual Link {
 public:
  virtual void write(Bytes tx) = 0;
  // Fills `rx`; a device that is not ready throws LinkError nack.
  virtual void read(std::span<std::byte> rx) = 0;
  // Write, repeated start, read that fills `rx`.
  virtual void exchange(Bytes tx, std::span<std::byte> rx) = 0;
  // Who else has this device, so that it is not ours to ask: "the kernel's driver"; empty: nobody.
  [[nodiscard]] virtual std::string other_user() { return {}; }
};

// A serial port: bytes that come when they come.
class StreamLink : public virtual Link {
 public:
  virtual void write(Bytes tx) = 0;
  // What has arrived, at least one byte, as soon as it is there; 0 when `patience` is over.
  virtual std::size_t read(std::span<std::byte> rx, milliseconds patience) = 0;
  // Drops what had arrived, writes, then as read().
  virtual std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) = 0;
};

// What a Modbus device, or the gateway before it, does otherwise than the specification has it, and
// what is let pass for that reason. Modbus TCP alone, but for the pause.
struct ModbusQuirks {
  milliseconds pause_after_connect{0};  // it is deaf for so long
  bool transaction_not_echoed = false;
  bool unit_not_echoed = false;
  int trailing_bytes = 0;  // at most so many behind a frame, or counted in its length
  bool operator==(const ModbusQuirks&) const = default;
};

// Modbus: one question with its answer.
class RequestLink : public virtual Link {
 public:
  // `pdu` is the request's, `rx` gets the reply's (function, then data); CRC, unit id and echo are
  // the bus's matter.
  virtual std::size_t request(Bytes pdu, std::span<std::byte> rx, milliseconds patience) = 0;
  // From now on. A link whose bus has no such thing does nothing.
  virtual void tolerate(const ModbusQuirks&) {}
  // What of it was met so far, in words; empty: nothing.
  [[nodiscard]] virtual std::string tolerated() const { return {}; }
};

// The link as the driver's kind of bus has it. The configuration joins only what fits, so that any
// other is a fault of this program.
template <class L>
L& link_as(Link& link) {
  if (auto* const fitting = dynamic_cast<L*>(&link)) return *fitting;
  throw BrokenInvariant("a driver is on a bus that cannot do what it asks");
}

// A polled device as its bus's thread sees it, one object per sensor; drivers are a DriverOn.
class Driver {
 public:
  virtual ~Driver() = default;
  void start(Link& link) { start_on(link); }
  Result<Sample> sample(Link& link) { return sample_on(link); }
  void stop(Link& link) { stop_on(link); }
  // As Listener::know_warm().
  virtual void know_warm(bool) {}

 private:
  virtual void start_on(Link& link) = 0;
  virtual Result<Sample> sample_on(Link& link) = 0;
  virtual void stop_on(Link& link) = 0;
};

// A polled device on a bus whose links are of kind L.
template <class L>
class DriverOn : public Driver {
 public:
  // After power-up and after every failure: identify, configure, wake.
  virtual void start(L&) {}
  // One conversation. Fails only when nothing is usable; faults of single readings are inside.
  virtual Result<Sample> sample(L& link) = 0;
  // Puts the device to sleep: between samples of a duty cycle and when the gateway stops.
  virtual void stop(L&) {}

 private:
  void start_on(Link& link) final { start(link_as<L>(link)); }
  Result<Sample> sample_on(Link& link) final { return sample(link_as<L>(link)); }
  void stop_on(Link& link) final { stop(link_as<L>(link)); }
};

// A device that talks by itself: UART frames, NMEA, JSON lines. feed() and finish() are pure.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void start(StreamLink&) {}
  // Takes any chunk of the stream; chunking never changes what comes out. After a bad check it
  // drops one byte and scans again. Samples have no time yet: the caller stamps their arrival.
  virtual Decoded feed(Bytes chunk) = 0;
  // The stream has ended or paused for longer than a frame: what is left inside is `truncated`.
  virtual Decoded finish() = 0;
  // The poller says whether the device has been at work for its warm-up time. Where nothing but
  // zeros is what a device sends while its fan spins up, it is a value once the device is warm.
  virtual void know_warm(bool) {}
  // How often the device speaks where start() found it set to rest in between (SDS011: work
  // period); it is warm when it does. 0: at the descriptor's pace.
  [[nodiscard]] virtual milliseconds own_period() const { return milliseconds(0); }
  virtual void stop(StreamLink&) {}
};

struct LineSettings {
  int baud = 9600;
  char parity = 'N';  // N, E, O
  int data_bits = 8;
  int stop_bits = 1;
  bool operator==(const LineSettings&) const = default;
};

// What the instrument resolves, as its data sheet prints it.
struct DriverQuantity {
  Quantity quantity{};
  double lower = 0;
  double upper = 0;
  int decimals = 1;  // digits that are published
  // Measured inside its own case: published as internal_temperature or internal_humidity unless the
  // sensor's setting `ambient` says that the case is open to the air.
  bool internal = false;
  // Which others of the sample it is computed with: it cannot be better than they are.
  std::span<const Quantity> made_of = {};
};
// As which quantity it is published.
Quantity published(const DriverQuantity& measured, bool ambient) noexcept;

// One recorded exchange with a polled device, as vectors and logs hold it.
struct Exchange {
  std::vector<std::byte> written;
  std::vector<std::byte> answered;  // Modbus: whole frames, CRC included
  bool nack = false;
};

// What `scan` finds behind an address, or among the bytes of a port.
struct Found {
  std::string model;
  std::string evidence;            // what it is known by: "its chip id"
  std::string serial_number = {};  // where it tells it
  std::string detail = {};         // firmware and the like
  bool is_certain = true;          // false: it answers as such a device would, and others might
  // Those of the driver's settings that it needs: {"variant", "bmp280"}.
  std::vector<std::pair<std::string, std::string>> settings = {};
};
template <class L, std::optional<Found> (*ask)(L&)>
std::optional<Found> probe_on(Link& link) {
  return ask(link_as<L>(link));
}

// One way to ask whether a device is there, of a driver that has several: at this line, within this
// time.
struct Approach {
  LineSettings line;
  std::function<std::optional<Found>(Link&, milliseconds patience)> ask;
  bool is_repeated = false;  // it asks what an earlier one asked at another speed
};

// What a driver makes of raw numbers in the course of time, apart from its device: recorded
// sequences run it alone.
struct AlgorithmInfo {
  std::string_view name;
  std::span<const Setting> settings;
  std::vector<double> (*run)(std::span<const double> input, const Settings&) = nullptr;
};

struct BusInfo;  // registry.hpp

struct DriverInfo {
  std::string_view name;
  std::string_view summary;      // one line for people
  std::string_view makers;       // makers' and rebranders' names of the devices
  std::string_view datasheet;    // title, revision, section
  const BusInfo* bus = nullptr;  // the kind for which it is made
  std::span<const DriverQuantity> quantities;
  std::span<const std::string_view> channels = {};  // further places of the same instrument
  milliseconds warm_up{0};                          // enforced by the poller after start()
  milliseconds shortest_period{1000};               // streaming: the device's own pace
  milliseconds longest_pause{3000};                 // streaming: between two frames, while it is on
  bool can_sleep = false;                           // stop() rests it, so a duty cycle makes sense
  std::span<const std::string_view> addresses = {};  // I2C, default first; Modbus: default unit
  LineSettings line{};                               // serial and Modbus RTU: default
  std::span<const Setting> settings = {};            // what the driver adds to a sensor's settings

  // Exactly one of the two is there.
  std::unique_ptr<Driver> (*make)(const Settings&) = nullptr;
  std::unique_ptr<Listener> (*make_listener)(const Settings&) = nullptr;

  // Polled drivers: pure decoding of recorded exchanges; what `replay decode` and fuzzers call.
  Decoded (*decode)(std::span<const Exchange>, const Settings&) = nullptr;

  const AlgorithmInfo* algorithm = nullptr;  // where it has one

  // How `scan` recognises such a device, by one or more of:
  // asking, harmlessly also for whatever else may be there; what answers is certain of its checks;
  std::optional<Found> (*probe)(Link&) = nullptr;
  std::vector<Approach> (*approaches)() = nullptr;  // asking in several ways, in their order
  // listening: what good frames, several of them, are of.
  std::optional<Found> (*recognise)(std::span<const Sample> samples) = nullptr;
  // All that asking may write, word for word, and only at its own addresses; of a request how it
  // begins. Nothing else leaves for a device that is not known yet.
  std::span<const Bytes> questions = {};
  // Or why it cannot be recognised, a sentence.
  std::string_view unrecognisable = {};

  // Where quantities depend on the settings (a Modbus map): they replace `quantities`.
  std::vector<DriverQuantity> (*quantities_of)(const Settings&) = nullptr;

  // Where the default line settings depend on the settings (a Modbus map): they replace `line`.
  LineSettings (*line_of)(const Settings&) = nullptr;

  // A problem that the declaration of single settings cannot express; empty when there is none.
  std::string (*check)(const Settings&) = nullptr;

  // What can be used as it is and is most likely not meant so, a sentence each.
  std::vector<std::string> (*doubts)(const Settings&) = nullptr;
  // What a device's first samples say of settings that its model has in several ways, a sentence
  // each, for the user to decide; none: no such setting.
  std::vector<std::string> (*learn)(const Settings&, std::span<const Sample>) = nullptr;
};

// What a device measures that is set up so: by its variant or its map, where those decide.
std::vector<DriverQuantity> quantities_of(const DriverInfo& info, const Settings& settings);

// ---- feeds ----------------------------------------------------------------------------------

// A header whose value is the secret in a file; whoever sends the request reads it, so that the
// secret itself never comes near a feed, a log or a saved response.
struct SecretHeader {
  std::string name;  // "X-API-Key"
  std::string file;  // a path, or the name of a credential or of a file beside the configuration
};

struct FeedRequest {
  std::string name;  // which document, for logs and for decode ("24pc", "latest_10min_wind")
  std::string url;
  std::vector<std::string> headers;
  milliseconds cadence{0};  // how often this document is updated; 0: as the feed
  std::string body = {};    // JSON that is posted; empty: GET
  std::optional<SecretHeader> secret = {};
};

struct FeedResponse {
  FeedRequest request;
  std::string body;
  UtcTime received{};
};

// Why a feed's answer is no data; told apart wherever it is shown.
enum class FeedFault : std::uint8_t {
  unreachable,      // no connection, time-out, name not found
  http_error,       // status other than 200 and 304
  html,             // a web page instead of data
  truncated,        // ends in the middle
  empty,            // well formed, without a single row
  stale,            // the newest hour has not moved for three hours
  grammar_changed,  // well formed, but not what this program knows
  too_large,        // over the size limit
  no_secret,        // the secret that the request needs cannot be read: nothing was asked
};
std::string_view name_of(FeedFault fault) noexcept;

struct FeedFailure {
  FeedFault fault{};
  std::string detail;  // which row, column or element
};

// A warning in force, word for word as its issuer publishes it; nothing is added or left out.
struct Warning {
  std::string issuer;
  std::string name;    // "Tropical Cyclone Warning Signal"
  std::string code;    // "TC8SE"
  std::string type;    // what the name leaves open; may be empty
  std::string action;  // "ISSUE", "EXTEND", …
  std::string issued;  // times as printed
  std::string updated;
  std::string expires;  // empty: until it is cancelled
  bool operator==(const Warning&) const = default;
};

// What a document holds.
struct FeedContent {
  std::vector<Sample> samples;
  // Parts that could not be read (a row, a column), a sentence each; the samples hold without them.
  std::vector<std::string> problems;
  // The document goes on there: asked for at once, as a part of it.
  std::optional<FeedRequest> next_page = {};
  // All warnings in force; nothing: the document is about something else.
  std::optional<std::vector<Warning>> warnings = {};
  // What is wrong with the document as a whole though its samples hold: it was cut behind them
  // (`truncated`), or columns that belong to it have other names (`grammar_changed`).
  std::optional<FeedFailure> partly = {};
  // The columns of values that the document has, filled or not; empty: none of them need be in
  // every answer.
  std::vector<Quantity> columns = {};
};

// An official source. decode() is pure: a saved response gives the same samples for ever.
class Feed {
 public:
  virtual ~Feed() = default;
  // What to fetch for the present hour.
  [[nodiscard]] virtual std::vector<FeedRequest> requests(UtcTime now) const = 0;
  // Cell by cell: what is no number is absent; every reading has the text that its cell printed; a
  // station that is not in the registry is carried under its slug. What the document is, is known
  // from the name of the request; only where that is empty (a saved file) its content decides.
  // Fails only when nothing of it can be used.
  [[nodiscard]] virtual Result<FeedContent, FeedFailure> decode(
      const FeedResponse& response) const = 0;
  // What the registry (config/reference/) knows of a station, by its id or one that it had in
  // earlier versions; null: nothing.
  [[nodiscard]] virtual const ReferenceStation* station(std::string_view id) const = 0;
  // All that it has, by their ids; empty where the registry lists no such thing (another city, a
  // choice of the operator's).
  [[nodiscard]] virtual std::vector<const ReferenceStation*> stations() const { return {}; }
};

// What an agency's time stamp says of the interval that a value holds for.
enum class Label : std::uint8_t {
  ending,     // its end: 14:00 is 13:00 to 14:00
  beginning,  // its start
  stated,     // both are printed
};
std::string_view name_of(Label label) noexcept;

struct FeedInfo {
  std::string_view name;  // "hk-epd"
  std::string_view summary;
  std::string_view publisher;
  std::string_view licence;  // name of the terms
  std::string_view licence_url;
  std::string_view attribution;       // the sentence that the terms ask for
  bool may_be_redistributed = false;  // do the terms let others have the data from us?
  // What the operator must agree to before the feed is followed, a sentence; such a feed has the
  // setting `terms_accepted`. Empty: nothing beyond the attribution.
  std::string_view terms = {};
  Label label = Label::ending;
  std::string_view zone;                  // of stamps that print none: "Asia/Hong_Kong"
  std::optional<double> gas_reference_k;  // of gases in ug/m3; nothing: stated elsewhere, or no gas
  // The rule by which its hourly concentrations make an index ("hk-aqhi"); empty: none is made.
  std::string_view index_family = {};
  std::string_view base_url;        // default of the setting `base`
  milliseconds cadence{3'600'000};  // how often the agency updates
  milliseconds delay{0};            // how long after the full period the update is there
  std::span<const Quantity> quantities;
  std::span<const std::string_view> documents = {};  // the names of those that differ in kind
  std::span<const Setting> settings = {};
  std::unique_ptr<Feed> (*make)(const Settings&) = nullptr;
  // A problem that the declaration of single settings cannot express; empty when there is none.
  std::string (*check)(const Settings&) = nullptr;
};

}  // namespace twinsky
