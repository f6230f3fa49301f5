// bench: how fast? This file: a sorted array of ranges. Nothing can be read faster, and little
// changed more slowly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bench/map_peers.h"

namespace vmadiff::bench {

/// As much of a map as MapPeer asks for; keys apart from the rest, so that a search reads nothing
/// else.
class SortedArray {
 public:
  class Iterator {
   public:
    struct Reference {
      const std::uint64_t& first;
      MapRange& second;
      const Reference* operator->() const { return this; }
    };
    using value_type = Reference;
    using difference_type = std::ptrdiff_t;
    using reference = Reference;
    using pointer = Reference;
    using iterator_category = std::bidirectional_iterator_tag;

    Iterator(const SortedArray& array, std::size_t at) : array_(&array), at_(at) {}
    Reference operator*() const {
      return {array_->firsts_[at_], const_cast<MapRange&>(array_->rest_[at_])};
    }
    Reference operator->() const { return **this; }
    Iterator& operator++() { return ++at_, *this; }
    Iterator& operator--() { return --at_, *this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const SortedArray* array_;
    std::size_t at_;
  };

  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, firsts_.size()}; }
  [[nodiscard]] bool empty() const { return firsts_.empty(); }

  void emplace_hint(Iterator, std::uint64_t first, MapRange rest) {
    firsts_.push_back(first);
    rest_.push_back(rest);
  }
  void emplace(std::uint64_t first, MapRange rest) {
    const auto at = static_cast<std::ptrdiff_t>(count_below(first));
    firsts_.insert(firsts_.begin() + at, first);
    rest_.insert(rest_.begin() + at, rest);
  }
  void erase(std::uint64_t first) {
    const auto at = static_cast<std::ptrdiff_t>(count_below(first));
    firsts_.erase(firsts_.begin() + at);
    rest_.erase(rest_.begin() + at);
  }
  [[nodiscard]] Iterator find(std::uint64_t first) const { return {*this, count_below(first)}; }
  [[nodiscard]] Iterator lower_bound(std::uint64_t key) const { return {*this, count_below(key)}; }
  [[nodiscard]] Iterator upper_bound(std::uint64_t key) const {
    return {*this, count_below(key + 1)};
  }

 private:
  /// Halves without a branch that depends on what is compared.
  [[nodiscard]] std::size_t count_below(std::uint64_t key) const {
    const std::uint64_t* base = firsts_.data();
    std::size_t left = firsts_.size();
    while (left > 0) {
      const std::size_t half = (left + 1) / 2;
      base += half * static_cast<std::size_t>(base[half - 1] < key);
      left -= half;
    }
    return static_cast<std::size_t>(base - firsts_.data());
  }

  std::vector<std::uint64_t> firsts_;
  std::vector<MapRange> rest_;
};

}  // namespace vmadiff::bench
