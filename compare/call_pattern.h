// compare: what a sequence must have so that it can show a certain difference: its calls, each by
// its kind (flags, file, advice, …), whatever the addresses, lengths and protections. By it
// sequences that would only show again what is known are told from others.
#pragma once

#include <string>
#include <vector>

#include "spec/sequence.h"
#include "spec/syscall.h"

namespace vmadiff::compare {

/// The calls of a small sequence that shows something, in order.
using CallPattern = std::vector<spec::Syscall>;

[[nodiscard]] CallPattern pattern_of(const spec::Sequence& sequence);

/// Whether it can be done without the call: a sequence is nothing without fixed private anonymous
/// memory, munmap, mprotect and writing.
[[nodiscard]] bool is_plain(const spec::Syscall& call);

/// Whether `sequence` has such calls in that order. A call is such a call if it has its choices and
/// at least its flags; a mapping to a fixed address is none for one that the kernel places.
[[nodiscard]] bool is_in(const CallPattern& pattern, const spec::Sequence& sequence);

/// Takes calls out of `sequence` so that it does not have the pattern any more: those like the last
/// one that is not plain, where they stand behind what is not plain before it. Nothing where all of
/// the pattern is plain.
void leave_out(const CallPattern& pattern, spec::Sequence& sequence);

/// What leave_out takes, for people: "madvise(…, MADV_DOFORK) behind mmap(…, MAP_PRIVATE,
/// hugetlb)". Empty where it takes nothing.
[[nodiscard]] std::string left_out_text(const CallPattern& pattern);

}  // namespace vmadiff::compare
