// SPDX-License-Identifier: Apache-2.0
// Behind which keys of the configuration a secret may stand: those of the settings that are
// declared so, and the words for it that people try. Needed where a file is no JSON and nobody
// knows yet which setting is meant. And where those stand that were given.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

struct Vocabulary;

// "password", "token", …: no settings of ours, since secrets do not belong into the file.
bool is_word_for_secret(std::string_view key);

struct SecretKeys {
  std::set<std::string, std::less<>> names;
  // Also where a quotation mark is missing and the key has run into what follows.
  [[nodiscard]] bool contain(std::string_view key) const;
};

SecretKeys secret_keys(const Vocabulary& vocabulary);

// Where the settings stand that name secrets, by their names: messages say that instead of what is
// written there. No part of what is configured: a line more above it changes nothing.
struct SecretPlaces {
  std::map<std::string, std::string, std::less<>> by_setting;
  bool operator==(const SecretPlaces&) const { return true; }
  // "twinsky.json:12:30: /sinks/0/password_file"; its name alone where it stands nowhere.
  [[nodiscard]] std::string place_of(std::string_view setting) const;
};

}  // namespace twinsky
