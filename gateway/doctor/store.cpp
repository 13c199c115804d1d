// SPDX-License-Identifier: Apache-2.0
// The store: whole, the gateway's own, and kept by nobody but a gateway.
#include "gateway/store/store.hpp"

#include "gateway/doctor/examination.hpp"
#include "gateway/store/soundness.hpp"
#include "gateway/store/store_lock.hpp"
#include "gateway/text/shell_word.hpp"

#include <unistd.h>

namespace twinsky {
namespace {

void look_at_holders(const std::string& about, const std::string& path, const Machine& machine,
                     Findings& findings) {
  struct stat lock {};
  if (::stat(lock_of_store(path).c_str(), &lock) != 0) return;
  for (const RunningProcess& process : holders_of(machine, lock)) {
    if (process.is_gateway) continue;
    findings.push_back({"store_held", about,
                        "is kept by " + text_of(process) + ", so no gateway can open it",
                        "sudo kill " + std::to_string(process.id)});
  }
}

void look_at_ownership(const std::string& about, const std::string& path, const Machine& machine,
                       Findings& findings) {
  for (const char* companion : {"", "-wal", "-shm", ".lock"}) {
    const std::string file = path + companion;
    if (::access(file.c_str(), F_OK) != 0) continue;
    const auto denial = denied(machine.user, file, R_OK | W_OK);
    if (!denial) continue;
    const std::string user = shell_word(machine.user.name);
    findings.push_back({"store_permission", about, "is closed to the gateway: " + denial->why,
                        "sudo chown " + user + ": " + shell_word(path) + "*"});
    return;  // one command mends all of them
  }
}

void look_for_damage(const std::string& about, const std::string& path, Findings& findings) {
  std::string damage;
  try {
    damage = damage_in_store(path);
  } catch (const StoreError& problem) {
    findings.push_back({"store_unreadable", about, problem.what(), "sudo twinsky doctor"});
    return;
  }
  if (damage.empty()) return;
  findings.push_back({"store_damaged", about,
                      "is damaged (" + damage +
                          "): a gateway that starts sets the file aside and brings back what can "
                          "be read",
                      "sudo systemctl restart twinsky && sudo journalctl -u twinsky -f"});
}

Findings look_at_store(const Patient& patient) {
  const std::string& path = patient.config.store.path;
  if (::access(path.c_str(), F_OK) != 0) return {};  // it is made when the gateway first runs
  const std::string about = "store " + path;
  Findings findings;
  look_at_holders(about, path, patient.machine, findings);
  look_at_ownership(about, path, patient.machine, findings);
  look_for_damage(about, path, findings);
  return findings;
}

}  // namespace

extern const Examination store_examination = {.name = "store", .place = 6, .look = look_at_store};

}  // namespace twinsky
