// properties: which userfaultfds a call has given up, told by the flags of VMAs: a real kernel does
// not show whose they are.
#include "properties/claims/given_up.h"

#include <algorithm>
#include <variant>

#include "spec/file.h"
#include "spec/flags.h"

namespace vmadiff::properties {

namespace {

using spec::Snapshot;
using spec::Vma;

bool is_let_go(const Vma& vma, const Snapshot& after) {
  const auto now = std::ranges::upper_bound(after.vmas, vma.start, {}, &Vma::end);
  return (vma.flags & spec::kVmUffd) != 0 && now != after.vmas.end() && now->start <= vma.start &&
         (now->flags & spec::kVmUffd) == 0;
}

/// Missing pages of it cannot be brought.
bool is_beyond_help(const Vma& vma) {
  const bool is_huge = (vma.flags & spec::kVmHugetlb) != 0;
  return (vma.flags & spec::kVmUffdMissing) != 0 &&
         (is_huge || vma.file.cls == spec::FileClass::kZero);
}

/// Accesses, or populates, memory that it does not map itself.
struct Accesses {
  bool operator()(const spec::Touch&) const { return true; }
  bool operator()(const spec::Madvise&) const { return true; }
  bool operator()(const spec::ProcessMadvise&) const { return true; }
  bool operator()(const spec::Mlock&) const { return true; }
  bool operator()(const spec::Mlock2&) const { return true; }
  bool operator()(const spec::Mlockall&) const { return true; }
  bool operator()(const auto&) const { return false; }
};

}  // namespace

std::optional<Snapshot> without_given_up(const spec::Syscall& call, const Snapshot& before,
                                         const Snapshot& after) {
  if (!std::visit(Accesses{}, call)) return std::nullopt;
  const bool any = std::ranges::any_of(before.vmas, [&after](const Vma& vma) {
    return is_beyond_help(vma) && is_let_go(vma, after);
  });
  if (!any) return std::nullopt;
  Snapshot out = before;
  for (Vma& vma : out.vmas) {
    if (!is_let_go(vma, after)) continue;
    vma.flags &= ~spec::kVmUffd;
    vma.userfaultfd = 0;
  }
  return out;
}

}  // namespace vmadiff::properties
