// SPDX-License-Identifier: Apache-2.0
// A configured comparison: what the configuration and the registry of stations say of it, and how
// its pairs are read from the store. The same code serves the daemon, `export pairs` and `report`,
// so that what one publishes the others can show.
#pragma once

#include "drivers/driver.hpp"
#include "gateway/compare/notes.hpp"
#include "gateway/compare/record.hpp"
#include "gateway/config/config.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinsky {

struct Comparison {
  std::string sensor;
  Quantity quantity{};  // the sensor's
  ReferenceFacts reference;
  std::optional<Position> position;  // of the station
  std::optional<Position> sensor_position;
  bool is_indoor = false;
  Zone zone;
  std::optional<UtcTime> since;
  std::string serial_number;        // as configured
  std::optional<UtcTime> replaced;  // since when it is this instrument (unit_change.hpp)
  std::string humidity_stream;      // what tells the air at the sensor; empty: nothing does
  std::string temperature_stream;
  std::optional<Correction> correction;
  double usual_gas_reference_k = 0;  // where the reference has not said anything yet
  std::shared_ptr<const Feed> feed;  // knows the other stations; null: unknown feed
  std::map<std::string, std::shared_ptr<const Feed>> feeds;  // all that are followed

  // "roof-pm/pm2_5/hk-epd/mong-kok"
  [[nodiscard]] std::string subject() const;
  // Where its record stands, below the gateway's topic, and under which name the store remembers
  // it.
  [[nodiscard]] std::string topic() const { return "compare/" + subject(); }
  [[nodiscard]] std::string sensor_stream() const { return "sensor/" + sensor; }
  [[nodiscard]] std::string reference_stream() const {
    return "ref/" + reference.feed + "/" + reference.station;
  }
};

std::vector<Comparison> comparisons_of(const Config& config);

struct StoredPairs {
  Quantity quantity{};  // the reference's form, in which both sides stand
  std::optional<double> gas_reference_k;
  std::vector<PairRow>
      rows;  // in the order of their hours; hours of which nothing is known are not
  Beginnings beginnings = {};
};
StoredPairs read_pairs(StoreReader& store, const Comparison& comparison,
                       std::span<const Note> notes, Window window);

// The first hour at the present place; nothing: it always was there.
std::optional<HourStart> placed_since(const Comparison& comparison, std::span<const Note> notes);

// The newest noted collocation, of this instrument.
std::optional<Window> noted_collocation(const Comparison& comparison, std::span<const Note> notes);

// The hours that say what the unit did when it was commissioned: a noted collocation, else the
// first week of which both sides are kept. Nothing when nothing is kept.
std::optional<Window> commissioning_window(StoreReader& store, const Comparison& comparison,
                                           std::span<const Note> notes);

// How well the station agrees with the nearest one of its kind that is followed too.
std::optional<Floor> read_floor(StoreReader& store, const Comparison& comparison, Quantity quantity,
                                Window window);

}  // namespace twinsky
