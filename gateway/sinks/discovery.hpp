// SPDX-License-Identifier: Apache-2.0
// How Home Assistant is told of a stream: one message for a device and all its entities, by which
// it reads `state` (MQTT discovery, the device payload of 2024.11 and later). It drops what it does
// not know without a word, and refuses an entity whose unit is not in its list. Pure functions to
// JSON text.
//
// Topics stand in a document without what they begin with, which is a sink's own matter, until it
// goes out.
#pragma once

#include "gateway/sinks/documents.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

// Behind the name of a stream: the subject of its document.
inline constexpr std::string_view discovery_suffix = "/discovery";

// Behind the name of a stream: all documents that stand beside its records.
inline constexpr std::array<std::string_view, 4> documents_of_a_stream = {
    "/meta", "/state", "/status", discovery_suffix};

// Sensors and official stations are; what is computed of them is not.
bool is_discovered(std::string_view stream);

// Of the device, unlike that of any other stream of any gateway, and the same for ever: letters,
// digits, "_" and "-" only.
std::string discovery_id(std::string_view gateway, std::string_view stream);

// The entity that a quantity is there, as long as nobody renames it:
// "sensor.mk_roof_roof_pm_pm2_5"; and its unit, empty where it has none.
std::string discovered_entity(std::string_view gateway, std::string_view stream,
                              std::string_view quantity);
std::string_view discovered_unit(Quantity quantity);

std::string discovery_document(std::string_view gateway, const StreamDescription& stream);

// The topics that a document reads, and its components; none where it is no such document.
std::vector<std::string> topics_of_discovery(std::string_view document);
std::set<std::string> components_of_discovery(std::string_view document);
// The document with whole topics, which begin with `base`; and with these components that are no
// more, with their platform alone.
std::string discovery_below(std::string_view base, std::string_view document,
                            const std::set<std::string>& gone = {});

}  // namespace twinsky
