// explain: names of VMA flags.
#include "explain/flag_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmadiff::explain {
namespace {

using spec::FlagName;

constexpr std::array kNames{FlagName{spec::kVmRead, "VM_READ"},
                            FlagName{spec::kVmWrite, "VM_WRITE"},
                            FlagName{spec::kVmExec, "VM_EXEC"},
                            FlagName{spec::kVmShared, "VM_SHARED"},
                            FlagName{spec::kVmMayread, "VM_MAYREAD"},
                            FlagName{spec::kVmMaywrite, "VM_MAYWRITE"},
                            FlagName{spec::kVmMayexec, "VM_MAYEXEC"},
                            FlagName{spec::kVmMayshare, "VM_MAYSHARE"},
                            FlagName{spec::kVmGrowsdown, "VM_GROWSDOWN"},
                            FlagName{spec::kVmUffdMissing, "VM_UFFD_MISSING"},
                            FlagName{spec::kVmPfnmap, "VM_PFNMAP"},
                            FlagName{spec::kVmMaybeGuard, "VM_MAYBE_GUARD"},
                            FlagName{spec::kVmUffdWp, "VM_UFFD_WP"},
                            FlagName{spec::kVmLocked, "VM_LOCKED"},
                            FlagName{spec::kVmIo, "VM_IO"},
                            FlagName{spec::kVmSeqRead, "VM_SEQ_READ"},
                            FlagName{spec::kVmRandRead, "VM_RAND_READ"},
                            FlagName{spec::kVmDontcopy, "VM_DONTCOPY"},
                            FlagName{spec::kVmDontexpand, "VM_DONTEXPAND"},
                            FlagName{spec::kVmLockonfault, "VM_LOCKONFAULT"},
                            FlagName{spec::kVmAccount, "VM_ACCOUNT"},
                            FlagName{spec::kVmNoreserve, "VM_NORESERVE"},
                            FlagName{spec::kVmHugetlb, "VM_HUGETLB"},
                            FlagName{spec::kVmSync, "VM_SYNC"},
                            FlagName{spec::kVmArch1, "VM_ARCH_1"},
                            FlagName{spec::kVmWipeonfork, "VM_WIPEONFORK"},
                            FlagName{spec::kVmDontdump, "VM_DONTDUMP"},
                            FlagName{spec::kVmMixedmap, "VM_MIXEDMAP"},
                            FlagName{spec::kVmHugepage, "VM_HUGEPAGE"},
                            FlagName{spec::kVmNohugepage, "VM_NOHUGEPAGE"},
                            FlagName{spec::kVmMergeable, "VM_MERGEABLE"},
                            FlagName{spec::kVmUffdMinor, "VM_UFFD_MINOR"},
                            FlagName{spec::kVmUffdRwp, "VM_UFFD_RWP"},
                            FlagName{spec::kVmDroppable, "VM_DROPPABLE"},
                            FlagName{spec::kVmSealed, "VM_SEALED"}};

}  // namespace

std::string flag_names(spec::VmFlags flags) {
  std::string out;
  for (const auto& [bits, name] : kNames) {
    if ((flags & bits) == 0) continue;
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", name, spec::vm_flags_text(bits));
  }
  return out;
}

}  // namespace vmadiff::explain
