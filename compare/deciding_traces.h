// compare: the traces by which a kernel shows its behaviours. They are kept as files, which
// `vmadiff decide` finds and writes (compare/look_for_trace.h), and are carried in the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vmadiff::compare {

struct DecidingTrace {
  std::string_view behaviour;  ///< spec::Behaviour::name
  std::string_view text;       ///< without results: the model says what each value gives
  /// Of the machine on which it decides, as in `# setup:`; empty: any. Another is not asked.
  std::string_view setup{};
};

/// One or more for each behaviour (corpus/deciding). A kernel has the values with which the model
/// does what it does.
[[nodiscard]] std::span<const DecidingTrace> deciding_traces();

struct CommonTrace {
  std::string_view about;  ///< what it asks about, a few words
  std::string_view text;   ///< without results, as above
};

/// What all profiles do alike, and newer or patched kernels are known to do otherwise, or not to do
/// at all: a kernel that does otherwise than the model here has a behaviour that no profile knows.
[[nodiscard]] std::span<const CommonTrace> common_traces();

}  // namespace vmadiff::compare
