// SPDX-License-Identifier: Apache-2.0
// What a CSV export's columns are: CSV on the Web (W3C, Metadata Vocabulary for Tabular Data),
// which a program finds as <file>-metadata.json beside the file.
#pragma once

#include <span>
#include <string>

namespace twinsky {

struct ExportedOrigin;

// `file` is the CSV file's name, `header` its first row.
std::string csv_metadata(const std::string& file, std::span<const std::string> header,
                         const std::string& gateway, const ExportedOrigin& origin);

}  // namespace twinsky
