// nightly: the journal of a night: what it is to do, and how far it has come. It is written whole
// at each step, so that a night that is killed goes on where it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nightly/files.h"
#include "nightly/places.h"
#include "process/budget.h"

namespace vmadiff::nightly {

enum class State : std::uint8_t {
  kWaiting,
  kRunning,  ///< begun, and not come to its end
  kDone,
  kSkipped,  ///< it could not be asked here
  kBroken,   ///< who asks has failed
};
[[nodiscard]] std::string_view name(State state);
[[nodiscard]] inline bool has_ended(State state) {
  return state != State::kWaiting && state != State::kRunning;
}

struct StageRecord {
  std::string name;
  std::string asks;
  State state = State::kWaiting;
  std::uint64_t attempts = 0;         ///< how often it was begun
  std::chrono::milliseconds spent{};  ///< in all of them
  std::string note;                   ///< why it was skipped or is broken, or what else to say
  std::map<std::string, std::uint64_t> numbers;  ///< what it counted: "operations", "inputs"
};

struct Journal {
  NightPlaces places;
  std::string night;  ///< "2026-11-27-1": the day on which it began, and the how manieth of it
  std::string begun;  ///< UTC, as in 2026-11-27T22:00:00Z
  std::string version;
  std::uint64_t seed = 0;
  process::Budget budget;
  std::uint64_t starts = 0;  ///< of the command, for this night
  std::vector<StageRecord> stages;
  bool is_done = false;

  [[nodiscard]] Result save() const;
  [[nodiscard]] StageRecord* find(std::string_view stage);
  /// Of all stages.
  [[nodiscard]] std::chrono::milliseconds spent() const;
};

/// The directories of nights, the oldest first.
[[nodiscard]] std::vector<std::filesystem::path> nights_in(const Places& places);
/// The latest night, where it has not come to its end; nothing where there is none.
[[nodiscard]] std::expected<std::optional<Journal>, spec::ToolFault> unfinished_night(
    const Places& places);
/// One that begins now, its directory made. It is not saved yet.
[[nodiscard]] std::expected<Journal, spec::ToolFault> new_night(const Places& places);

}  // namespace vmadiff::nightly
