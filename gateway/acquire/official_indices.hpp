// SPDX-License-Identifier: Apache-2.0
// Indices of official stations: made of every sample of a feed whose agency has a published rule,
// taken in as streams of their own (index/<edition>/<feed>--<station>), and held against what the
// agency printed. Any thread: feeds have threads of their own.
#pragma once

#include "gateway/acquire/intake.hpp"
#include "gateway/indices/official_index.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

class OfficialIndices {
 public:
  // The catalogue outlives it.
  OfficialIndices(const IndexCatalogue& catalogue, Intake& intake, Bulletin& bulletin, Log& log)
      : catalogue_(catalogue), intake_(intake), bulletin_(bulletin), log_(log) {}

  // A station's stream became known, or is gone: its indices are described alike, or go with it.
  void open(const StreamDescription& stream);
  void close(std::string_view stream);
  // A sample of such a stream.
  void take(std::string_view stream, const Sample& sample);
  // An update is complete: tells how far we agree with the agency.
  void complete(std::string_view feed);

 private:
  struct OfFeed {
    OfficialIndex index;
    std::string edition;  // whose agreement is published
    bool has_drifted = false;
  };
  // These want mutex_ held.
  OfFeed* of_feed(std::string_view feed);
  void publish(std::string_view stream, const IndexReport& report);

  const IndexCatalogue& catalogue_;
  Intake& intake_;
  Bulletin& bulletin_;
  Log& log_;
  std::mutex mutex_;
  // Guarded by mutex_, all three.
  std::map<std::string, OfFeed, std::less<>> feeds_;
  std::map<std::string, StreamDescription, std::less<>> stations_;       // by stream
  std::map<std::string, std::set<std::string>, std::less<>> published_;  // streams by station's
};

}  // namespace twinsky
