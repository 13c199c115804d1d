// SPDX-License-Identifier: Apache-2.0
// Indices of our own hours: index/<edition>/own, one for the gateway, made of its sensors outdoors
// by the rule of its jurisdiction, and of particles by EPA's NowCast everywhere. They are
// indicative, never official.
#pragma once

#include "gateway/acquire/intake.hpp"
#include "gateway/config/config.hpp"
#include "gateway/indices/own_index.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace twinsky {

class OwnIndices {
 public:
  // The catalogue outlives it.
  OwnIndices(const Config& config, const IndexCatalogue& catalogue, Store& store, Intake& intake,
             Clock& clock);

  // Another configuration: what it makes no index of any more is closed. Main loop.
  void change(const Config& config);
  // Hours that begin at these times were made, or made anew. The hours' thread.
  void take(const std::set<UtcTime>& starts);

 private:
  struct Carrier {
    std::string sensor;
    std::string stream;
    std::vector<Quantity> quantities;  // that a rule of ours asks for
  };

  // What the configuration asks for.
  struct Subjects {
    std::vector<std::string> families;
    std::vector<Carrier> carriers;
  };
  [[nodiscard]] Subjects subjects_of(const Config& config) const;
  // These read the disk, so they hold no mutex meanwhile.
  void make(const std::string& family, const std::vector<Carrier>& carriers,
            const std::set<UtcTime>& starts);
  void make(const IndexEdition& edition, const std::vector<Carrier>& carriers, UtcTime start);

  void remember_missed(UtcTime first);

  const IndexCatalogue& catalogue_;
  Store& store_;
  Intake& intake_;
  Clock& clock_;
  const std::unique_ptr<StoreReader> reader_;  // of the hours' thread, as the next two
  std::set<UtcTime> due_;                      // hours of which no index was made yet
  bool has_looked_back_ = false;
  std::mutex mutex_;
  Subjects subjects_;                                     // guarded by mutex_
  std::map<std::string, std::set<std::string>> streams_;  // open, by family; guarded by mutex_
};

// The families of indices that a gateway makes of its own hours: those of which a sensor outdoors
// measures any part.
std::vector<std::string> own_index_families(const Config& config, const IndexCatalogue& catalogue);

}  // namespace twinsky
