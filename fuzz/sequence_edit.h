// fuzz: can bytes find a counterexample? This file: what mutations are made of: the arguments that
// calls have in common, and random choices among a sequence's calls. Knows no system.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "fuzz/random.h"
#include "spec/sequence.h"
#include "spec/units.h"

namespace vmadiff::fuzz {

// --- what calls have in common; null where a call has no such argument --------------------------

[[nodiscard]] spec::Address* address_of(spec::Syscall& call);
[[nodiscard]] spec::Address* length_of(spec::Syscall& call);
[[nodiscard]] std::uint64_t* prot_of(spec::Syscall& call);
/// The range that the call names, page-rounded outwards, where it is one that could be mapped.
[[nodiscard]] std::optional<spec::Range> usable_range(const spec::Syscall& call);

// --- choosing -----------------------------------------------------------------------------------

inline constexpr std::size_t kNoStep = ~std::size_t{0};
/// Index of a step for whose call `wanted` holds; kNoStep if there is none.
[[nodiscard]] std::size_t pick(spec::Sequence& sequence, Random& random,
                               bool (*wanted)(spec::Syscall&));
[[nodiscard]] std::size_t pick_mmap(spec::Sequence& sequence, Random& random);
/// One that has a usable range.
[[nodiscard]] std::size_t pick_range(spec::Sequence& sequence, Random& random);
/// An end of another call's range, mostly; it may be a page off.
[[nodiscard]] spec::Address boundary(spec::Sequence& sequence, Random& random);
/// The range, or some pages of it. Requires whole pages, at least one.
[[nodiscard]] spec::Range part_of(spec::Range range, Random& random);
/// A call of random bytes: the short forms of the codec make most of them sensible.
[[nodiscard]] std::optional<spec::Step> random_step(Random& random);
/// First index and number of steps, few mostly. Requires a sequence that is not empty.
[[nodiscard]] std::pair<std::size_t, std::size_t> stretch(const spec::Sequence& sequence,
                                                          Random& random);

// --- inserting ----------------------------------------------------------------------------------

[[nodiscard]] std::size_t place_to_insert(const spec::Sequence& sequence, Random& random);
void insert_at(spec::Sequence& sequence, std::size_t at, spec::Syscall call);
/// Not long behind step `at`: what comes between often undoes what was there.
void insert_behind(spec::Sequence& sequence, std::size_t at, Random& random, spec::Syscall call);

}  // namespace vmadiff::fuzz
