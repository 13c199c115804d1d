// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/official_outlet.hpp"

#include "gateway/sinks/discovery.hpp"

#include <string>
#include <utility>

namespace twinsky {
namespace {

// What a broker retains under an earlier name would look like a station that stands still. It was
// posted by an earlier version, if at all, so it is posted here before it is withdrawn.
void clear_topics(const std::string& stream, Bulletin& bulletin) {
  for (const std::string_view document : documents_of_a_stream) {
    const std::string topic = std::string(stream).append(document);
    bulletin.post({.topic = topic, .payload = {}});
    bulletin.withdraw(topic);
  }
}

}  // namespace

FollowerOutlet outlet_to(Intake& intake, OfficialIndices& indices, Bulletin& bulletin,
                         Store& store) {
  return {
      .open =
          [&](const StreamDescription& stream) {
            for (const std::string& name : stream.formerly) clear_topics(name, bulletin);
            intake.open(stream);
            indices.open(stream);
          },
      .close =
          [&](std::string_view stream) {
            intake.close(stream);
            indices.close(stream);
          },
      .take =
          [&](std::string_view stream, const Sample& sample, std::string_view document) {
            intake.take_official(stream, sample, document);
            indices.take(stream, sample);
          },
      .announce = [&](std::string_view event, std::string_view subject,
                      std::string_view message) { intake.announce(event, subject, message); },
      .warn =
          [&](std::string_view feed, const std::vector<Warning>* in_force) {
            const std::string topic = std::string("ref/").append(feed).append("/warnings");
            if (in_force == nullptr) {
              bulletin.withdraw(topic);
            } else {
              bulletin.post({.topic = topic, .payload = warnings_document(*in_force)});
            }
          },
      .begin = [&](std::string_view stream, const Sample& oldest,
                   std::string_view cause) { intake.note_missed(stream, oldest, cause); },
      .miss =
          [&](std::string_view stream, UtcTime since, UtcTime end, milliseconds period,
              std::string_view cause) { intake.note_missing(stream, since, end, period, cause); },
      .complete = [&](std::string_view feed) { indices.complete(feed); },
      .remembered = [&](const std::string& name) { return store.remembered(name).value_or(""); },
      .remember = [&](const std::string& name,
                      std::string text) { store.remember(name, std::move(text)); },
  };
}

}  // namespace twinsky
