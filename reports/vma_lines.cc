// reports: lines for VMAs.
#include "reports/vma_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/trace_names.h"

namespace vmadiff::reports {
namespace {

using spec::Observes;
using spec::Vma;

bool observes_offset(const Vma& vma, const Observes& seen) {
  return !vma.file.is_none() || seen.anon_pgoff;
}

std::string policy_text(const spec::MemPolicy& policy) {
  if (policy == spec::MemPolicy{}) return " no policy";
  std::string out = " policy";
  const auto mode = std::ranges::find(spec::kPolicyNames, policy.mode, &spec::FlagName::bits);
  out += mode == spec::kPolicyNames.end() ? fmt::format(" {}", policy.mode)
                                          : fmt::format(" {}", mode->name);
  for (const auto& [bits, name] : spec::kPolicyFlagNames) {
    if ((policy.flags & bits) != 0) out += fmt::format("|{}", name);
  }
  out += fmt::format(" nodes {:#x}", policy.nodes);
  if (policy.flags != 0) out += fmt::format(" of {:#x}", policy.asked);
  return out;
}

std::string anon_vma_text(const Vma& vma) {
  if (vma.anon_vma == spec::kNoAnonVma) return " no anon_vma";
  auto out = fmt::format(" anon_vma {}", vma.anon_vma);
  if (vma.anon_vma_links != 1) out += fmt::format(" ({} links)", vma.anon_vma_links);
  return out;
}

std::string userfaultfd_text(const Vma& vma) {
  if (vma.userfaultfd == 0) return " no userfaultfd";
  return fmt::format(" userfaultfd {}", vma.userfaultfd - 1);
}

/// Of two VMAs wherever they are: all but their offsets.
Hidden difference_in_kind(const Vma& a, const Vma& b, const Observes& seen) {
  Hidden out = 0;
  if (a.file != b.file && spec::text(a.file) == spec::text(b.file)) out |= kHiddenFile;
  if (seen.anon_vma && (a.anon_vma != b.anon_vma || a.anon_vma_links != b.anon_vma_links)) {
    out |= kHiddenAnonVma;
  }
  if (seen.policy && a.policy != b.policy) out |= kHiddenPolicy;
  if (seen.userfaultfd && a.userfaultfd != b.userfaultfd) out |= kHiddenUserfaultfd;
  return out;
}

/// Whether two VMAs look as if they could be one.
bool looks_like_one(const Vma& prev, const Vma& next) {
  constexpr spec::VmFlags kSaysWhy = spec::kVmSpecial | spec::kVmHugetlb;
  const bool goes_on =
      prev.file.is_none() || spec::same_offset_in_bytes(prev.pgoff + prev.pages(), next.pgoff);
  // A close hook says why, too.
  return prev.end == next.start && goes_on && prev.file == next.file && prev.name == next.name &&
         prev.file.cls != spec::FileClass::kSysv && (prev.flags & kSaysWhy) == 0 &&
         spec::vm_flags_text(prev.flags) == spec::vm_flags_text(next.flags);
}

}  // namespace

Hidden hidden_difference(const Vma& a, const Vma& b, const Observes& seen) {
  Hidden out = difference_in_kind(a, b, seen);
  if (a.pgoff != b.pgoff && observes_offset(a, seen)) out |= kHiddenOffset;
  if (seen.anon_pgoff && a.own_pgoff != b.own_pgoff) out |= kHiddenOwnOffset;
  return out;
}

Hidden hidden_between(const Vma& prev, const Vma& next, const Observes& seen) {
  if (prev.end != next.start ||
      spec::permissions_text(prev.flags) != spec::permissions_text(next.flags) ||
      spec::vm_flags_text(prev.flags) != spec::vm_flags_text(next.flags) ||
      spec::text(prev.file) != spec::text(next.file) ||
      spec::name_text(prev) != spec::name_text(next)) {
    return 0;
  }
  const bool hides_offset = prev.file.is_none();
  const bool goes_on = prev.pgoff + prev.pages() == next.pgoff;
  Hidden out = difference_in_kind(prev, next, seen);
  // An offset that is shown says enough, but for which object it is an offset of.
  const bool shows_why =
      !hides_offset && !spec::same_offset_in_bytes(prev.pgoff + prev.pages(), next.pgoff);
  if (shows_why) return out & kHiddenFile;
  if (!goes_on && observes_offset(prev, seen)) out |= kHiddenOffset;
  const bool has_own = prev.own_pgoff != 0 || next.own_pgoff != 0;
  const bool own_goes_on = prev.own_pgoff + prev.pages() == next.own_pgoff;
  if (seen.anon_pgoff && has_own && !own_goes_on) out |= kHiddenOwnOffset;
  return out;
}

std::string_view unseen_between(const Vma& prev, const Vma& next, const Observes& seen) {
  if (hidden_between(prev, next, seen) != 0 || !looks_like_one(prev, next)) return {};
  const bool sees_all = seen.anon_vma && seen.policy && seen.anon_pgoff && seen.userfaultfd;
  return sees_all ? kNothingKeepsApart : kNothingSeenKeepsApart;
}

std::string text_with(const Vma& vma, Hidden parts) {
  std::string out = spec::text(vma);
  if ((parts & kHiddenOffset) != 0) out += fmt::format(" pgoff {:x}", vma.pgoff);
  if ((parts & kHiddenOwnOffset) != 0) out += fmt::format(" own pgoff {:x}", vma.own_pgoff);
  if ((parts & kHiddenFile) != 0) out += fmt::format(" object {}", vma.file.number);
  if ((parts & kHiddenAnonVma) != 0) out += anon_vma_text(vma);
  if ((parts & kHiddenPolicy) != 0) out += policy_text(vma.policy);
  if ((parts & kHiddenUserfaultfd) != 0) out += userfaultfd_text(vma);
  return out;
}

std::vector<std::string> lines_of(const std::vector<Vma>& vmas, const Observes& seen) {
  std::vector<std::string> out;
  out.reserve(vmas.size());
  Hidden before = 0;
  for (std::size_t i = 0; i < vmas.size(); ++i) {
    const Hidden behind =
        i + 1 < vmas.size() ? hidden_between(vmas[i], vmas[i + 1], seen) : Hidden{0};
    out.push_back(text_with(vmas[i], before | behind));
    if (i != 0) out.back() += unseen_between(vmas[i - 1], vmas[i], seen);
    before = behind;
  }
  return out;
}

}  // namespace vmadiff::reports
