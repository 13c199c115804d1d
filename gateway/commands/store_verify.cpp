// SPDX-License-Identifier: Apache-2.0
// `twinsky store verify [FILE]`: whether a store, or a copy of one, holds all that it should.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/model/json.hpp"
#include "gateway/store/verification.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

namespace twinsky {
namespace {

struct StoreVerifyOptions {
  std::string file;
  bool json = false;
};

std::vector<Proof> verify(const std::string& path) {
  std::optional<Progress> progress;
  return verify_store(path, [&](std::uint64_t rows, std::uint64_t whole) {
    if (!progress) progress.emplace("twinsky store verify", whole);
    progress->reach(rows);
  });
}

int verify(const StoreChoice& choice, const StoreVerifyOptions& options) {
  std::string path = options.file;
  if (path.empty()) {
    const auto chosen = chosen_store(choice);
    if (!chosen) return exit_configuration;
    path = chosen->path;
  }
  const std::vector<Proof> proofs = verify(path);
  const bool is_good = std::ranges::all_of(proofs, &Proof::holds);
  if (options.json) {
    Json list = Json::array();
    for (const Proof& proof : proofs) {
      list.push_back({{"subject", proof.subject}, {"holds", proof.holds}, {"text", proof.text}});
    }
    std::cout << Json{{"store", path}, {"good", is_good}, {"proofs", list}}.dump() << '\n';
  } else {
    for (const Proof& proof : proofs) {
      std::cout << (proof.holds ? "- " : "! ") << proof.subject << ": " << one_line(proof.text)
                << '\n';
    }
    std::cout << path
              << (is_good ? ": all of it holds\n"
                          : ": not all of it holds; a gateway that "
                            "starts brings back what can be read\n");
  }
  return is_good ? exit_good : exit_failed;
}

void add_store_verify(Command& store, int& code) {
  auto* command = store.add_subcommand(
      "verify",
      "Read a whole store, beside a running gateway too: pages, tables, rows, numbers and ledger");
  const auto choice = add_store_choice(*command);
  auto options = std::make_shared<StoreVerifyOptions>();
  command->add_option("FILE", options->file, "A copy; without it the gateway's store");
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([choice, options, &code] { code = verify(*choice, *options); });
}

}  // namespace

extern const Subcommand store_verify_command = {.of = "store", .place = 2, .add = add_store_verify};

}  // namespace twinsky
