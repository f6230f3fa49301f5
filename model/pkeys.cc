// model: memory protection keys.
#include "model/pkeys.h"

#include <algorithm>

namespace vmadiff::model {

Pkeys::Pkeys(bool present) : present_(present) {
  is_taken_[0] = true;
  std::fill(rights_.begin() + 1, rights_.end(), spec::kPkeyDisableAccess);
}

std::optional<std::int32_t> Pkeys::take(std::uint64_t rights) {
  const auto* const free = std::ranges::find(is_taken_, false);
  if (!present_ || free == is_taken_.end()) return std::nullopt;
  const auto key = static_cast<std::size_t>(free - is_taken_.begin());
  is_taken_[key] = true;
  rights_[key] = rights;
  return static_cast<std::int32_t>(key);
}

bool Pkeys::is_given(std::int32_t key) const {
  return present_ && key >= 0 && key < spec::kPkeyCount && !is_for_execution(key) &&
         is_taken_[static_cast<std::size_t>(key)];
}

std::optional<std::int32_t> Pkeys::for_execution() {
  if (!for_execution_) for_execution_ = take(spec::kPkeyDisableAccess);
  return for_execution_;
}

bool Pkeys::allow(spec::VmFlags flags, spec::Access access) const {
  const std::uint64_t rights = rights_[static_cast<std::size_t>(spec::pkey_of(flags))];
  const bool is_write = access == spec::Access::kWrite;
  const std::uint64_t denied = spec::kPkeyDisableAccess | (is_write ? spec::kPkeyDisableWrite : 0);
  return (rights & denied) == 0;
}

}  // namespace vmadiff::model
