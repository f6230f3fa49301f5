// properties: what the generator remembers of the sequence that it is writing. Not a model: it
// never asks whether a call succeeds, it only keeps where boundaries are likely and with which
// flags, so that later calls meet earlier ones.
#pragma once

#include <array>
#include <cstddef>

#include "properties/generate/random.h"
#include "spec/file.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::properties {

/// Where fixed addresses lie: small, so that calls overlap, and far from everything else. Bytes.
inline constexpr spec::Address kArena = 0x100000000000;
inline constexpr std::uint64_t kArenaPages = 96;

/// The look of a mapping, which neighbours must share to merge.
struct Look {
  std::uint64_t prot = 0;
  std::uint64_t flags = 0;  ///< MAP_*, without the flags of placement
  spec::FileId file;
};

/// Something that was probably mapped.
struct Region {
  spec::Address start = 0;  ///< bytes, [start, end)
  spec::Address end = 0;
  Look look;
  std::uint64_t offset = 0;  ///< of the file at start, bytes
  spec::Address home = 0;    ///< where an mremap took it from; 0: it was not moved
};

/// The recent regions in a ring; the oldest is forgotten first.
class Sketch {
 public:
  void add(const Region& region) {
    regions_[next_ % regions_.size()] = region;
    ++next_;
  }
  [[nodiscard]] bool empty() const { return next_ == 0; }
  /// How many pages fixed addresses are drawn from.
  [[nodiscard]] std::uint64_t arena_pages() const { return arena_pages_; }
  void set_arena_pages(std::uint64_t pages) { arena_pages_ = pages; }
  /// Where the last shmat calls were to attach, 0 where there was none.
  void add_attached(spec::Address at) {
    attached_[next_attached_ % attached_.size()] = at;
    ++next_attached_;
  }
  [[nodiscard]] spec::Address attached(Random& random) const {
    return attached_[random.below(attached_.size())];
  }
  /// What the last registrations with userfaultfds were for.
  void add_watched(const spec::UffdRegister& call) {
    watched_[next_watched_ % watched_.size()] = call;
    ++next_watched_;
  }
  /// One of them; at nothing where there was none.
  [[nodiscard]] const spec::UffdRegister& watched(Random& random) const {
    return watched_[random.below(watched_.size())];
  }
  /// One of the recent regions, the newest most often. Requires !empty().
  Region& any(Random& random) {
    const std::size_t held = next_ < regions_.size() ? next_ : regions_.size();
    const std::size_t back =
        random.percent(40) ? random.below(held < 3 ? held : 3) : random.below(held);
    return regions_[(next_ - 1 - back) % regions_.size()];
  }

 private:
  std::array<Region, 12> regions_;
  std::size_t next_ = 0;
  std::array<spec::Address, 4> attached_{};
  std::size_t next_attached_ = 0;
  std::array<spec::UffdRegister, 3> watched_{};
  std::size_t next_watched_ = 0;
  std::uint64_t arena_pages_ = kArenaPages;
};

}  // namespace vmadiff::properties
