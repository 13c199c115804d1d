// SPDX-License-Identifier: Apache-2.0
// A vector file names its driver; the registry knows what that driver can be asked. Which keys of a
// file or case are settings, the driver's own declaration says. Nothing here knows any driver.
#include "gateway/commands/replay_decode.hpp"

#include "drivers/registry.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace twinsky {
namespace {

using Line = Json;
using Buffer = std::vector<std::byte>;

constexpr std::size_t deepest_nesting = 32;  // a vector file needs five

// A file or case that is not what its README says: what is wrong, for people.
class NotReplayable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// ---- reading a case -------------------------------------------------------------------------

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == nullptr) return {};
  if (!found->is_string()) throw NotReplayable(std::string(key) + " is not text");
  return found->get<std::string>();
}

Buffer bytes_at(const Json& object, const char* key) {
  auto bytes = from_hex(text_at(object, key));
  if (!bytes) throw NotReplayable(std::string(key) + " is not hexadecimal");
  return *std::move(bytes);
}

// "0xF7" -> F7; a device with more than 256 registers is addressed by two bytes.
Buffer register_address(std::string_view text) {
  const std::string_view digits = text.starts_with("0x") ? text.substr(2) : text;
  const std::string padded = (digits.size() % 2 == 1 ? "0" : "") + std::string(digits);
  auto address = from_hex(padded);
  if (!address || address->empty() || address->size() > 2) {
    throw NotReplayable("\"" + std::string(text) + "\" is no register, expected one as \"0xF7\"");
  }
  return *std::move(address);
}

// ---- kinds of input -------------------------------------------------------------------------

void append(Decoded& all, Decoded more) {
  std::ranges::move(more.samples, std::back_inserter(all.samples));
  std::ranges::copy(more.faults, std::back_inserter(all.faults));
  std::ranges::move(more.facts, std::back_inserter(all.facts));
}

Decoded listen(const DriverInfo& info, const Settings& settings, Bytes stream,
               const Chunking& chunking) {
  std::mt19937 random(chunking.seed);
  const auto next_size = [&]() -> std::size_t {
    switch (chunking.kind) {
      case Chunking::Kind::bytewise:
        return 1;
      case Chunking::Kind::random:
        return 1 + random() % 16;
      case Chunking::Kind::whole:
        break;
    }
    return stream.size();
  };
  const auto listener = info.make_listener(settings);
  Decoded all;
  while (!stream.empty()) {
    const std::size_t size = std::min(next_size(), stream.size());
    append(all, listener->feed(stream.first(size)));
    stream = stream.subspan(size);
  }
  append(all, listener->finish());
  return all;
}

Decoded ask(const DriverInfo& info, const Settings& settings, std::span<const Exchange> exchanges) {
  if (info.decode == nullptr) {
    throw NotReplayable("driver " + std::string(info.name) +
                        " listens to a stream, expected rx_hex");
  }
  if (exchanges.empty()) return {.samples = {}, .faults = {Fault::no_response}, .facts = {}};
  return info.decode(exchanges, settings);
}

// Bytes as they arrive, unasked or after `request_hex`.
Decoded decode_stream(const DriverInfo& info, const Settings& settings, const Json& test_case,
                      const Chunking& chunking) {
  const Buffer stream = bytes_at(test_case, "rx_hex");
  if (stream.empty()) return {.samples = {}, .faults = {Fault::no_response}, .facts = {}};
  if (info.make_listener != nullptr) return listen(info, settings, stream, chunking);
  const Exchange exchange{.written = bytes_at(test_case, "request_hex"), .answered = stream};
  return ask(info, settings, {&exchange, 1});
}

// Writes with the reads that follow them.
Decoded decode_transactions(const DriverInfo& info, const Settings& settings, const Json& test_case,
                            const Chunking&) {
  const Json& transactions = test_case.at("transactions");
  if (!transactions.is_array()) throw NotReplayable("a transaction is not an object");
  std::vector<Exchange> exchanges;
  for (const Json& transaction : transactions) {
    if (!transaction.is_object()) throw NotReplayable("a transaction is not an object");
    exchanges.push_back({.written = bytes_at(transaction, "write_hex"),
                         .answered = bytes_at(transaction, "read_hex"),
                         .nack = transaction.value("nack", false)});
  }
  return ask(info, settings, exchanges);
}

// A register file: one exchange for each of its blocks.
Decoded decode_registers(const DriverInfo& info, const Settings& settings, const Json& test_case,
                         const Chunking&) {
  const Json& blocks = test_case.at("registers");
  if (!blocks.is_object()) throw NotReplayable("registers is not an object");
  std::vector<Exchange> exchanges;
  for (const auto& [first, block] : blocks.items_by_key()) {
    exchanges.push_back(
        {.written = register_address(first), .answered = bytes_at(blocks, first.c_str())});
  }
  return ask(info, settings, exchanges);
}

// The key of a case that holds its bytes, and what is done with them. Another kind (a line of text,
// an HTTP body, files of a tree, edges, raw ticks) is another row.
struct InputKind {
  const char* key;
  Decoded (*decode)(const DriverInfo&, const Settings&, const Json& test_case, const Chunking&);
};
constexpr auto input_kinds = std::to_array<InputKind>({
    {"rx_hex", decode_stream},
    {"transactions", decode_transactions},
    {"registers", decode_registers},
});

// ---- settings -------------------------------------------------------------------------------

// A file's `model` is a sentence about devices. Where a driver tells them apart by its setting
// `variant`, the first word that is one of the choices is the default for the file.
std::optional<std::string> variant_in(const Json& file, const Setting& setting) {
  if (setting.name != "variant") return std::nullopt;
  std::string word;
  for (const char c : text_at(file, "model") + " ") {
    if (('a' <= c && c <= 'z') || ('0' <= c && c <= '9')) {
      word += c;
    } else if ('A' <= c && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else {
      if (std::ranges::find(setting.choices, word) != setting.choices.end()) return word;
      word.clear();
    }
  }
  return std::nullopt;
}

std::optional<std::string> written_value(const Json& file, const Json& test_case,
                                         const Setting& setting) {
  for (const Json* level : {&test_case, &file}) {
    const auto found = level->find(setting.name);
    if (found == nullptr) continue;
    return found->is_string() ? found->get<std::string>() : found->dump();
  }
  return variant_in(file, setting);
}

Settings settings_of(std::span<const Setting> declared, const Json& file, const Json& test_case) {
  Settings settings = Settings::defaults(declared);
  for (const Setting& setting : declared) {
    const auto written = written_value(file, test_case, setting);
    if (!written) continue;
    std::string problem;
    auto value = read_setting(setting, *written, problem);
    if (!value) throw NotReplayable(std::string(setting.name) + ": " + problem);
    settings.set(std::string(setting.name), *std::move(value));
  }
  return settings;
}

Settings settings_of(const DriverInfo& info, const Json& file, const Json& test_case) {
  Settings settings = settings_of(info.settings, file, test_case);
  const std::string problem = info.check == nullptr ? "" : info.check(settings);
  if (!problem.empty()) throw NotReplayable(problem);
  return settings;
}

// ---- printing -------------------------------------------------------------------------------

void put_facts(Line& object, std::span<const Fact> facts) {
  for (const Fact& fact : facts) {
    object[fact.name] = std::visit(
        [](const auto& value) -> Line {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
            return nullptr;
          } else {
            return value;
          }
        },
        fact.value);
  }
}

Line line_of(const std::string& name, const Decoded& decoded) {
  Line line{{"case", name}, {"readings", Line::array()}, {"errors", Line::array()}};
  for (const Sample& sample : decoded.samples) {
    Line set = Line::object();
    for (const Reading& reading : sample.readings) {
      std::string key(name_of(reading.quantity));
      if (!reading.channel.empty()) key += '@' + reading.channel;
      set[key] = reading.value ? Line(*reading.value) : Line(nullptr);
    }
    put_facts(set, sample.facts);
    line["readings"].push_back(std::move(set));
  }
  for (const Fault fault : decoded.faults) line["errors"].push_back(name_of(fault));
  put_facts(line, decoded.facts);
  return line;
}

// ---- files ----------------------------------------------------------------------------------

Json read_vector_file(const std::string& path) {
  const std::string unreadable = problem_of_given_file(path);
  if (!unreadable.empty()) throw NotReplayable(unreadable);
  std::ifstream stream(path);
  std::ostringstream text;
  if (!(text << stream.rdbuf())) throw NotReplayable("is empty");
  Json file;
  try {
    file = Json::parse(text.view(), {.deepest = deepest_nesting});
  } catch (const JsonTooDeep&) {
    throw NotReplayable("is nested too deep for a vector file");
  } catch (const JsonError& problem) {
    throw NotReplayable(problem.what());
  }
  if (!file.is_object() || !file.contains("driver") || !file.contains("cases") ||
      !file["cases"].is_array()) {
    throw NotReplayable("is no vector file, expected an object with \"driver\" and \"cases\"");
  }
  return file;
}

const DriverInfo& driver_of(const Json& file) {
  const std::string name = text_at(file, "driver");
  const DriverInfo* info = driver_named(name);
  if (info == nullptr) {
    throw NotReplayable("there is no driver \"" + name + "\"; `twinsky drivers` lists them");
  }
  return *info;
}

Decoded decode_case(const DriverInfo& info, const Json& file, const Json& test_case,
                    const Chunking& chunking) {
  if (!test_case.is_object()) throw NotReplayable("is not an object");
  const auto kind = std::ranges::find_if(
      input_kinds, [&](const InputKind& known) { return test_case.contains(known.key); });
  if (kind == input_kinds.end()) throw NotReplayable("holds no input of a known kind");
  return kind->decode(info, settings_of(info, file, test_case), test_case, chunking);
}

// Raw numbers through an algorithm of some driver, which is known by its own name.
const AlgorithmInfo* algorithm_of(const Json& file) {
  if (text_at(file, "transport") != "algorithm") return nullptr;
  const std::string name = text_at(file, "driver");
  for (const DriverInfo* info : driver_registry()) {
    if (info->algorithm != nullptr && info->algorithm->name == name) return info->algorithm;
  }
  throw NotReplayable("there is no algorithm \"" + name + '"');
}

Line line_of(const std::string& name, const AlgorithmInfo& algorithm, const Json& file,
             const Json& test_case) {
  const auto input = test_case.is_object() ? test_case.find("input") : nullptr;
  if (input == nullptr || !input->is_array()) throw NotReplayable("input is not a list of numbers");
  std::vector<double> numbers;
  for (const Json& number : *input) {
    if (!number.is_number()) throw NotReplayable("input is not a list of numbers");
    numbers.push_back(number.get<double>());
  }
  const Settings settings = settings_of(algorithm.settings, file, test_case);
  return {{"case", name},
          {"readings", Line::array()},
          {"errors", Line::array()},
          {"sequence", algorithm.run(numbers, settings)}};
}

bool replay_file(const std::string& path, const Chunking& chunking, std::ostream& lines,
                 std::ostream& problems) {
  const Json file = read_vector_file(path);
  const AlgorithmInfo* const algorithm = algorithm_of(file);
  const DriverInfo* const info = algorithm == nullptr ? &driver_of(file) : nullptr;
  bool is_good = true;
  std::size_t number = 0;
  for (const Json& test_case : file["cases"]) {
    std::string name = "#" + std::to_string(++number);
    try {
      if (test_case.is_object() && test_case.contains("name")) name = text_at(test_case, "name");
      const Line line = algorithm != nullptr
                            ? line_of(name, *algorithm, file, test_case)
                            : line_of(name, decode_case(*info, file, test_case, chunking));
      lines << line.dump() << '\n';
    } catch (const std::exception& problem) {
      problems << "twinsky: " << path << ": case " << name << ": " << problem.what() << '\n';
      is_good = false;
    }
  }
  return is_good;
}

}  // namespace

std::optional<Chunking> chunking_named(std::string_view text) {
  if (text == "whole") return Chunking{};
  if (text == "1") return Chunking{.kind = Chunking::Kind::bytewise};
  constexpr std::string_view random = "random:";
  if (!text.starts_with(random)) return std::nullopt;
  Chunking chunking{.kind = Chunking::Kind::random};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + random.size(), end, chunking.seed);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return chunking;
}

bool replay_decode(std::span<const std::string> files, const Chunking& chunking,
                   std::ostream& lines, std::ostream& problems) {
  bool is_good = true;
  for (const std::string& path : files) {
    try {
      is_good = replay_file(path, chunking, lines, problems) && is_good;
    } catch (const std::exception& problem) {
      problems << "twinsky: " << path << ": " << problem.what() << '\n';
      is_good = false;
    }
  }
  return is_good;
}

namespace {

void add_replay_decode(Command& replay, int& code) {
  struct Options {
    std::string chunk = "whole";
    std::vector<std::string> files;
  };
  // Shared with the callback, which outlives this call.
  const auto options = std::make_shared<Options>();
  Command* decode = replay.add_subcommand(
      "decode", "Decode the recorded bytes of vector files with the driver that they name");
  decode
      ->add_option("--chunk", options->chunk,
                   "How streams are cut: whole, 1 (byte by byte) or random:SEED")
      ->shows_default();
  decode->add_option("FILE", options->files, "Vector files")->required();
  decode->callback([options, &code] {
    const auto chunking = chunking_named(options->chunk);
    if (!chunking) {
      throw WrongUsage("--chunk",
                       "expected whole, 1 or random:SEED, not \"" + options->chunk + '"');
    }
    const bool is_good = replay_decode(options->files, *chunking, std::cout, std::cerr);
    code = is_good ? exit_good : exit_failed;
  });
}

}  // namespace

extern const Subcommand replay_decode_command = {
    .of = "replay", .place = 1, .add = add_replay_decode};

}  // namespace twinsky
