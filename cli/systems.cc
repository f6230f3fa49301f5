// cli: making systems by name, and saying which can run here.
#include "cli/systems.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "impl/implementation.h"
#include "kernel/host.h"
#include "model/model.h"

namespace vmadiff::cli {
namespace {

constexpr std::array kKinds{
    SystemKind{.name = kModel, .summary = "the reference model: what should happen"},
    SystemKind{.name = kImpl, .summary = "the maple tree and the patched mmap path, in userland"},
    SystemKind{.name = kHost, .summary = "the kernel of this machine, asked through an agent"},
};

/// Probing starts an agent: done once, when first asked.
const kernel::HostCapabilities& host() {
  static const kernel::HostCapabilities capabilities = kernel::probe_host();
  return capabilities;
}

std::uint32_t file_count(spec::FileClass cls) {
  return host().file_counts[static_cast<std::size_t>(cls)];
}

bool is_of_ksm(const spec::Syscall& call) {
  const auto* madvise = std::get_if<spec::Madvise>(&call);
  return std::holds_alternative<spec::Prctl>(call) ||
         (madvise != nullptr &&
          (madvise->advice == spec::kMadvMergeable || madvise->advice == spec::kMadvUnmergeable));
}

bool names_host(std::span<const std::string> systems) {
  return std::ranges::find(systems, kHost) != systems.end();
}

}  // namespace

std::span<const SystemKind> system_kinds() { return kKinds; }

std::string joined(std::span<const std::string> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::expected<std::vector<std::string>, std::string> parse_systems(std::string_view words) {
  std::vector<std::string> names;
  while (true) {
    const auto comma = words.find(',');
    const auto word = words.substr(0, comma);
    const bool known =
        std::ranges::any_of(kKinds, [word](const SystemKind& kind) { return kind.name == word; });
    if (!known) {
      return std::unexpected(
          fmt::format("unknown system '{}': expected a list of model, impl, host, separated by "
                      "commas",
                      word));
    }
    if (std::ranges::find(names, word) != names.end()) {
      return std::unexpected(fmt::format("system '{}' is named twice", word));
    }
    names.emplace_back(word);
    if (comma == std::string_view::npos) return names;
    words.remove_prefix(comma + 1);
  }
}

std::optional<std::string> why_not(std::string_view system) {
  if (system != kHost) return std::nullopt;
  if (host().can_run) return std::nullopt;
  return host().why_not;
}

std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_system(
    std::string_view system, const spec::KernelProfile& profile) {
  if (system == kHost) return kernel::make_host({});
  if (auto made = make_like(system, profile)) return made;
  return std::unexpected(spec::ToolFault{fmt::format("there is no system '{}'", system)});
}

std::unique_ptr<spec::System> make_like(std::string_view system,
                                        const spec::KernelProfile& profile) {
  if (system == kModel) return model::make_model(profile);
  if (system == kImpl) return impl::make_implementation(profile);
  return nullptr;
}

Offer offer_of(std::span<const std::string> systems) {
  const auto all = spec::mappable_file_classes();
  Offer offer;
  offer.file_classes.assign(all.begin(), all.end());
  if (!names_host(systems)) return offer;
  offer.file_classes = host().file_classes;
  offer.ksm_calls = host().ksm;
  offer.exec_only = host().exec_only;
  for (const spec::FileClass cls : offer.file_classes) {
    offer.files_per_class = std::min(offer.files_per_class, file_count(cls));
  }
  std::string absent;
  for (const spec::FileClass cls : all) {
    if (std::ranges::find(offer.file_classes, cls) != offer.file_classes.end()) continue;
    absent += fmt::format("{}{}", absent.empty() ? "" : ", ", spec::name(cls));
  }
  if (!absent.empty()) offer.note += fmt::format("the host has no {}", absent);
  if (!offer.ksm_calls) {
    offer.note +=
        fmt::format("{}no KSM calls: {}", offer.note.empty() ? "" : "; ", host().ksm_note);
  }
  return offer;
}

std::optional<std::string> why_not_on_host(const spec::Setup& setup,
                                           const spec::Sequence& sequence) {
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    if (spec::touches_reserved(setup, step)) {
      return fmt::format("call {} touches memory that the agent itself lives in", i + 1);
    }
    const auto* mmap = std::get_if<spec::Mmap>(&step.call);
    if (mmap != nullptr && !mmap->file.is_none() && (mmap->flags & spec::kMapAnonymous) == 0 &&
        mmap->file.number >= file_count(mmap->file.cls)) {
      return fmt::format("call {} maps {}, which this machine does not have", i + 1,
                         spec::text(mmap->file));
    }
    if (!host().ksm && is_of_ksm(step.call)) {
      return fmt::format("call {} is of KSM, which this machine does not offer", i + 1);
    }
  }
  return std::nullopt;
}

std::expected<spec::Setup, spec::ToolFault> setup_for(std::span<const std::string> systems) {
  if (!names_host(systems)) return spec::Setup::standard();
  // It starts an agent: read once.
  static const auto setup = kernel::read_setup();
  return setup;
}

}  // namespace vmadiff::cli
