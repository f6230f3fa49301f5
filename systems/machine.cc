// systems: words about machines.
#include "systems/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "kernel/host/host.h"
#include "spec/setup_text.h"
#include "systems/systems.h"

namespace vmadiff::systems {
namespace {

std::string limit_text(std::uint64_t bytes) {
  return bytes == ~std::uint64_t{0} ? "unlimited" : fmt::format("{} KiB", bytes / 1024);
}

std::string nodes_text(std::uint64_t nodes) {
  if (nodes == 0) return "a kernel without NUMA";
  return fmt::format("{} ({:#x})", std::popcount(nodes), nodes);
}

std::string joined_with(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::string out;
  for (const auto& [what, why] : rows)
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", what, why);
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> traits_of(const spec::Setup& setup) {
  const auto& limits = setup.limits;
  return {
      {"read faults", setup.zero_page ? "of private anonymous memory map the zero page"
                                      : "of private anonymous memory take a page of their own, and "
                                        "an anon_vma"},
      {"placement", fmt::format("{}; a hint from {:#x}, MAP_FIXED from {:#x}",
                                setup.bottom_up ? "upwards" : "downwards", setup.placement_min_addr,
                                setup.mmap_min_addr)},
      {"max_map_count", fmt::format("{}", setup.max_map_count)},
      {"overcommit", setup.overcommit_pages == ~std::uint64_t{0}
                         ? "always"
                         : fmt::format("a mapping of up to {} pages", setup.overcommit_pages)},
      {"stack guard gap", fmt::format("{} pages", setup.stack_guard_gap)},
      {"memory nodes", nodes_text(setup.nodes)},
      {"userfaultfd", setup.userfaultfd ? "is there" : "ENOSYS"},
      {"names of memory", setup.vma_names ? "are kept" : "EINVAL"},
      {"protection keys", setup.protection_keys ? "are there" : "none"},
      {"noexec", setup.zero_noexec || setup.file_noexec
                     ? fmt::format("{}{}", setup.zero_noexec ? "devices " : "",
                                   setup.file_noexec ? "regular files" : "")
                     : "nothing"},
      {"limits",
       fmt::format("stack {}, locked {}, data {}, address space {}", limit_text(limits.stack),
                   limit_text(limits.memlock), limit_text(limits.data), limit_text(limits.as))},
      {"# setup:",
       spec::setup_text(setup).empty() ? "(as the standard one)" : spec::setup_text(setup)},
  };
}

std::vector<std::pair<std::string, std::string>> left_out_on(std::string_view system) {
  const kernel::HostCapabilities& has = capabilities_of(system);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const spec::FileClass cls : spec::mappable_file_classes()) {
    if (has.file_counts[static_cast<std::size_t>(cls)] != 0) continue;
    const auto name = spec::name(cls);
    const auto note = std::ranges::find_if(
        has.file_notes, [&](const std::string& text) { return text.starts_with(name); });
    rows.emplace_back(name, note == has.file_notes.end()
                                ? "no file of this kernel is one"
                                : note->substr(std::min(note->size(), name.size() + 2)));
  }
  // Of a tree it is the code that is not built.
  const auto* const who =
      is_tree(system) ? "" : ": a sandbox's policy, a security module or a limit answers";
  for (const kernel::Withheld& withheld : has.withheld)
    rows.emplace_back(spec::text(withheld.part), withheld.how + who);
  for (const std::string& code : has.unknown_codes)
    rows.emplace_back(fmt::format("VmFlags '{}'", code), "not known here: not compared");
  if (!has.ksm) rows.emplace_back("KSM calls", has.ksm_note);
  return rows;
}

std::string machine_line(std::string_view system) {
  const kernel::HostCapabilities& has = capabilities_of(system);
  const std::array<std::string, 1> names{std::string{system}};
  const auto setup = setup_for(names);
  std::string out = fmt::format("Linux {} (x86-64)", has.release);
  if (setup) {
    out += fmt::format(": read faults {}, nodes {:#x}",
                       setup->zero_page ? "map the zero page" : "take a page of their own",
                       setup->nodes);
    const auto words = spec::setup_text(*setup);
    if (!words.empty()) out += fmt::format(", {}", words);
  }
  const auto left_out = joined_with(left_out_on(system));
  if (!left_out.empty()) out += fmt::format("; without {}", left_out);
  return out;
}

}  // namespace vmadiff::systems
