// systems: what sequences may use so that systems can run them, and why one cannot run there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "properties/generate/generator.h"
#include "properties/generate/setups.h"
#include "spec/call_part.h"
#include "spec/file.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::systems {

/// What the machine of a real kernel does not give; nothing for the others.
[[nodiscard]] std::vector<spec::CallPart> withheld_from(std::string_view system);

/// What sequences may use so that all of these systems can run them.
struct Offer {
  std::vector<spec::FileClass> file_classes;
  std::uint32_t files_per_class = spec::kFilesPerClass;
  std::uint64_t driver_pages = 0;   ///< GeneratorOptions::driver_pages
  bool refused_maps = false;        ///< GeneratorOptions::refused_maps
  bool guards_behind_marks = true;  ///< GeneratorOptions::guards_behind_marks
  bool ksm_calls = true;
  std::vector<spec::CallPart> withheld;  ///< what some system's machine does not give
  std::string note;                      ///< what is left out, and why; empty where nothing is
};
[[nodiscard]] Offer offer_of(std::span<const std::string> systems);
/// In which set-ups all of these systems can begin.
[[nodiscard]] properties::SetupVariation setups_of(std::span<const std::string> systems);

/// Sequences are to be generated within it.
void keep_within(const Offer& offer, properties::GeneratorOptions& options);

/// Why this sequence cannot run on a real kernel (it would change memory of the agent, or it names
/// a file or a call that this kernel does not have, or memory where that keeps no names though
/// `setup` wants them); nothing where it can. Requires that the system can run.
[[nodiscard]] std::optional<std::string> why_not_on(std::string_view system,
                                                    const spec::Setup& setup,
                                                    const spec::Sequence& sequence);

/// Why a real kernel cannot begin as a trace's `# setup:` says: its machine is another, and it
/// cannot be made that. Nothing where the machine is so already. Requires that the words can be
/// read, and that the system can run.
[[nodiscard]] std::optional<std::string> why_no_setup(std::string_view system,
                                                      std::string_view words);

/// why_not_on as far as files and the machine's policies go: a call that the kernel does not know
/// is an answer, too.
[[nodiscard]] std::optional<std::string> why_no_answer_to(std::string_view system,
                                                          const spec::Sequence& sequence);

}  // namespace vmadiff::systems
