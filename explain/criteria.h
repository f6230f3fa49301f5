// explain: may two neighbours be one VMA? Each condition that a kernel asks, with its answer and
// the kernel's function that asks it. It is a third telling of the rule, in words, beside model/
// and impl/: explain_test holds it against what properties/claims/merge_due.h says of the same two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/kernel_profile.h"
#include "spec/snapshot.h"

namespace vmadiff::explain {

/// In the order in which they are told.
enum class Criterion : std::uint8_t {
  kSpecial,      ///< VM_SPECIAL memory never merges
  kFlags,        ///< vm_flags but for VM_STICKY and what a userfaultfd sets
  kUserfaultfd,  ///< the userfaultfd's context, which the flags show here
  kPolicy,
  kName,  ///< of anonymous memory
  kFile,
  kOffset,     ///< vm_pgoff goes on
  kOwnOffset,  ///< so does the offset of a private file's own pages
  kAnonVma
};
[[nodiscard]] std::string_view name(Criterion criterion);
/// The kernel's function, as 6.18 names it.
[[nodiscard]] std::string_view source(Criterion criterion);

struct Answer {
  Criterion criterion{};
  bool holds = false;
  std::string text;  ///< a few words: "the same", "of the range VM_LOCKED (lo)"
};

/// The memory that a call is about, as it is when the merge is tried, and what it adjoins.
struct Pair {
  const spec::Vma& neighbour;
  const spec::Vma& range;
  [[nodiscard]] const spec::Vma& low() const {
    return neighbour.start < range.start ? neighbour : range;
  }
  [[nodiscard]] const spec::Vma& high() const {
    return neighbour.start < range.start ? range : neighbour;
  }
};

/// All of them; the own offset only where one of the two has one. Requires that the two adjoin.
[[nodiscard]] std::vector<Answer> answers_for(const Pair& pair, spec::AnonVmaMerge rule);
/// Whether all hold.
[[nodiscard]] bool all_hold(const std::vector<Answer>& answers);

}  // namespace vmadiff::explain
