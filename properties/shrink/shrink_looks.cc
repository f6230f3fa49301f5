// properties: simpler looks. Mappings merge only if they look alike, so a flag, a protection or a
// file that several calls share is made plainer in all of them at once.
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "properties/shrink/plainer.h"
#include "properties/shrink/shrink.h"

namespace vmadiff::properties {
namespace {

using spec::Sequence;

// From the plainest on.
constexpr std::array<std::uint64_t, 3> kPlainProts{spec::kProtRead | spec::kProtWrite,
                                                   spec::kProtRead, spec::kProtNone};

template <typename Change>
Sequence with_every_mmap(Sequence sequence, const Change& change) {
  for (spec::Step& step : sequence) {
    if (auto* mmap = std::get_if<spec::Mmap>(&step.call)) change(*mmap);
  }
  return sequence;
}

/// What the mappings of a sequence have in common, each value once.
struct Seen {
  std::set<std::uint64_t> prots;
  std::uint64_t flags = 0;
  std::vector<spec::FileId> files;
  std::uint64_t offset_min = ~std::uint64_t{0};

  explicit Seen(const Sequence& sequence) {
    for (const spec::Step& step : sequence) {
      if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) add(*mmap);
      if (const auto* mprotect = std::get_if<spec::Mprotect>(&step.call)) {
        prots.insert(mprotect->prot);
      }
    }
  }

 private:
  void add(const spec::Mmap& mmap) {
    prots.insert(mmap.prot);
    flags |= mmap.flags;
    if (mmap.file.is_none()) return;
    offset_min = std::min(offset_min, mmap.offset);
    if (std::ranges::find(files, mmap.file) == files.end()) files.push_back(mmap.file);
  }
};

Sequence with_prot(Sequence sequence, std::uint64_t from, std::uint64_t to) {
  for (spec::Step& step : sequence) {
    if (auto* mmap = std::get_if<spec::Mmap>(&step.call); mmap && mmap->prot == from) {
      mmap->prot = to;
    }
    if (auto* mprotect = std::get_if<spec::Mprotect>(&step.call);
        mprotect && mprotect->prot == from) {
      mprotect->prot = to;
    }
  }
  return sequence;
}

}  // namespace

std::vector<std::uint64_t> plainer_prots(std::uint64_t prot) {
  const auto* const end = std::ranges::find(kPlainProts, prot);
  std::vector<std::uint64_t> out(kPlainProts.begin(), end);
  if (end != kPlainProts.end()) return out;
  const bool more_than_one = (prot & (prot - 1)) != 0;
  for (std::uint64_t bit = 1; more_than_one && bit != 0 && bit <= prot; bit <<= 1) {
    if ((prot & bit) != 0) out.push_back(prot & ~bit);
  }
  return out;
}

rc::Seq<Sequence> with_simpler_looks(const Sequence& sequence) {
  const Seen seen{sequence};
  std::vector<Sequence> out;
  const auto add = [&](Sequence candidate) {
    if (candidate != sequence) out.push_back(std::move(candidate));
  };
  add(with_every_mmap(sequence, [](spec::Mmap& m) {
    m.flags = (m.flags & kPlacement) | spec::kMapPrivate | spec::kMapAnonymous;
    m.file = {};
    m.offset = 0;
  }));
  add(with_every_mmap(
      sequence, [](spec::Mmap& m) { m.flags = (m.flags & ~spec::kMapType) | spec::kMapPrivate; }));
  constexpr auto kNeeded = spec::kMapType | kPlacement | spec::kMapAnonymous;
  for (std::uint64_t bit = 1; bit != 0 && bit <= seen.flags; bit <<= 1) {
    if ((bit & kNeeded) != 0 || (bit & seen.flags) == 0) continue;
    add(with_every_mmap(sequence, [bit](spec::Mmap& m) { m.flags &= ~bit; }));
  }
  for (const std::uint64_t from : seen.prots) {
    for (const std::uint64_t to : plainer_prots(from)) add(with_prot(sequence, from, to));
  }
  for (const spec::FileId file : seen.files) {
    add(with_every_mmap(sequence, [file](spec::Mmap& m) {
      if (m.file == file) m.file.number = 0;
    }));
  }
  if (seen.offset_min != 0 && seen.offset_min != ~std::uint64_t{0}) {
    add(with_every_mmap(sequence, [&seen](spec::Mmap& m) {
      if (!m.file.is_none()) m.offset -= seen.offset_min;
    }));
  }
  return rc::seq::fromContainer(std::move(out));
}

}  // namespace vmadiff::properties
