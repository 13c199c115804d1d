// SPDX-License-Identifier: Apache-2.0
// `twinsky import FILE`: records that `twinsky export` wrote, back into a store. All lines are
// looked at before the first one is kept.
#include "gateway/store/import.hpp"

#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/system/given_file.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/exported_record.hpp"
#include "gateway/text/one_line.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <set>

namespace twinsky {
namespace {

constexpr std::size_t most_told = 20;
constexpr std::size_t longest_line = std::size_t{1} << 20U;

struct ImportOptions {
  std::string file;
  bool skips_bad = false;
  bool dry_run = false;
};

// The records of a file, one after the other, each with its line; or what is wrong there.
class ExportedFile {
 public:
  explicit ExportedFile(const std::string& path) : stream_(path, std::ios::binary) {}

  struct Item {
    std::uint64_t line = 0;
    Result<ExportedRecord, std::string> record;
  };
  // Nothing: it has ended.
  std::optional<Item> next() {
    std::string text;
    while (read(text)) {
      if (text.empty()) continue;
      if (text.size() > longest_line) return Item{begun_, Unexpected{std::string("is too long")}};
      if (text.front() == '{') return Item{begun_, record_in_line(text)};
      if (table_) return Item{begun_, table_->record_in(cells_of_row(text))};
      auto table = ExportedTable::with_columns(cells_of_row(text));
      if (!table) {
        stream_.setstate(std::ios::failbit);  // nor is anything behind it
        return Item{begun_, Unexpected{"is neither a line of JSON nor the first row of a table: " +
                                       table.error()}};
      }
      table_ = std::move(*table);
    }
    return std::nullopt;
  }

 private:
  // A line; a row of a table with all of its lines.
  bool read(std::string& text) {
    std::string line;
    text.clear();
    do {
      if (!std::getline(stream_, line)) return !text.empty();
      if (line.ends_with('\r')) line.pop_back();
      if (++line_; text.empty()) begun_ = line_;
      text += (text.empty() ? "" : "\n") + line;
    } while (!text.starts_with('{') && is_open_row(text) && text.size() <= longest_line);
    return true;
  }

  std::ifstream stream_;
  std::optional<ExportedTable> table_;
  std::uint64_t line_ = 0;
  std::uint64_t begun_ = 0;
};

// What speaks of the store that it comes from.
bool is_left_out(const ExportedRecord& record) {
  return record.stream.empty() || record.stream == "ledger" || record.stream == "event";
}

class Import {
 public:
  Import(const ImportOptions& options, const ChosenStore& store)
      : options_(options), store_(store), import_(store.path) {}

  int run() {
    each_record(
        [&](const ExportedRecord& record, std::uint64_t) { import_.expect(row_of(record)); });
    if (bad_ != 0 && !options_.skips_bad) return refuse();
    import_.read_known();
    is_told_ = true;
    each_record([&](const ExportedRecord& record, std::uint64_t line) { look(record, line); });
    if (refused_ != 0 && !options_.skips_bad) return refuse();
    if (!options_.dry_run && import_.further() != 0) put();
    std::cout << options_.file << ": " << counted(import_.further(), "record")
              << (options_.dry_run ? " would be imported" : " imported") << ", " << known_
              << " there already";
    if (left_out_ != 0) {
      std::cout << ", " << left_out_
                << " of ledger and events left out: they speak of another store";
    }
    if (bad_ + refused_ != 0) std::cout << ", " << bad_ + refused_ << " skipped";
    std::cout << '\n';
    return exit_good;
  }

 private:
  using Each = std::function<void(const ExportedRecord&, std::uint64_t)>;

  static ImportRow row_of(const ExportedRecord& record) {
    return {.stream = record.stream,
            .epoch = record.epoch,
            .seq = record.seq,
            .time = record.time,
            .body = record.body};
  }

  void each_record(const Each& each) {
    ExportedFile file(options_.file);
    left_out_ = 0;
    while (const auto item = file.next()) {
      if (!item->record) {
        if (!is_told_) tell(item->line, item->record.error(), bad_);
        continue;
      }
      const ExportedRecord& record = *item->record;
      if (is_left_out(record)) {
        ++left_out_;
        continue;
      }
      const bool is_foreign =
          !record.gateway.empty() && !store_.gateway.empty() && record.gateway != store_.gateway;
      if (is_foreign) {
        if (!is_told_) {
          tell(item->line, "is of the gateway " + record.gateway + ", this is " + store_.gateway,
               bad_);
        }
        continue;
      }
      each(record, item->line);
    }
  }

  void look(const ExportedRecord& record, std::uint64_t line) {
    switch (import_.look(row_of(record))) {
      case StoreImport::Look::further:
        return;
      case StoreImport::Look::known:
        ++known_;
        return;
      case StoreImport::Look::another:
        tell(line, "has another record's number: " + number_of(record), refused_);
        break;
      case StoreImport::Look::out_of_order:
        tell(line, "comes after a later one: " + number_of(record), refused_);
        break;
    }
    conflicts_.insert({record.stream, {record.epoch, record.seq}});
  }
  void put() {
    try {
      import_.begin();
      each_record([&](const ExportedRecord& record, std::uint64_t) {
        if (!conflicts_.contains({record.stream, {record.epoch, record.seq}})) {
          import_.put(row_of(record));
        }
      });
      import_.commit(SystemClock().utc());
    } catch (const std::exception& problem) {
      throw StoreError(
          "nothing was imported into " + store_.path + ": " +
          (fault_of(problem) == DiskFault::full ? "there is no room on its disk" : problem.what()));
    }
  }
  static std::string number_of(const ExportedRecord& record) {
    return record.stream + " " + record.epoch + " " + std::to_string(record.seq);
  }

  void tell(std::uint64_t line, const std::string& what, std::uint64_t& count) {
    if (++count <= most_told) {
      std::cerr << options_.file << ":" << line << ": " << one_line(what) << '\n';
    }
  }
  int refuse() const {
    const std::uint64_t wrong = bad_ + refused_;
    if (wrong > most_told) std::cerr << "… and " << wrong - most_told << " more\n";
    std::cerr << "twinsky import: nothing was imported; --skip-bad imports the other lines\n";
    return exit_failed;
  }

  const ImportOptions& options_;
  const ChosenStore& store_;
  StoreImport import_;
  bool is_told_ = false;
  std::uint64_t bad_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t known_ = 0;
  std::uint64_t left_out_ = 0;
  std::set<std::pair<std::string, std::pair<std::string, std::uint64_t>>> conflicts_;
};

int run_import(const StoreChoice& choice, const ImportOptions& options) {
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  if (const std::string problem = problem_of_given_file(options.file); !problem.empty()) {
    std::cerr << "twinsky import: " << options.file << ": " << problem << '\n';
    return exit_failed;
  }
  if (std::error_code unknown; !std::filesystem::is_regular_file(options.file, unknown)) {
    std::cerr << "twinsky import: " << options.file
              << ": expected a plain file, since it is read several times\n";
    return exit_failed;
  }
  return Import(options, *chosen).run();
}

void add_import(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "import",
      "Put records that export wrote, CSV or JSON lines, into the store of a gateway that is "
      "stopped");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<ImportOptions>();
  command->add_option("FILE", options->file, "What twinsky export has written")->required();
  command->add_flag("--skip-bad", options->skips_bad,
                    "Import the other lines where some are damaged; without it none is");
  command->add_flag("--dry-run", options->dry_run, "Say what would be imported");
  command->callback([choice, options, &code] { code = run_import(*choice, *options); });
}

}  // namespace

extern const Subcommand import_command = {.place = 9, .add = add_import};

}  // namespace twinsky
