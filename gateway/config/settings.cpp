// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/settings.hpp"

#include "drivers/registry.hpp"
#include "gateway/model/placement.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using enum SettingKind;

constexpr double second = 1000;  // durations are declared in milliseconds
constexpr double minute = 60 * second;
constexpr double hour = 60 * minute;
constexpr double day = 24 * hour;

constexpr auto jurisdictions = std::to_array<std::string_view>({"hk", "cn-sh", "other"});
constexpr auto clocks = std::to_array<std::string_view>({"auto", "system"});
constexpr auto datums = std::to_array<std::string_view>({"wgs84", "gcj02", "bd09"});
constexpr auto spike_methods = std::to_array<std::string_view>({"differential", "average"});
constexpr auto attenuation_statistics = std::to_array<std::string_view>({"deviation", "range"});
constexpr auto correction_methods = std::to_array<std::string_view>(
    {"linear", "multilinear", "piecewise", "barkjohn", "smoke", "kappa_koehler"});
constexpr auto beginnings = std::to_array<std::string_view>({"now", "oldest"});

// clang-format off
constexpr auto gateway = std::to_array<Setting>({
  {.name = "id", .kind = id, .documentation = "Names this gateway in every topic; \"auto\" takes the first 12 digits of the machine's id, for imaged cards.", .required = true},
  {.name = "name", .kind = text, .documentation = "What people call the place."},
  {.name = "jurisdiction", .kind = choice, .documentation = "Whose air-quality rules hold: Hong Kong, Shanghai or another place.", .required = true, .choices = jurisdictions},
  {.name = "zone", .kind = text, .documentation = "The IANA time zone of local days, of reports and of times that people write, such as \"Europe/London\"; without this setting UTC+8 in hk and cn-sh, and UTC elsewhere."},
  {.name = "position", .kind = table, .documentation = "Where the gateway stands."},
  {.name = "publish_position", .kind = boolean, .documentation = "Whether positions of ours leave the gateway, and with them distances to official stations; without this setting they do, but not in cn-sh."},
  {.name = "position_decimals", .kind = integer, .documentation = "Decimals of a degree to which a published position is rounded; 3 are about 110 m.", .fallback = "3", .lower = 0, .upper = 6},
  {.name = "clock", .kind = choice, .documentation = "\"auto\" waits until something attests to UTC before samples get their final time; \"system\" trusts the system's clock, unless it is earlier than the program or than it was before a restart.", .fallback = "auto", .choices = clocks},
});

constexpr auto position = std::to_array<Setting>({
  {.name = "datum", .kind = choice, .documentation = "The coordinates' datum: GPS and most maps use wgs84, maps of mainland China gcj02 or bd09.", .required = true, .choices = datums},
  {.name = "latitude", .kind = number, .documentation = "Degrees, north positive.", .required = true, .lower = -90, .upper = 90},
  {.name = "longitude", .kind = number, .documentation = "Degrees, east positive.", .required = true, .lower = -180, .upper = 180},
  {.name = "height_above_sea_m", .kind = number, .documentation = "Metres above sea level.", .lower = -500, .upper = 9000},
  {.name = "height_above_ground_m", .kind = number, .documentation = "Metres above the ground.", .lower = -100, .upper = 1000},
});

constexpr auto sensor = std::to_array<Setting>({
  {.name = "id", .kind = id, .documentation = "Names the sensor in topics, store and comparisons.", .required = true},
  {.name = "driver", .kind = text, .documentation = "The code for its device family; `twinsky drivers` lists them.", .required = true},
  {.name = "bus", .kind = id, .documentation = "The id of the bus it is connected to.", .required = true},
  {.name = "every", .kind = duration, .documentation = "How often it is sampled; a streaming sensor may do without, then every frame is a sample.", .lower = 10, .upper = day},
});

constexpr auto sensor_in_its_place = std::to_array<Setting>({
  {.name = "placement", .kind = id, .documentation = "What kind of place it is in. All but \"indoor\" is outdoors, and without this setting it is outdoors too.", .choices = placements},
  {.name = "since", .kind = text, .documentation = "Since when it has been at this place (a date, or a date with time); a change starts new comparison windows."},
  {.name = "serial_number", .kind = text, .documentation = "Which instrument it is, as its label says; another one starts new comparison windows."},
  {.name = "position", .kind = table, .documentation = "Where it stands, if not where the gateway stands."},
  {.name = "north_offset_deg", .kind = number, .documentation = "A wind vane's own north in degrees east of true north; added to what it reads.", .fallback = "0", .lower = -360, .upper = 360},
  {.name = "ambient", .kind = boolean, .documentation = "The device's case is open to the air, so what it measures inside stands for the air.", .fallback = "false"},
  {.name = "sleep_between", .kind = boolean, .documentation = "Duty cycle: it rests between samples and wakes its warm-up time before the next.", .fallback = "false"},
  {.name = "mean", .kind = boolean, .documentation = "Streaming: a sample is the mean of the period's frames instead of the last one.", .fallback = "false"},
  {.name = "quality", .kind = table, .documentation = "How its readings are checked; what is not said here is as the catalogue of checks has it."},
});

constexpr auto quality = std::to_array<Setting>({
  {.name = "amend", .kind = boolean, .documentation = "A record goes out at once and is amended when the sample after it shows a spike; off: it stays as it went out.", .fallback = "true"},
  {.name = "use_suspect", .kind = boolean, .documentation = "Suspect readings (flag 3) enter the hourly means; they are counted in any case.", .fallback = "false"},
  {.name = "humid_above", .kind = number, .documentation = "Relative humidity, in percent, above which particle readings carry the reason \"humid\".", .fallback = "90", .lower = 0, .upper = 100},
  {.name = "twin", .kind = boolean, .documentation = "The channels are two detectors in the same air: particle readings that disagree fail.", .fallback = "false"},
});

constexpr auto check = std::to_array<Setting>({
  {.name = "off", .kind = texts, .documentation = "Tests that are not run: range, climatology, spike, rate_of_change, flat_line, attenuated_signal."},
  {.name = "range_lower", .kind = number, .documentation = "Range: less fails; without it the quantity's plausible range."},
  {.name = "range_upper", .kind = number, .documentation = "Range: more fails; without it the quantity's plausible range."},
  {.name = "usual_lower", .kind = number, .documentation = "Range: less is suspect; without it the range of the instrument's data sheet."},
  {.name = "usual_upper", .kind = number, .documentation = "Range: more is suspect; without it the range of the instrument's data sheet."},
  {.name = "spike_suspect", .kind = number, .documentation = "Spike: standing out from both neighbours by more is suspect.", .lower = 0, .upper = 1e9},
  {.name = "spike_fail", .kind = number, .documentation = "Spike: standing out by more fails.", .lower = 0, .upper = 1e9},
  {.name = "spike_method", .kind = choice, .documentation = "Spike: \"differential\" takes the smaller of the steps before and after, \"average\" the distance from the neighbours' middle.", .choices = spike_methods},
  {.name = "step_suspect", .kind = number, .documentation = "Rate of change: a larger step between two samples is suspect; of samples more than a minute apart, that much per minute.", .lower = 0, .upper = 1e9},
  {.name = "step_fail", .kind = number, .documentation = "Rate of change: a larger step fails.", .lower = 0, .upper = 1e9},
  {.name = "flat_suspect", .kind = duration, .documentation = "Flat line: suspect when it has not moved for so long.", .lower = second, .upper = 30 * day},
  {.name = "flat_fail", .kind = duration, .documentation = "Flat line: fails when it has not moved for so long.", .lower = second, .upper = 30 * day},
  {.name = "flat_tolerance", .kind = number, .documentation = "Flat line: values less than this apart have not moved.", .lower = 0, .upper = 1e9},
  {.name = "flat_except_lower", .kind = number, .documentation = "Flat line: from here to flat_except_upper standing still is natural (calm, no rain, saturation)."},
  {.name = "flat_except_upper", .kind = number, .documentation = "Flat line: see flat_except_lower."},
  {.name = "attenuated_suspect", .kind = number, .documentation = "Attenuated signal: moving less over attenuated_period is suspect.", .lower = 0, .upper = 1e9},
  {.name = "attenuated_fail", .kind = number, .documentation = "Attenuated signal: moving less fails.", .lower = 0, .upper = 1e9},
  {.name = "attenuated_period", .kind = duration, .documentation = "Attenuated signal: the window.", .lower = second, .upper = 30 * day},
  {.name = "attenuated_statistic", .kind = choice, .documentation = "Attenuated signal: what measures movement.", .choices = attenuation_statistics},
  {.name = "attenuated_least", .kind = integer, .documentation = "Attenuated signal: fewer values in the window are not judged.", .lower = 1, .upper = 1'000'000},
  {.name = "climatology", .kind = table, .documentation = "Climatology: members by name, each {\"period\": \"month\", \"from\": 6, \"to\": 9, \"suspect\": [22, 36], \"fail\": [15, 42]} in local time (see zone); of those that hold at a time the last by name counts."},
});

constexpr auto feed = std::to_array<Setting>({
  {.name = "feed", .kind = text, .documentation = "The official source.", .required = true},
  {.name = "stations", .kind = texts, .documentation = "Ids of the stations to keep, such as \"mong-kok\"; none: all."},
});

constexpr auto compare = std::to_array<Setting>({
  {.name = "sensor", .kind = id, .documentation = "The id of a sensor, or of a channel: <sensor>-<channel>.", .required = true},
  {.name = "quantity", .kind = text, .documentation = "What is compared, such as \"pm2_5\".", .required = true},
  {.name = "with", .kind = text, .documentation = "The reference, feed and station: \"hk-epd/mong-kok\".", .required = true},
});

constexpr auto correction = std::to_array<Setting>({
  {.name = "id", .kind = id, .documentation = "Names the correction; records carry it as id@version.", .required = true},
  {.name = "version", .kind = integer, .documentation = "Rises when the correction changes.", .fallback = "1", .lower = 1, .upper = 1'000'000},
  {.name = "sensor", .kind = id, .documentation = "The id of a sensor, or of a channel: <sensor>-<channel>.", .required = true},
  {.name = "quantity", .kind = text, .documentation = "What is corrected; <quantity>_corrected is published beside the raw reading.", .required = true},
  {.name = "raw", .kind = text, .documentation = "The sensor's quantity that the formula takes, where it is another one: \"pm2_5_cf1\"."},
  {.name = "method", .kind = choice, .documentation = "linear: gain x + offset; multilinear: constant + raw_factor x + temperature_factor T + humidity_factor RH; piecewise: straight lines between knots; barkjohn and smoke: as published for Plantower sensors; kappa_koehler: growth in humid air.", .required = true, .choices = correction_methods},
  {.name = "gain", .kind = number, .documentation = "Of linear.", .fallback = "1"},
  {.name = "offset", .kind = number, .documentation = "Of linear, in the quantity's unit.", .fallback = "0"},
  {.name = "constant", .kind = number, .documentation = "Of multilinear.", .fallback = "0"},
  {.name = "raw_factor", .kind = number, .documentation = "Of multilinear.", .fallback = "1"},
  {.name = "temperature_factor", .kind = number, .documentation = "Of multilinear, per degree Celsius.", .fallback = "0"},
  {.name = "humidity_factor", .kind = number, .documentation = "Of multilinear, per percent.", .fallback = "0"},
  {.name = "kappa", .kind = number, .documentation = "Of kappa_koehler.", .fallback = "0.3", .lower = 0, .upper = 2},
  {.name = "knots", .kind = table, .documentation = "Of piecewise: {\"raw\": [0, 50, 200], \"corrected\": [0, 40, 180]}, raw rising."},
  {.name = "hull", .kind = table, .documentation = "What it was trained on: {\"raw\": [2, 60], \"temperature\": [5, 34], \"humidity\": [40, 98]}; outside, its output is suspect."},
  {.name = "trained_from", .kind = text, .documentation = "Since when the data that it was made from go."},
  {.name = "trained_until", .kind = text, .documentation = "Until when."},
  {.name = "valid_from", .kind = text, .documentation = "Before this time its output is suspect."},
  {.name = "valid_until", .kind = text, .documentation = "From this time on its output is suspect."},
  {.name = "author", .kind = text, .documentation = "Who stands for it."},
});

constexpr auto store = std::to_array<Setting>({
  {.name = "path", .kind = path, .documentation = "The database file.", .fallback = "/var/lib/twinsky/twinsky.db"},
  {.name = "commit_every", .kind = duration, .documentation = "How often samples are put on disk; a power cut costs at most this much.", .fallback = "1s", .lower = 10, .upper = minute},
  {.name = "max_size", .kind = size, .documentation = "When the file would become larger, what has more than its share goes first, then the oldest samples.", .fallback = "1GB", .lower = 1e6, .upper = 1e13},
  {.name = "keep", .kind = duration, .documentation = "Samples, hourly means, official values and gaps older than this go.", .fallback = "400d", .lower = hour, .upper = 36500 * day},
  {.name = "minimum_free", .kind = size, .documentation = "The oldest samples go when less of the disk would stay free.", .fallback = "50MB", .lower = 0, .upper = 1e13},
  {.name = "queue", .kind = size, .documentation = "Memory for samples that wait for the disk.", .fallback = "4MiB", .lower = 65536, .upper = 1073741824},
  {.name = "keep_audit", .kind = duration, .documentation = "How long the audit log beside the store says what was sent where.", .fallback = "400d", .lower = day, .upper = 36500 * day},
  {.name = "clock_wait", .kind = duration, .documentation = "How long samples wait for the right clock before they go out marked.", .fallback = "10min", .lower = 0, .upper = day},
});

constexpr auto warning_mode = std::to_array<Setting>({
  {.name = "id", .kind = id, .documentation = "Names the mode in the log and on the topic event.", .required = true},
  {.name = "feed", .kind = text, .documentation = "The official source whose warnings count, such as \"hk-hko\"; it has to be followed.", .required = true},
  {.name = "codes", .kind = texts, .documentation = "The warnings by their codes as the source prints them, such as \"TC8SE\" or \"WRAINB\"; \"TC8*\" stands for all that begin so. The mode holds while any of them is in force.", .required = true},
  {.name = "every", .kind = duration, .documentation = "Sensors that have \"every\" are read at least so often, as far as the device can.", .lower = 100, .upper = day},
  {.name = "commit_every", .kind = duration, .documentation = "As in \"store\", while the mode holds.", .lower = 10, .upper = minute},
  {.name = "keep", .kind = duration, .documentation = "As in \"store\", while the mode holds.", .lower = hour, .upper = 36500 * day},
});

constexpr auto sink = std::to_array<Setting>({
  {.name = "id", .kind = id, .documentation = "Names the sink in the store, in the log and to the far end.", .required = true},
  {.name = "was", .kind = id, .documentation = "The id that this sink had before: it goes on where that one was, instead of beginning as a new one. May stay."},
  {.name = "format", .kind = text, .documentation = "How what leaves is written; without this setting as the transport has it: \"statistics\" with home_assistant_api, else \"native\"."},
  {.name = "batch_records", .kind = integer, .documentation = "How many records a message holds at most.", .fallback = "200", .lower = 1, .upper = 200},
  {.name = "messages_per_minute", .kind = integer, .documentation = "How many messages may leave in a minute, evenly, where the far end or the way there does not take more; without this setting as many as there are. Records then go together, and of each other document only the newest.", .lower = 1, .upper = 60'000},
  {.name = "start_at", .kind = choice, .documentation = "Whether a new sink begins with what is read from now on or with the oldest sample kept.", .fallback = "now", .choices = beginnings},
  {.name = "allow", .kind = texts, .documentation = "What may go there: topic filters below twinsky/v1/<gateway>/, such as \"sensor/+/obs\" or \"ref/#\"; without this setting everything, but nothing in cn-sh. A sink to which nothing may go is never opened; to one that is opened `status` always goes."},
  {.name = "quantities", .kind = texts, .documentation = "Names of the quantities that may go there; records and documents go without the others. None: all."},
  {.name = "redistribute", .kind = texts, .documentation = "Feeds whose terms keep their data from others and which may go there all the same, because it is nobody else's or you have leave."},
});

constexpr auto serve = std::to_array<Setting>({
  {.name = "listen", .kind = text, .documentation = "Address and port of the local page; any but a loopback address needs a token.", .fallback = "127.0.0.1:8787"},
  {.name = "token_file", .kind = path, .documentation = "The file of the token, of at least 16 characters, that every change needs, and beyond loopback every request.", .secret = true},
  {.name = "names", .kind = texts, .documentation = "Host names by which browsers reach the page, such as \"roof-pi.local\", beside its address and localhost; under them every request needs the token."},
});

// clang-format on

// A name that is declared already means the same.
void add_new(std::vector<Setting>& all, std::span<const Setting> more) {
  std::ranges::copy_if(more, std::back_inserter(all),
                       [&all](const Setting& one) { return !declares(all, one.name); });
}

// "a, b and c"
std::string enumerated(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t at = 0; at < names.size(); ++at) {
    text.append(at == 0 ? "" : at + 1 == names.size() ? " and " : ", ").append(names[at]);
  }
  return text;
}

}  // namespace

std::span<const Setting> gateway_settings() noexcept {
  return gateway;
}
std::span<const Setting> position_settings() noexcept {
  return position;
}
std::span<const Setting> bus_settings() noexcept {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> declared;
    for (const BusInfo* kind : bus_registry()) {
      declared.push_back(
          {.name = kind->name, .kind = kind->address_form, .documentation = kind->documentation});
    }
    for (const BusInfo* kind : bus_registry()) add_new(declared, kind->settings);
    return declared;
  }();
  return all;
}
std::span<const Setting> device_settings() noexcept {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> declared;
    for (const BusInfo* kind : bus_registry()) add_new(declared, kind->device_addresses);
    for (const BusInfo* kind : bus_registry()) add_new(declared, kind->device_settings);
    return declared;
  }();
  return all;
}
std::span<const Setting> sensor_settings() noexcept {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> declared(sensor.begin(), sensor.end());
    add_new(declared, device_settings());
    add_new(declared, sensor_in_its_place);
    return declared;
  }();
  return all;
}
std::span<const Setting> quality_settings() noexcept {
  return quality;
}
std::span<const Setting> check_settings() noexcept {
  return check;
}
std::span<const Setting> feed_settings() noexcept {
  return feed;
}
std::span<const Setting> compare_settings() noexcept {
  return compare;
}
std::span<const Setting> correction_settings() noexcept {
  return correction;
}
std::span<const Setting> store_settings() noexcept {
  return store;
}
std::span<const Setting> warning_mode_settings() noexcept {
  return warning_mode;
}
std::span<const Setting> sink_settings() noexcept {
  return sink;
}
std::span<const Setting> serve_settings() noexcept {
  return serve;
}

std::span<const std::string_view> bus_endpoints() noexcept {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const BusInfo* kind : bus_registry()) all.push_back(kind->name);
    return all;
  }();
  return names;
}

std::span<const Section> sections() noexcept {
  using enum Section::Shape;
  static const std::string wires =
      "The wires, by id; each names exactly one of " + enumerated(bus_endpoints()) + ".";
  // clang-format off
  static const auto all = std::to_array<Section>({
    {"gateway", object, gateway, "This gateway."},
    {"buses", by_id, bus_settings(), wires},
    {"sensors", list, sensor_settings(), "The instruments; each driver adds its own settings."},
    {"feeds", list, feed, "Official open data to keep beside our own; each feed adds its own settings."},
    {"compare", list, compare, "Which sensors are compared with which official stations."},
    {"corrections", list, correction, "Corrections that are published beside the raw readings; one for each sensor and quantity."},
    {"store", object, store, "The local store."},
    {"warning_modes", list, warning_mode, "What is otherwise while an official warning is in force."},
    {"sinks", list, sink, "Where samples are published, each over one transport, which is chosen by the key of its address; it and the format add their own settings."},
    {"serve", object, serve, "The local page, with metrics; without this section nothing listens."},
  });
  // clang-format on
  return all;
}

}  // namespace twinsky
