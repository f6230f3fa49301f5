// properties: calls by what tells their behaviours apart. A shape is a call with one of its
// arguments' classes (a mode, a flag, an advice, a kind of file); a call has one shape for each of
// its arguments that are told apart. Families group shapes by what they are about. The shapes that
// there are, are data (call_shapes.cc), each with a call that has it, so that what is counted and
// what is planned are the same.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "spec/syscall.h"

namespace vmadiff::properties {

enum class Family : std::uint8_t {
  kMap,
  kFile,
  kDroppable,
  kHuge,
  kDriver,
  kStack,
  kPlace,
  kPopulate,
  kUnmap,
  kProtect,
  kHeap,
  kTouch,
  kMove,
  kLock,
  kLockAll,
  kKsm,
  kAdvice,
  kInherit,
  kPages,
  kGuard,
  kSeal,
  kRearrange,
  kLimit,
  kProcess,
  kWatch,
  kPolicy,
  kTaskPolicy,
  kName,
  kAttach,
  kKeys,
};
inline constexpr std::size_t kFamilyCount = 30;
/// "map", "task policy", …
[[nodiscard]] std::string_view name(Family family);

/// Kinds of memory that a shape's call succeeds on: bits of Shape::on.
enum Ground : std::uint8_t {
  kOnPrivate = 1,     ///< private anonymous memory
  kOnFile = 2,        ///< a private mapping of a memfd
  kOnShared = 4,      ///< a shared mapping of a memfd
  kOnStack = 8,       ///< private anonymous memory that grows downwards
  kOnHeap = 16,       ///< the heap
  kOnDroppable = 32,  ///< MAP_DROPPABLE
};
inline constexpr std::uint8_t kOnAnything =
    kOnPrivate | kOnFile | kOnShared | kOnStack | kOnHeap | kOnDroppable;

struct Shape {
  Family family;
  std::string_view name;
  unsigned aspect;     ///< which of the call's aspects this is a class of
  spec::Syscall call;  ///< that has it; a range is for the caller to set
  std::uint8_t on = kOnAnything;
};
[[nodiscard]] std::span<const Shape> shapes();

/// Indexes into shapes().
class ShapesOfCall {
 public:
  void add(std::size_t shape) { shapes_[size_++] = static_cast<std::uint8_t>(shape); }
  [[nodiscard]] const std::uint8_t* begin() const { return shapes_.data(); }
  [[nodiscard]] const std::uint8_t* end() const { return shapes_.data() + size_; }

 private:
  static constexpr std::size_t kMost = 13;  ///< aspects of a call
  std::array<std::uint8_t, kMost> shapes_{};
  std::uint8_t size_ = 0;
};
[[nodiscard]] ShapesOfCall shapes_of(const spec::Syscall& call);

}  // namespace vmadiff::properties
