// cli: what a trace says of its end, in lines of the form
//
//   #= [SPANS:] PROCESS START-END [PERMISSIONS] [OFFSET] [BACKING] [[FLAGS]] [what else]
//   #= [SPANS:] PROCESS none | gone
//
// each VMA as `layout` prints it, or in part (docs/traces.md). Only reading and writing; what holds
// is in cli/end_check.h. Knows no system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/sequence.h"
#include "spec/snapshot.h"

namespace vmadiff::cli {

/// Flags that a VMA has, and flags that it has not; the others are not said.
struct FlagsClaim {
  spec::VmFlags set = 0;
  spec::VmFlags clear = 0;
  bool is_whole = false;  ///< all flags are said
};

/// An anon_vma by its number in the trace; kNoAnonVma: there is none.
struct AnonVmaClaim {
  spec::AnonVmaId number = spec::kNoAnonVma;
  std::uint32_t links = 0;
};

/// The parts of a VMA that are said.
struct VmaClaim {
  spec::Range range{};
  std::optional<std::string> permissions{};  ///< "rw-p"
  std::optional<std::uint64_t> offset{};     ///< bytes, as maps shows it
  std::optional<std::string> backing{};      ///< "anon", "memfd:0"
  std::optional<FlagsClaim> flags{};
  std::optional<std::uint64_t> pgoff{};      ///< pages
  std::optional<std::uint64_t> own_pgoff{};  ///< pages
  std::optional<std::uint32_t> object{};     ///< which of several without a name of their own
  std::optional<AnonVmaClaim> anon_vma{};
  std::optional<spec::MemPolicy> policy{};
  std::optional<std::string> name{};           ///< "[anon:heap]"; empty: it has none
  std::optional<std::uint32_t> userfaultfd{};  ///< as of a spec::Vma
};

struct EndClaim {
  enum class Kind : std::uint8_t {
    kVma,
    kNone,  ///< the process is there, and nothing of its own is mapped
    kGone   ///< it is not there
  };
  std::size_t line = 0;                 ///< of the file, from 1
  std::string text{};                   ///< as it stands there, behind the process
  std::vector<std::string> profiles{};  ///< the profiles it is said of; empty: of all others
  spec::ProcessId process = 0;
  Kind kind = Kind::kVma;
  VmaClaim vma{};
};

/// What stands behind "#=" where the line is such a claim; "#==" is a line drawn.
[[nodiscard]] std::optional<std::string_view> end_claim_text(std::string_view line);

struct EndClaimError {
  std::size_t at = 0;  ///< bytes into the text
  std::string message;
};

/// Reads what stands behind "#=".
[[nodiscard]] std::expected<EndClaim, EndClaimError> read_end_claim(std::string_view text);

/// The second of two claims that cannot both hold, and why; nothing where all can.
struct EndContradiction {
  std::size_t line = 0;
  std::string message;
};
[[nodiscard]] std::optional<EndContradiction> contradiction_in(const std::vector<EndClaim>& claims);

/// The claims that are made of each process under a profile: those that name it; of a process of
/// which none does, those that name no profile. In the order of process and address.
[[nodiscard]] std::vector<const EndClaim*> claims_under(const std::vector<EndClaim>& claims,
                                                        std::string_view profile);

}  // namespace vmadiff::cli
