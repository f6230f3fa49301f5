// systems: what real kernels lack is left out of the sequences, and said.
#include "systems/offer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernel/host/host.h"
#include "kernel/host/layout.h"
#include "properties/claims/ksm_calls.h"
#include "properties/generate/wild.h"
#include "spec/setup_text.h"
#include "systems/systems.h"

namespace vmadiff::systems {
namespace {

std::uint32_t file_count(const kernel::HostCapabilities& capabilities, spec::FileClass cls) {
  return capabilities.file_counts[static_cast<std::size_t>(cls)];
}

}  // namespace

std::vector<spec::CallPart> withheld_from(std::string_view system) {
  std::vector<spec::CallPart> parts;
  if (!is_real(system)) return parts;
  for (const kernel::Withheld& withheld : capabilities_of(system).withheld) {
    parts.push_back(withheld.part);
  }
  return parts;
}

Offer offer_of(std::span<const std::string> systems) {
  const auto all = spec::mappable_file_classes();
  Offer offer;
  offer.file_classes.assign(all.begin(), all.end());
  for (const std::string& system : systems) {
    if (!is_real(system)) continue;
    const auto& has = capabilities_of(system);
    const auto note = [&](const std::string& text) {
      offer.note += fmt::format("{}{}", offer.note.empty() ? "" : "; ", text);
    };
    std::string absent;
    for (const spec::FileClass cls : all) {
      if (file_count(has, cls) == 0) {
        absent += fmt::format("{}{}", absent.empty() ? "" : ", ", spec::name(cls));
        std::erase(offer.file_classes, cls);
      } else {
        offer.files_per_class = std::min(offer.files_per_class, file_count(has, cls));
      }
    }
    if (!absent.empty()) {
      note(fmt::format("the {} has no {}", system, absent));
    }
    if (file_count(has, spec::FileClass::kPfnmap) != 0) {
      offer.driver_pages = kernel::kMemoryDevicePages;
    }
    offer.refused_maps = offer.refused_maps || is_guest(system);
    offer.guards_behind_marks = false;
    if (!has.ksm) note(fmt::format("no KSM calls: {}", has.ksm_note));
    for (const kernel::Withheld& withheld : has.withheld) {
      note(fmt::format("the {} does not give {} ({})",
                       is_tree(system) ? std::string{system} : fmt::format("{}'s machine", system),
                       spec::text(withheld.part), withheld.how));
    }
    for (const std::string& code : has.unknown_codes)
      note(fmt::format("the {} shows the VmFlags code '{}', which is not known here: not compared",
                       system, code));
    const auto withheld = withheld_from(system);
    offer.withheld.insert(offer.withheld.end(), withheld.begin(), withheld.end());
    offer.ksm_calls = offer.ksm_calls && has.ksm;
  }
  return offer;
}

namespace {

/// What a trace's set-up can make of the system's machine (kernel/guest/server.cc).
properties::SetupVariation setups_of(std::string_view system) {
  using enum properties::SetupVariation;
  if (!is_real(system)) return kAll;
  if (is_tree(system)) return kAllButPool;
  if (!is_guest(system)) return kNone;
  const bool has_huge_pages = file_count(capabilities_of(system), spec::FileClass::kHugetlb) != 0;
  return has_huge_pages ? kMapLimitAndPool : kMapLimit;
}

}  // namespace

properties::SetupVariation setups_of(std::span<const std::string> systems) {
  auto variation = properties::SetupVariation::kAll;
  for (const std::string& system : systems)
    variation = properties::common(variation, setups_of(std::string_view{system}));
  return variation;
}

void keep_within(const Offer& offer, properties::GeneratorOptions& options) {
  options.file_classes = offer.file_classes;
  options.files_per_class = offer.files_per_class;
  options.driver_pages = offer.driver_pages;
  options.refused_maps = offer.refused_maps;
  options.guards_behind_marks = offer.guards_behind_marks;
  options.ksm_calls = offer.ksm_calls;
  options.withheld = offer.withheld;
}

std::optional<std::string> why_no_answer_to(std::string_view system,
                                            const spec::Sequence& sequence) {
  if (!is_real(system)) return std::nullopt;
  const auto& has = capabilities_of(system);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    for (const kernel::Withheld& withheld : has.withheld) {
      if (!spec::is_of(sequence[i].call, withheld.part)) continue;
      return fmt::format("call {} is {}, which {}{} does not give ({})", i + 1,
                         spec::text(withheld.part), system, is_tree(system) ? "" : "'s machine",
                         withheld.how);
    }
    const auto* mmap = std::get_if<spec::Mmap>(&sequence[i].call);
    if (mmap != nullptr && !mmap->file.is_none() && (mmap->flags & spec::kMapAnonymous) == 0 &&
        mmap->file.number >= file_count(has, mmap->file.cls)) {
      return fmt::format("call {} maps {}, which {} does not have", i + 1, spec::text(mmap->file),
                         system);
    }
    const auto* seals = std::get_if<spec::AddSeals>(&sequence[i].call);
    if (seals != nullptr && !seals->file.is_none() &&
        seals->file.number >= file_count(has, seals->file.cls)) {
      return fmt::format("call {} seals {}, which {} does not have", i + 1, spec::text(seals->file),
                         system);
    }
    if (mmap != nullptr && !properties::fits_driver(*mmap, kernel::kMemoryDevicePages)) {
      return fmt::format("call {} maps more than the first {} pages of {}", i + 1,
                         kernel::kMemoryDevicePages, spec::text(mmap->file));
    }
  }
  return std::nullopt;
}

namespace {

/// Of a kernel without names every such call is EINVAL: nothing that a trace would ask for, unless
/// it says that it wants just that.
bool asks_in_vain_for_names(std::string_view system, const spec::Setup& wanted,
                            const spec::Syscall& call) {
  if (!std::holds_alternative<spec::SetVmaName>(call) || !wanted.vma_names) return false;
  const auto own = setup_for(std::array{std::string{system}});
  return own && !own->vma_names;
}

}  // namespace

std::optional<std::string> why_not_on(std::string_view system, const spec::Setup& setup,
                                      const spec::Sequence& sequence) {
  if (!is_real(system)) return std::nullopt;
  const auto& has = capabilities_of(system);
  const bool has_ksm = has.ksm;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (spec::touches_reserved(setup, sequence[i])) {
      return fmt::format("call {} touches memory that the agent itself lives in", i + 1);
    }
    if (asks_in_vain_for_names(system, setup, sequence[i].call)) {
      return fmt::format("call {} names memory, and {} has no CONFIG_ANON_VMA_NAME", i + 1, system);
    }
    if (!has_ksm && properties::is_of_ksm(sequence[i].call)) {
      return fmt::format("call {} is of KSM, which {} does not offer", i + 1, system);
    }
  }
  return why_no_answer_to(system, sequence);
}

std::optional<std::string> why_no_setup(std::string_view system, std::string_view words) {
  if (!is_real(system) || words.empty()) return std::nullopt;
  if (is_tree(system)) {
    auto asked = spec::Setup::standard();
    if (const auto read = spec::read_setup_text(words, asked); !read) return read.error();
    if (!asked.has_huge_pages()) return std::nullopt;
    return "the trace's set-up asks for a pool of huge pages, which a tree's code has not here";
  }
  const auto own = setup_for(std::array{std::string{system}});
  if (!own) return own.error().message;
  auto asked = *own;
  if (const auto read = spec::read_setup_text(words, asked); !read) return read.error();
  // A virtual machine is made to have it, for as long as it is asked for (kernel/guest/server.cc).
  const auto can = setups_of(system);
  if (properties::has(can, properties::SetupVariation::kMapLimit))
    asked.max_map_count = own->max_map_count;
  if (properties::has(can, properties::SetupVariation::kPool))
    asked.nr_hugepages = asked.nr_overcommit_hugepages = 0;
  const auto difference = spec::setup_text(asked, *own);
  if (difference.empty()) return std::nullopt;
  return fmt::format("the trace's set-up asks for {}, and this machine has {}", difference,
                     spec::setup_text(*own, asked));
}

}  // namespace vmadiff::systems
