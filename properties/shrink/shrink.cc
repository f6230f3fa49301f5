// properties: the shrink tree, and the dropping of calls.
#include "properties/shrink/shrink.h"

#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>
#include <rapidcheck/shrink/Shrink.h>
#include <rapidcheck/shrinkable/Create.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace vmadiff::properties {
namespace {

using spec::Sequence;

/// Up to this many calls every chunk and every pair is tried; above, halves, quarters, … only.
constexpr std::size_t kFewCalls = 10;

Sequence without(const Sequence& sequence, std::size_t first, std::size_t count) {
  Sequence out;
  out.reserve(sequence.size() - count);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (i < first || i >= first + count) out.push_back(sequence[i]);
  }
  return out;
}

/// Aligned chunks of half the length, a quarter, … down to single calls.
rc::Seq<Sequence> halving(const Sequence& sequence) {
  std::vector<std::pair<std::size_t, std::size_t>> chunks;
  for (std::size_t size = sequence.size() / 2; size > 0; size /= 2) {
    for (std::size_t first = 0; first < sequence.size(); first += size) {
      chunks.emplace_back(first, std::min(size, sequence.size() - first));
    }
  }
  return rc::seq::map(rc::seq::fromContainer(std::move(chunks)), [sequence](const auto& chunk) {
    return without(sequence, chunk.first, chunk.second);
  });
}

/// What belongs together is not always adjacent: a mapping and its removal, KSM on and off.
rc::Seq<Sequence> without_pairs(const Sequence& sequence) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    for (std::size_t j = i + 2; j < sequence.size(); ++j) pairs.emplace_back(i, j);
  }
  return rc::seq::map(rc::seq::fromContainer(std::move(pairs)), [sequence](const auto& pair) {
    return without(without(sequence, pair.second, 1), pair.first, 1);
  });
}

/// Says first how the process is, as a person would: KSM is turned on before what it is turned on
/// for.
rc::Seq<Sequence> with_prctl_first(const Sequence& sequence) {
  const auto is_prctl = [](const spec::Step& step) {
    return std::holds_alternative<spec::Prctl>(step.call);
  };
  const auto other = std::ranges::find_if_not(sequence, is_prctl);
  const auto late = std::find_if(other, sequence.end(), is_prctl);
  if (late == sequence.end() || late->process != 0) return {};
  Sequence out = sequence;
  const auto begin = out.begin();
  std::rotate(begin + (other - sequence.begin()), begin + (late - sequence.begin()),
              begin + (late - sequence.begin()) + 1);
  return rc::seq::just(std::move(out));
}

/// Candidates that are made when the first of them is asked for: mostly an earlier kind has one
/// that will do.
class Later {
 public:
  explicit Later(std::function<rc::Seq<Sequence>()> make) : make_(std::move(make)) {}
  rc::Maybe<Sequence> operator()() {
    if (make_) candidates_ = std::exchange(make_, nullptr)();
    return candidates_.next();
  }

 private:
  std::function<rc::Seq<Sequence>()> make_;
  rc::Seq<Sequence> candidates_;
};

rc::Seq<Sequence> later(std::function<rc::Seq<Sequence>()> make) {
  return rc::makeSeq<Later>(std::move(make));
}

}  // namespace

rc::Seq<Sequence> with_calls_dropped(const Sequence& sequence) {
  if (sequence.size() > kFewCalls) return halving(sequence);
  return rc::seq::concat(rc::shrink::removeChunks(sequence), without_pairs(sequence));
}

rc::Seq<Sequence> simpler(const Sequence& sequence, const Landmarks& landmarks) {
  return rc::seq::concat(
      with_calls_dropped(sequence), with_fewer_processes(sequence), with_prctl_first(sequence),
      later([sequence] { return with_simpler_looks(sequence); }),
      with_simpler_arguments(sequence, landmarks),
      later([sequence, landmarks] { return with_addresses_moved(sequence, landmarks); }));
}

rc::Shrinkable<Sequence> shrinkable(Sequence sequence, const Landmarks& landmarks) {
  return rc::shrinkable::shrinkRecur(
      std::move(sequence), [landmarks](const Sequence& s) { return simpler(s, landmarks); });
}

}  // namespace vmadiff::properties
