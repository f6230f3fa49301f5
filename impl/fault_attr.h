// impl: what happens, fast? This file: allocations that fail on purpose. Knows nothing of what is
// allocated.
#pragma once

#include <cstdint>
#include <utility>

#include "spec/allocation_faults.h"

namespace vmadiff::impl {

/// struct fault_attr, as far as it counts.
class FaultAttr final : public spec::AllocationFaults {
 public:
  void fail(std::uint64_t number) override {
    countdown_ = number;
    has_failed_ = false;
  }
  bool cancel() override {
    countdown_ = 0;
    return std::exchange(has_failed_, false);
  }
  /// should_fail: to be asked before each allocation.
  [[nodiscard]] bool should_fail() {
    if (countdown_ == 0) return false;
    --countdown_;
    if (countdown_ != 0) return false;
    has_failed_ = true;
    return true;
  }

 private:
  std::uint64_t countdown_ = 0;  ///< 0: none is to fail
  bool has_failed_ = false;
};

}  // namespace vmadiff::impl
