// properties: which named arguments (advice, flags, classes of files) a run has given to which
// call, and how often the call took them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <variant>

#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Calls that had an argument, by what they gave.
struct ArgumentCount {
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
};

class Arguments {
 public:
  /// By the argument's name in trace text ("MADV_COLD", "memfd").
  using ByName = std::map<std::string_view, ArgumentCount>;

  void note(const spec::Syscall& call, const spec::Outcome& outcome);
  void add(const Arguments& other);
  /// Those of a call, by its place in the variant.
  [[nodiscard]] const ByName& of(std::size_t call) const { return calls_[call]; }

 private:
  std::array<ByName, std::variant_size_v<spec::Syscall>> calls_;
};

}  // namespace vmadiff::properties
