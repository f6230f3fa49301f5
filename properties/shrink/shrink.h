// properties: how a sequence becomes simpler. Operations are dropped first, then arguments are
// simplified, then addresses move together. The tree is lazy and built of RapidCheck's shrinks, so
// that the RapidCheck suites and minimize() walk the same one.
//
// Every step down is smaller in this order: number of calls, then of calls that another process
// than the first makes, then what the arguments weigh (bytes, flags, file numbers, offsets), then
// addresses. So the tree is finite.
#pragma once

#include <rapidcheck/Seq.h>
#include <rapidcheck/Shrinkable.h>

#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::properties {

/// The places of a set-up that shrinking has to know.
struct Landmarks {
  spec::Address start_brk = 0;  ///< bytes; breaks shrink towards it
  spec::Address mmap_base = 0;  ///< bytes; the kernel places mappings from here downwards
  [[nodiscard]] static Landmarks of(const spec::Setup& setup) {
    return {setup.start_brk, setup.mmap_base};
  }
};

/// Sequences one step simpler than `sequence`: the kinds below, in this order.
[[nodiscard]] rc::Seq<spec::Sequence> simpler(const spec::Sequence& sequence,
                                              const Landmarks& landmarks);

/// The whole tree.
[[nodiscard]] rc::Shrinkable<spec::Sequence> shrinkable(spec::Sequence sequence,
                                                        const Landmarks& landmarks);

[[nodiscard]] rc::Seq<spec::Sequence> with_calls_dropped(const spec::Sequence& sequence);
[[nodiscard]] rc::Seq<spec::Sequence> with_fewer_processes(const spec::Sequence& sequence);
[[nodiscard]] rc::Seq<spec::Sequence> with_simpler_arguments(const spec::Sequence& sequence,
                                                             const Landmarks& landmarks);
/// What calls share is simplified in all of them at once: a look that neighbours need to merge.
[[nodiscard]] rc::Seq<spec::Sequence> with_simpler_looks(const spec::Sequence& sequence);
[[nodiscard]] rc::Seq<spec::Sequence> with_addresses_moved(const spec::Sequence& sequence,
                                                           const Landmarks& landmarks);

}  // namespace vmadiff::properties
