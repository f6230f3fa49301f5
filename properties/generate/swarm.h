// properties: which families of calls a sequence uses besides the core. Not every family is in
// every sequence: calls of few families meet more often (swarm testing, Groce et al., 2012).
#pragma once

#include <optional>

#include "properties/generate/generator.h"
#include "properties/generate/random.h"
#include "properties/generate/sketch.h"
#include "spec/setup.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

class Swarm {
 public:
  /// The families of the options' favoured calls come more often. Without `huge_pages`, no mapping
  /// asks for them; without `protection_keys`, calls that name one are rare.
  Swarm(Random& random, const GeneratorOptions& options, bool huge_pages, bool protection_keys);

  /// A call of one of the sequence's families; nothing where it has none, or the turn is the
  /// core's.
  [[nodiscard]] std::optional<spec::Syscall> call(Random& random, Sketch& sketch) const;

  /// A call that changes what the VMAs of a range are like, of one of the sequence's families or
  /// the core; its range is for the caller to set.
  [[nodiscard]] spec::Syscall mark(Random& random, std::uint64_t prot) const;

  /// Flags that the families add to a mapping now and then: MAP_LOCKED and the like.
  [[nodiscard]] std::uint64_t map_flags(Random& random) const;
  [[nodiscard]] bool has_stacks() const { return stacks_; }
  [[nodiscard]] bool has_userfaultfds() const { return registers_; }
  /// Whether the sequence has more than one process; and fork, exec or exit, now and then.
  [[nodiscard]] bool has_processes() const { return processes_; }
  [[nodiscard]] std::optional<spec::Syscall> process_call(Random& random) const;

 private:
  [[nodiscard]] spec::Mremap mremap(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Syscall lock(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Madvise advise(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Syscall watch(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Mbind bind(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::SetVmaName name(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Setrlimit limit(Random& random) const;
  [[nodiscard]] spec::Syscall attach(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Syscall use_key(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Msync sync(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::AddSeals seal_file(Random& random) const;
  [[nodiscard]] spec::ProcessMadvise advise_self(Random& random, Sketch& sketch) const;
  [[nodiscard]] spec::Prctl restrict(Random& random) const;

  const spec::Setup& setup_;
  bool moves_;
  bool locks_;
  bool advises_;
  bool populates_;
  bool seals_;  ///< rare: a sealed mapping cannot be taken away, so a real kernel needs a fresh
                ///< process
  bool limits_;
  bool stacks_;
  bool places_;
  bool remaps_files_;
  bool processes_;
  bool registers_;
  bool binds_;
  bool attaches_;
  bool keys_;  ///< rare without them: a real kernel needs a fresh process for each pkey_alloc
  bool maps_huge_;
  bool names_;
  bool syncs_;
  bool advises_self_;
  bool seals_files_;  ///< rare, as seals_
  bool restricts_;    ///< MDWE: rare for the same reason
};

}  // namespace vmadiff::properties
