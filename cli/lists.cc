// cli: the commands profiles and systems.
#include "cli/lists.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "cli/systems.h"
#include "spec/kernel_profile.h"

namespace vmadiff::cli {

ExitStatus list_profiles() {
  for (const spec::KernelProfile& p : spec::profiles()) {
    fmt::print("{}{}\n  {}\n", p.name, p.name == spec::kDefaultProfileName ? "  (default)" : "",
               p.summary);
    const std::array<std::pair<std::string_view, std::string_view>, 6> behaviours{{
        {"KSM flag before the merge attempt, for", spec::name(p.ksm_early)},
        {"KSM flag for the others", spec::name(p.ksm_late)},
        {"KSM flag of new brk pages", spec::name(p.ksm_brk)},
        {"anon_vmas that may merge", spec::name(p.anon_vma_merge)},
        {".mmap_prepare", spec::name(p.mmap_prepare)},
        {"hint-less private /dev/zero", spec::name(p.zero_placement)},
    }};
    for (const auto& [what, how] : behaviours) fmt::print("  {:<40}{}\n", what, how);
  }
  return ExitStatus::kHeld;
}

ExitStatus list_systems() {
  for (const SystemKind& kind : system_kinds()) {
    const auto reason = why_not(kind.name);
    fmt::print("{:<6}{}\n      {}\n", kind.name, kind.summary,
               reason ? fmt::format("cannot run here: {}", *reason) : "runs here");
    if (reason || !is_real(kind.name)) continue;
    const std::array<std::string, 1> system{std::string{kind.name}};
    const auto note = offer_of(system).note;
    if (!note.empty()) fmt::print("      {}\n", note);
  }
  return ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
