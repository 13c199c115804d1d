// SPDX-License-Identifier: Apache-2.0
// Our own format, which README.md beside this folder describes: JSON arrays of records, and the
// documents as they are, all below twinsky/v1/<gateway>/.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/documents.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/record.hpp"

#include <utility>

namespace twinsky {
namespace {

class Native final : public Format {
 public:
  explicit Native(std::string gateway) : gateway_(std::move(gateway)) {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    std::string topic = "twinsky/v1/";
    return topic.append(gateway_).append("/").append(subject);
  }
  // `online` and `offline` are no JSON.
  [[nodiscard]] std::string_view content_type(std::string_view payload) const override {
    const bool is_json = payload.starts_with('{') || payload.starts_with('[');
    return is_json ? "application/json" : "";
  }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return record_prefix(gateway_, stream, epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    payload += payload.empty() ? '[' : ',';
    append_record(payload, head, row.seq, row.time, row.body);
  }
  void close(std::string& payload) const override { payload += ']'; }

  [[nodiscard]] std::string mark(const Mark& mark) const override {
    return mark_document(gateway_, mark);
  }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view document) const override {
    return twinsky::mark_of(document);
  }

 private:
  const std::string gateway_;
};

}  // namespace

extern const FormatInfo native_format = {
    .name = "native",
    .make = [](const SinkSettings&, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Native>(std::move(gateway));
    },
};

}  // namespace twinsky
