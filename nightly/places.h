// nightly: where things are below the directory of the state.
#pragma once

#include <filesystem>
#include <string_view>

namespace vmadiff::nightly {

struct Places {
  std::filesystem::path state;

  [[nodiscard]] std::filesystem::path lock() const { return state / "lock"; }
  /// All that was ever found: key, since when, and where.
  [[nodiscard]] std::filesystem::path known() const { return state / "known.json"; }
  /// The files of each, by the finding's name.
  [[nodiscard]] std::filesystem::path findings() const { return state / "findings"; }
  /// What was seen and is not made small yet, of each stage.
  [[nodiscard]] std::filesystem::path sights(std::string_view stage) const {
    return state / "sights" / stage;
  }
  /// Inputs of a fuzzer, or the traces.
  [[nodiscard]] std::filesystem::path corpus(std::string_view name) const {
    return state / "corpus" / name;
  }
  [[nodiscard]] std::filesystem::path nights() const { return state / "nights"; }
};

inline constexpr std::string_view kTraces = "traces";

/// Of one night.
struct NightPlaces {
  std::filesystem::path night;

  [[nodiscard]] std::filesystem::path journal() const { return night / "night.json"; }
  [[nodiscard]] std::filesystem::path stage(std::string_view name) const { return night / name; }
  /// The files of what is new.
  [[nodiscard]] std::filesystem::path findings() const { return night / "findings"; }
};

}  // namespace vmadiff::nightly
