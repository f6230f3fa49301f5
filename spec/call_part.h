// spec: a part of what can be asked: a call, or a call with a certain argument. In such parts it is
// said what a machine does not give (a sandbox's policy, a security module), and so what sequences
// that are compared there do without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "spec/syscall.h"

namespace vmadiff::spec {

struct CallPart {
  enum class Argument : std::uint8_t {
    kAny,     ///< the call, whatever its arguments are
    kProt,    ///< with all these PROT_* together
    kFlags,   ///< with all these flags (MAP_*, MREMAP_*, …) together
    kChoice,  ///< with this advice, option, resource or mode
  };
  std::size_t call = 0;  ///< index in spec::Syscall
  Argument argument = Argument::kAny;
  std::uint64_t value = 0;
  friend bool operator==(const CallPart&, const CallPart&) = default;
};

/// Whether the call is of that part.
[[nodiscard]] bool is_of(const Syscall& call, const CallPart& part);
[[nodiscard]] bool is_of_any(const Syscall& call, std::span<const CallPart> parts);

/// "mbind", "mprotect with PROT_EXEC", "madvise with MADV_MERGEABLE".
[[nodiscard]] std::string text(const CallPart& part);

}  // namespace vmadiff::spec
