// nightly: all that nights have found, each once. What is new in a night is what was not known
// before it; what is known is filed in the state before anything says so, so that no kill makes it
// lost or told twice.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nightly/files.h"
#include "nightly/places.h"

namespace vmadiff::nightly {

/// What a stage hands in.
struct Found {
  /// Equal for the same symptom, whoever saw it: who is wrong, at which call, in what, under which
  /// profile ("impl: mremap/total_vm under linux-6.18").
  std::string key;
  std::string name;  ///< of its files: without directory and suffix
  std::string claim;
  std::string explanation;
  std::string stage;
  std::uint64_t calls = 0;  ///< of its trace; 0: it has none
  bool by_nature = false;   ///< the profile breaks the claim by its nature: never counted as new
  bool reproducible = true;
  bool replays = false;  ///< `vmadiff replay` of its trace shows it
  /// Its files: the suffix (".trace", ".c") and where it is.
  std::vector<std::pair<std::string, std::filesystem::path>> files;
};

struct Known {
  std::string key;
  std::string name;
  std::vector<std::string> claims;  ///< the first one first
  std::string explanation;
  std::vector<std::string> stages;  ///< that have seen it
  std::uint64_t calls = 0;
  bool by_nature = false;
  bool reproducible = true;
  bool replays = false;
  std::vector<std::string> suffixes;  ///< of its files in the state's findings/
  std::string first_night;            ///< of this time, where it had gone and came again
  std::string last_night;             ///< that saw it
  std::string gone_since;  ///< the night in which its trace held for the first time; or empty
  bool again = false;      ///< it had gone before `first_night`

  [[nodiscard]] bool is_new_in(std::string_view night) const {
    return first_night == night && !by_nature;
  }
};

class KnownFindings {
 public:
  [[nodiscard]] static std::expected<KnownFindings, spec::ToolFault> load(const Places& places);
  [[nodiscard]] const std::vector<Known>& all() const { return all_; }

  /// Files it: its files into the state's findings/, unless a shorter trace of it is there, then
  /// the list. Calling it again with the same changes nothing.
  [[nodiscard]] Result file(const Found& found, std::string_view night);
  /// Its trace was replayed, and holds.
  [[nodiscard]] Result note_gone(std::string_view key, std::string_view night);
  /// Its trace was replayed, and still shows it.
  [[nodiscard]] Result note_shows(std::string_view key, std::string_view night);

 private:
  [[nodiscard]] Known* find(std::string_view key);
  [[nodiscard]] Result save() const;

  Places places_;
  std::vector<Known> all_;
};

[[nodiscard]] nlohmann::ordered_json to_json(const Known& known);

}  // namespace vmadiff::nightly
