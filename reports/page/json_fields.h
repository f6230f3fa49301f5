// reports/page: how does one look at it? This file: fields of JSON that came from a file, so that
// any of them may be missing, or be something else: then it is empty, or 0.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vmadiff::reports {

[[nodiscard]] inline std::string word(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

[[nodiscard]] inline std::vector<std::string> words(const nlohmann::ordered_json& object,
                                                    const char* key) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return out;
  for (const auto& one : *found) {
    if (one.is_string()) out.push_back(one.get<std::string>());
  }
  return out;
}

[[nodiscard]] inline std::uint64_t count(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// The list, or null.
[[nodiscard]] inline const nlohmann::ordered_json* list(const nlohmann::ordered_json& object,
                                                        const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

}  // namespace vmadiff::reports
