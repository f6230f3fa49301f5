// properties: short plans of several calls that meet in one place. A merge on both sides, or one
// that only an offset, a file or an anon_vma prevents, needs calls that fit each other; at random
// they come together once in millions.
#pragma once

#include <deque>
#include <optional>

#include "properties/generate/generator.h"
#include "properties/generate/random.h"
#include "properties/generate/sketch.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// What a meeting has to go by.
struct MeetingRoom {
  spec::Address brk = 0;  ///< bytes; where the heap probably ends
  /// Below which the kernel probably places what has no address; from where upwards, if upward.
  spec::Address place = 0;
  bool is_upward = false;
  bool may_fork = true;
  bool may_exec = true;
  bool has_keys = false;  ///< the machine has protection keys
};

/// The calls of a plan that were not made yet. A plan is nothing but calls: what comes of them is
/// for the systems to say.
class Motif {
 public:
  [[nodiscard]] std::optional<spec::Syscall> next();
  void drop() { calls_.clear(); }

  /// Plans parts of memory of that look, marked by `mark`, a call with a range, one after the
  /// other, so that they become alike in the end. `other` is the same look, of another file where
  /// there is one. `madvised`: and mergeable, each for itself.
  void plan_marks(Random& random, Sketch& sketch, const Look& look, const Look& other,
                  const spec::Syscall& mark, bool madvised);

  /// Plans neighbours that differ in nothing but the userfaultfd that watches them, each marked by
  /// `mark`, or one moved beside the other; or such as one watches, let go one after the other. The
  /// look's memory must be such as can be watched, else there is no difference.
  void plan_watched(Random& random, Sketch& sketch, const Look& look, const spec::Syscall& mark,
                    bool madvised);

  /// Plans memory without a file that was written, and comes back to where it was: now a fresh VMA
  /// is on one side, which takes its anon_vma, and one with an anon_vma of its own on the other,
  /// which stays apart whatever `mark` makes alike. In a child it stays apart from both.
  void plan_return(Random& random, Sketch& sketch, const Look& look, const spec::Syscall& mark,
                   bool may_fork);

  /// Plans a meeting of calls of two or three shapes (call_shapes.h); notes in `room` what it
  /// takes.
  void plan_meeting(Random& random, Sketch& sketch, const GeneratorOptions& options,
                    MeetingRoom& room);

  /// Plans memory from elsewhere, written before, under the end of the heap, which then grows.
  void plan_heap_end(Random& random, spec::Address brk, bool may_fork);

  /// Plans a hole in the low addresses that MAP_32BIT is given, barely large enough for a huge page
  /// of the file, and a mapping that looks for room there.
  void plan_hole(Random& random, spec::FileId huge_file);

  /// Plans memory of a file that is written to, inherited by a child, and moved there beside memory
  /// of the same file that was not written to.
  void plan_inheritance(Random& random, spec::FileId file);
  /// Plans a move out of the middle of memory at address 0, where some set-ups allow that.
  void plan_zero(Random& random);
  /// Plans a stack among the lowest addresses, which is to grow to below where it may begin, or,
  /// moved elsewhere, to below the offset that it had.
  void plan_low_stack(Random& random);
  /// Plans memory that takes all room above 4 GiB but for a few pages, a stack in these, and a
  /// mapping that looks for room there: what is left lies in the stack's guard gap.
  void plan_full_room(Random& random, spec::Address mmap_base);
  /// Plans a file's pages that are rearranged right behind huge pages.
  void plan_remap(Random& random, spec::FileId huge_file);

 private:
  std::deque<spec::Syscall> calls_;
};

}  // namespace vmadiff::properties
