// properties: how a sequence becomes simpler. Operations are dropped first, then arguments are
// simplified, then addresses move together. The tree is lazy and built of RapidCheck's shrinks, so
// that the RapidCheck suites and minimize() walk the same one.
//
// Every step down is smaller in this order: number of calls, then what the arguments weigh (bytes,
// flags, file numbers, offsets), then addresses. So the tree is finite.
#pragma once

#include <rapidcheck/Seq.h>
#include <rapidcheck/Shrinkable.h>

#include "spec/sequence.h"

namespace vmadiff::properties {

/// Sequences one step simpler than `sequence`. `start_brk` is the set-up's.
[[nodiscard]] rc::Seq<spec::Sequence> simpler(const spec::Sequence& sequence,
                                              spec::Address start_brk);

/// The whole tree.
[[nodiscard]] rc::Shrinkable<spec::Sequence> shrinkable(spec::Sequence sequence,
                                                        spec::Address start_brk);

/// The three kinds of step, in the order of `simpler`.
[[nodiscard]] rc::Seq<spec::Sequence> with_calls_dropped(const spec::Sequence& sequence);
[[nodiscard]] rc::Seq<spec::Sequence> with_simpler_arguments(const spec::Sequence& sequence,
                                                             spec::Address start_brk);
[[nodiscard]] rc::Seq<spec::Sequence> with_addresses_moved(const spec::Sequence& sequence);

}  // namespace vmadiff::properties
