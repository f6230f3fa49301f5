// properties: the list of claims. The table in property.cc is the only place that names them; docs,
// --properties and reports all read it.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::properties {

enum class Kind : std::uint8_t { kInvariant, kEquivalence, kRelation, kFault };

/// Whether the claim is about runs made for it, not about the one run of the sequence.
[[nodiscard]] constexpr bool has_runs_of_its_own(Kind kind) {
  return kind == Kind::kRelation || kind == Kind::kFault;
}

struct Property {
  std::string_view name;  ///< a claim: "VmasAreSortedAndDisjoint"
  Kind kind;
  std::string_view claim;   ///< the claim as a sentence
  std::string_view source;  ///< where the rule comes from
};

[[nodiscard]] std::span<const Property> all_properties();

/// The properties that a run checks.
class PropertySet {
 public:
  /// "all", "equivalence", "invariants", "relations", "faults", or names, separated by commas.
  /// "all" is all but "faults", which take many runs each. The error says which word is unknown and
  /// lists what would be right.
  [[nodiscard]] static std::expected<PropertySet, std::string> parse(std::string_view words);
  [[nodiscard]] static PropertySet all();
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] bool has_any(Kind kind) const;

 private:
  std::vector<bool> selected_;  ///< by index in all_properties()
};

}  // namespace vmadiff::properties
