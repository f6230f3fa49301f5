// compare: what do several kernels do with one sequence, and from which on is it another thing?
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compare/difference_cause.h"
#include "compare/identity.h"
#include "compare/recording.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::compare {

/// What one kernel did. The kernels stand in the order of their releases.
struct ReleaseAnswer {
  std::string name;  ///< as it is shown: "debian-6.12 (6.12.118)", "linux-6.12"
  ModelledKernel model;
  Recording recording;    ///< after every step; of no meaning where it was not asked
  std::string not_asked;  ///< why it could not be asked; else empty
};

/// A real kernel that is up: its system, what it is, and how it begins.
struct AskedKernel {
  std::string name;
  spec::System* system = nullptr;
  ModelledKernel model;
};

/// Runs the sequence on it, with what `setup_words` change of its set-up (spec/setup_text.h; they
/// must be readable). A kernel that cannot run it says why, and is no fault.
[[nodiscard]] std::expected<ReleaseAnswer, spec::ToolFault> answer_of(
    const AskedKernel& kernel, const std::string& setup_words, const spec::Sequence& sequence);

/// Neighbours that did the same, with those between them that were not asked: answers
/// [first, last].
struct Era {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// In order. Empty where none was asked.
[[nodiscard]] std::vector<Era> eras_of(std::span<const ReleaseAnswer> answers);

/// How the second of two answers is another one.
struct ReleaseChange {
  std::size_t step = 0;  ///< the first at which they differ
  std::string what;      ///< "mremap gives EFAULT, not ok": of the second
  /// Why, as far as the models know; nothing where they do not differ there.
  std::optional<Cause> cause;
};

/// Nothing where they are alike in all that both can show. Requires that both were asked.
[[nodiscard]] std::optional<ReleaseChange> change_between(const ReleaseAnswer& before,
                                                          const ReleaseAnswer& after,
                                                          const spec::Sequence& sequence);

}  // namespace vmadiff::compare
