// spec: how a system is made to run out of memory on purpose.
#pragma once

#include <cstdint>

namespace vmadiff::spec {

/// Makes one allocation of a system fail. What an allocation is, and how many a call makes, is the
/// system's own business.
class AllocationFaults {
 public:
  AllocationFaults() = default;
  AllocationFaults(const AllocationFaults&) = delete;
  AllocationFaults& operator=(const AllocationFaults&) = delete;
  virtual ~AllocationFaults() = default;

  /// The allocation of that number from now on, the next being 1, fails. Once.
  virtual void fail(std::uint64_t number) = 0;
  /// None fails from now on. Whether one did since fail().
  virtual bool cancel() = 0;
};

}  // namespace vmadiff::spec
