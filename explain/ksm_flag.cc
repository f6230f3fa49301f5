// explain: VM_MERGEABLE on new memory.
#include "explain/ksm_flag.h"

#include <fmt/format.h>

#include "explain/flag_names.h"
#include "spec/file.h"

namespace vmadiff::explain {
namespace {

using spec::KsmEarly;
using When = KsmFlag::When;

/// Of these none is looked at by KSM (ksm_compatible).
constexpr spec::VmFlags kIneligible =
    spec::kVmShared | spec::kVmMayshare | spec::kVmSpecial | spec::kVmHugetlb | spec::kVmDroppable;

/// Why a file's mapping gets it early, or late.
KsmFlag of_file(const spec::Mmap& call, const spec::KernelProfile& profile) {
  const auto early = fmt::format("ksm_early={}", spec::name(profile.ksm_early));
  const auto late = fmt::format("ksm_late={}", spec::name(profile.ksm_late));
  if (profile.ksm_early == KsmEarly::kNever) return {When::kAfterMerge, late};
  const bool is_anonymous = (call.flags & spec::kMapAnonymous) != 0;
  if (is_anonymous) return {When::kBeforeMerge, fmt::format("it has no file, {}", early)};
  const auto cls = call.file.cls;
  if (cls == spec::FileClass::kMemfd) {
    return {When::kBeforeMerge,
            fmt::format("its file is shmem, whose .mmap leaves the flags alone; {}", early)};
  }
  const auto hooks = spec::hooks_of(cls, profile);
  const bool is_early =
      profile.ksm_early == KsmEarly::kUnlessLegacyHook ? !hooks.mmap : hooks.mmap_prepare;
  if (is_early) return {When::kBeforeMerge, fmt::format("its file has .mmap_prepare, {}", early)};
  return {When::kAfterMerge, fmt::format("the .mmap hook of {} may still change the flags, {}, {}",
                                         spec::name(cls), early, late)};
}

}  // namespace

std::optional<KsmFlag> ksm_flag_of(const spec::Syscall& call, const spec::Vma& made, bool merge_any,
                                   const spec::KernelProfile& profile) {
  if (!merge_any) return std::nullopt;
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  const bool is_brk = std::holds_alternative<spec::Brk>(call);
  if (mmap == nullptr && !is_brk) return std::nullopt;
  const bool is_ineligible = (made.flags & kIneligible) != 0;
  if (is_ineligible && (made.flags & spec::kVmMergeable) != 0) {
    return KsmFlag{
        When::kAfterMerge,
        fmt::format("it is computed before the .mmap hook gives the memory {}, ksm_late={}",
                    flag_names(made.flags & kIneligible), spec::name(profile.ksm_late))};
  }
  if (is_ineligible) {
    return KsmFlag{When::kNever, fmt::format("KSM does not look at memory with {} (ksm_compatible)",
                                             flag_names(made.flags & kIneligible))};
  }
  if (mmap != nullptr) return of_file(*mmap, profile);
  const bool is_early = profile.ksm_brk == spec::KsmBrk::kBeforeMerge;
  return KsmFlag{is_early ? When::kBeforeMerge : When::kAfterMerge,
                 fmt::format("ksm_brk={}", spec::name(profile.ksm_brk))};
}

}  // namespace vmadiff::explain
