// properties: a one-to-one renaming between two systems' numbers, grown as it is asked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace vmadiff::properties {

/// Invariant: no first and no second occurs twice. A few pairs fit without an allocation.
class Renaming {
 public:
  /// Whether `first` may stand for `second`: both are new, or they are a pair already.
  [[nodiscard]] bool pair(std::uint32_t first, std::uint32_t second) {
    for (std::size_t i = 0; i < size_; ++i) {
      const auto& [f, s] = at(i);
      if (f == first || s == second) return f == first && s == second;
    }
    if (size_ < few_.size()) {
      few_[size_] = {first, second};
    } else {
      more_.emplace_back(first, second);
    }
    ++size_;
    return true;
  }

 private:
  [[nodiscard]] const std::pair<std::uint32_t, std::uint32_t>& at(std::size_t i) const {
    return i < few_.size() ? few_[i] : more_[i - few_.size()];
  }

  std::size_t size_ = 0;
  // Not cleared: only the first size_ entries are read.
  std::array<std::pair<std::uint32_t, std::uint32_t>, 24> few_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> more_;
};

}  // namespace vmadiff::properties
