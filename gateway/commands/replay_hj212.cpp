// SPDX-License-Identifier: Apache-2.0
// `twinsky replay hj212 FILE…`: reads each frame of a file again, as one comes over a line.
#include "drivers/registry.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

namespace twinsky {
namespace {

const FrameLanguage& replayed_language() {
  return *frame_language_named("hj212");
}

// The good frames in some bytes.
std::vector<PlatformFrame> frames_in(std::string_view bytes) {
  const auto reader = replayed_language().reader();
  std::vector<PlatformFrame> frames = reader->feed(bytes, 0);
  std::ranges::move(reader->finish(), std::back_inserter(frames));
  return frames;
}

// Which check the digits at the end are, whatever length was declared; empty: none.
std::string_view dialect_at_the_end(std::string_view bytes) {
  constexpr std::size_t before_segment = 6;  // "##0101"
  constexpr std::size_t digits = 4;
  while (bytes.ends_with('\n') || bytes.ends_with('\r')) bytes.remove_suffix(1);
  if (!bytes.starts_with("##") || bytes.size() < before_segment + digits) return {};
  const std::string_view segment =
      bytes.substr(before_segment, bytes.size() - before_segment - digits);
  const auto check = replayed_language().check_of(segment, bytes.substr(bytes.size() - digits));
  return check ? replayed_language().checks[*check] : std::string_view();
}

// Characters up to U+00FF, each as one byte; nullopt: there are others.
std::optional<std::string> one_byte_each(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      bytes += text[at];
    } else if ((first == 0xC2 || first == 0xC3) && at + 1 < text.size()) {
      const auto second = static_cast<unsigned char>(text[++at]);
      bytes += static_cast<char>((first & 0x03U) << 6U | (second & 0x3FU));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

// What a JSON text may have made of bytes that are no UTF-8: the characters of a GBK text, or one
// for each byte. The first of them that is a frame is taken.
std::vector<std::string> bytes_meant_by(const std::string& text) {
  std::vector<std::string> meant{text};
  if (auto gbk = replayed_language().bytes(text); gbk && *gbk != text)
    meant.push_back(*std::move(gbk));
  if (auto bytes = one_byte_each(text); bytes && *bytes != text) {
    meant.push_back(*std::move(bytes));
  }
  return meant;
}

void print_case(const std::string& id, const std::string& text) {
  std::vector<PlatformFrame> frames;
  std::string_view dialect;
  for (const std::string& bytes : bytes_meant_by(text)) {
    if (!frames.empty()) break;
    frames = frames_in(bytes);
    if (dialect.empty()) dialect = dialect_at_the_end(bytes);
  }
  if (!frames.empty()) dialect = replayed_language().checks[frames.front().check];
  std::map<std::string, std::string> readings;
  for (const PlatformFrame& frame : frames) {
    for (const auto& group : frame.groups) {
      for (const FrameField& field : group) {
        if (field.name.find('-') == std::string::npos) continue;  // DataTime, RtdInterval
        readings[replayed_language().text(field.name)] = replayed_language().text(field.value);
      }
    }
  }
  std::string line;
  JsonWriter json(line);
  json.open().put("case", id).put("valid", !frames.empty());
  json.put("dialect", dialect.empty() ? std::string_view("invalid") : dialect).open("readings");
  for (const auto& [name, value] : readings) json.key(name).put({}, value);
  json.close().close();
  std::cout << line << '\n';
}

// False when the file could not be read.
bool replay(const std::string& file) {
  if (const std::string problem = problem_of_given_file(file); !problem.empty()) {
    std::cerr << file << ": " << problem << '\n';
    return false;
  }
  std::ifstream stream(file);
  const Json document = Json::parse_or_null(stream);
  const Json* const frames = document.is_object() ? document.find("frames") : nullptr;
  if (frames == nullptr || !frames->is_array()) {
    std::cerr << file << ": no file of frames (an object with a list \"frames\")\n";
    return false;
  }
  bool is_good = true;
  for (const Json& item : *frames) {
    const Json* const text = item.is_object() ? item.find("frame") : nullptr;
    if (text == nullptr || !text->is_string()) {
      std::cerr << file << ": a frame is an object with \"id\" and \"frame\", a text\n";
      is_good = false;
      continue;
    }
    print_case(item.text_of("id"), text->get<std::string>());
  }
  return is_good;
}

void add_replay_hj212(Command& replay_command, int& code) {
  auto files = std::make_shared<std::vector<std::string>>();
  Command* const command = replay_command.add_subcommand("hj212", "Frames of HJ 212");
  command->add_option("file", *files, "Files of frames")->required();
  command->callback([files, &code] {
    for (const std::string& file : *files) {
      if (!replay(file)) code = exit_failed;
    }
  });
}

}  // namespace

extern const Subcommand replay_hj212_command = {
    .of = "replay", .place = 6, .add = add_replay_hj212};

}  // namespace twinsky
