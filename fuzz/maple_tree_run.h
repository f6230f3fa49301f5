// fuzz: can bytes find a counterexample? This file: one run of fuzz_maple_tree (whose strategy and
// invariants open fuzz_maple_tree.cc), a template so that a test can run it on a broken tree.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fuzz/codec_fields.h"
#include "fuzz/maple_tree_oracle.h"

namespace vmadiff::fuzz {

/// Tree: impl::MapleTree<std::uint64_t>, or a class derived from it that hides what it does
/// wrongly.
template <typename Tree>
class MapleTreeRun {
 public:
  /// With `log`, every operation is written into it as text.
  explicit MapleTreeRun(std::span<const std::uint8_t> bytes, std::string* log = nullptr)
      : in_(bytes), log_(log) {}

  /// What differed from the oracle first, or nothing.
  [[nodiscard]] std::optional<std::string> run() {
    shape_ = kShapes[in_.u8() % std::size(kShapes)];
    for (unsigned i = 0; i < kOperationsMax && stores_ < kStoresMax && !in_.at_end(); ++i) {
      operate();
      if (!failure_) compare();
      if (failure_) break;
    }
    return failure_;
  }

 private:
  using Key = std::uint64_t;
  using Entry = MapleTreeOracle::Entry;
  using MaybeEntry = std::optional<Entry>;
  using MaybeKey = std::optional<Key>;
  using Plain = impl::MapleTree<std::uint64_t>;
  static constexpr Key kKeyMax = ~Key{0};
  static constexpr unsigned kStoresMax = 300;
  static constexpr unsigned kOperationsMax = 300;

  /// Keys are base + n * stride, n a number of `key_bytes` bytes; lengths are multiples of stride.
  struct Shape {
    Key base;
    Key stride;
    unsigned key_bytes;
  };
  static constexpr Shape kShapes[] = {
      {0, 1, 1},               // dense: everything meets
      {0x10000, 1, 2},         // wide
      {kKeyMax - 0xff, 1, 1},  // up to the last key
      {0, 0x1000, 2},          // pages
      {0, Key{1} << 48, 2},    // all keys, coarsely
      {0, 1, 8},               // any key
  };

  // --- arguments --------------------------------------------------------------------------------

  Key key() {
    if (shape_.key_bytes == 8) return in_.u64();
    const Key n = shape_.key_bytes == 1 ? in_.u8() : in_.u16();
    return shape_.base + n * shape_.stride;
  }
  /// A number of keys, few mostly, never 0.
  Key length() {
    const Key tag = in_.u8();
    return (tag < 0xe0 ? tag % 12 + 1 : (tag - 0xdf) * 16) * shape_.stride;
  }
  /// The last key of a range that begins at `first`.
  Key last_from(Key first) {
    const Key more = length() - 1;
    return more > kKeyMax - first ? kKeyMax : first + more;
  }
  std::uint64_t value() { return std::uint64_t{in_.u8()} + 1; }

  // --- saying what happened ---------------------------------------------------------------------

  template <typename... Arguments>
  void note(fmt::format_string<Arguments...> format, const Arguments&... arguments) {
    if (log_ == nullptr) return;
    fmt::vformat_to(std::back_inserter(*log_), format, fmt::make_format_args(arguments...));
    *log_ += '\n';
  }
  static std::string text(const Entry& e) {
    return fmt::format("[{:#x}, {:#x}] = {}", e.first, e.last, e.value);
  }
  static std::string text(const MaybeEntry& e) { return e ? text(*e) : "nothing"; }
  static std::string text(const MaybeKey& k) { return k ? fmt::format("{:#x}", *k) : "nothing"; }
  static std::string text(std::uint64_t value) { return fmt::format("{:#x}", value); }
  template <typename Value>
  void expect(const char* what, const Value& actual, const Value& expected) {
    if (actual == expected || failure_) return;
    failure_ = fmt::format("{}: expected {}, found {}", what, text(expected), text(actual));
  }

  // --- operations -------------------------------------------------------------------------------

  void operate() {
    switch (in_.u8() % 16) {
      case 0:
      case 1:
      case 2:
        return store();
      case 3:
      case 4:
        return erase();
      case 5:
        return store_preallocated();
      case 6:
        return store_that_fails();
      case 7:
        return comb();
      case 8:
      case 9:
        return look_up();
      case 10:
      case 11:
        return walk();
      case 12:
      case 13:
        return empty_areas();
      case 14:
        return duplicate();
      default:
        return clear();
    }
  }

  void store_one(Key first, Key last, std::uint64_t stored) {
    ++stores_;
    note("store [{:#x}, {:#x}] = {}", first, last, stored);
    const bool done = stored == 0 ? tree_.erase(first, last) : tree_.store(first, last, stored);
    if (!done) failure_ = "a store failed without a reason";
    oracle_.store(first, last, stored);
  }
  void store() {
    const Key first = key();
    const Key last = last_from(first);
    store_one(first, last, value());
  }
  void erase() {
    const Key first = key();
    store_one(first, last_from(first), 0);
  }
  void store_preallocated() {
    const Key first = key();
    const Key last = last_from(first);
    const std::uint64_t stored = in_.u8();  // 0 erases
    note("preallocate, then store [{:#x}, {:#x}] = {}", first, last, stored);
    ++stores_;
    if (!tree_.preallocate(first, last)) {
      failure_ = "a preallocation failed without a reason";
      return;
    }
    compare();  // preallocating changes nothing
    tree_.store_preallocated(first, last, stored);
    oracle_.store(first, last, stored);
  }
  /// Some stores succeed, then one fails; compare() then sees whether it left anything behind.
  void store_that_fails() {
    const std::uint64_t successes = in_.u8() % 3;
    tree_.fail_preallocate_after(successes);
    for (std::uint64_t i = 0; i < successes; ++i) store();
    const Key first = key();
    const Key last = last_from(first);
    const std::uint64_t how = in_.u8();
    note("fail to store [{:#x}, {:#x}] = {}", first, last, how);
    const bool done = how % 4 == 0   ? tree_.preallocate(first, last)
                      : how % 4 == 1 ? tree_.erase(first, last)
                                     : tree_.store(first, last, how);
    if (done) failure_ = "a store succeeded though its preallocation was to fail";
  }
  /// Many ranges at equal distances: the quick way to a tall tree.
  void comb() {
    Key first = key();
    const Key width = length();
    const Key step = width + in_.u8() % 3 * shape_.stride;
    const bool erased = in_.u8() % 8 == 0;
    for (unsigned teeth = in_.u8() % 96U; teeth > 0 && stores_ < kStoresMax && !failure_; --teeth) {
      if (first > kKeyMax - (width - 1)) return;
      store_one(first, first + (width - 1), erased ? 0 : teeth);
      if (!failure_) compare();
      if (first > kKeyMax - step) return;
      first += step;
    }
  }

  void look_up() {
    const Key at = key();
    const Key limit = key();
    note("find and load at {:#x}, limit {:#x}", at, limit);
    expect("load", tree_.load(at), oracle_.slot(at).value);
    expect("find", MaybeEntry{tree_.find(at)}, oracle_.find(at, kKeyMax));
    expect("find_reverse", MaybeEntry{tree_.find_reverse(at)}, oracle_.find_reverse(at, 0));
    const auto [low, high] = std::minmax(at, limit);
    expect("find with a limit", MaybeEntry{tree_.find(low, high)}, oracle_.find(low, high));
    expect("find_reverse with a limit", MaybeEntry{tree_.find_reverse(high, low)},
           oracle_.find_reverse(high, low));
  }

  /// A cursor is placed at a key and sent to and fro; behind an end it stays until it turns round.
  void walk() {
    const Key at = key();
    unsigned turns = in_.u8();
    note("seek {:#x}, then to and fro by {:#x}", at, turns);
    typename Tree::Cursor cursor{tree_};
    MaybeEntry here;
    bool behind = false;  // where `here` is nothing: behind the last, not before the first
    if (at % 8 != 0) {
      here = oracle_.slot(at);
      expect("seek", std::uint64_t{cursor.seek(at)}, here->value);
      expect("seek", entry_at(cursor), here);
    } else if (turns % 2 == 0) {
      behind = true;  // not placed: the first prev() goes to the last entry
    }
    for (unsigned i = 0; i < 8 && !failure_; ++i, turns >>= 1) {
      const bool forward = turns % 2 != 0;
      const bool at_that_end = !here && behind == forward;
      if (forward) {
        const bool none = at_that_end || (here && here->last == kKeyMax);
        const Key from = here ? here->last + 1 : 0;
        here = none ? std::nullopt : oracle_.find(from, kKeyMax);
      } else {
        const bool none = at_that_end || (here && here->first == 0);
        const Key from = here ? here->first - 1 : kKeyMax;
        here = none ? std::nullopt : oracle_.find_reverse(from, 0);
      }
      behind = forward;
      expect(forward ? "next" : "prev", std::uint64_t{forward ? cursor.next() : cursor.prev()},
             here ? here->value : std::uint64_t{0});
      expect(forward ? "next" : "prev", entry_at(cursor), here);
    }
  }
  static MaybeEntry entry_at(const typename Tree::Cursor& cursor) {
    if (!cursor.is_placed()) return std::nullopt;
    return Entry{cursor.first(), cursor.last(), cursor.value()};
  }

  void empty_areas() {
    const Key low = key();
    const Key high = key();
    const Key size = in_.u8() % 8 == 0 ? key() : length();
    note("empty areas of {:#x} in [{:#x}, {:#x})", size, low, high);
    expect("lowest_empty_area", MaybeKey{tree_.lowest_empty_area(low, high, size)},
           oracle_.empty_area(low, high, size, true));
    expect("highest_empty_area", MaybeKey{tree_.highest_empty_area(low, high, size)},
           oracle_.empty_area(low, high, size, false));
  }

  /// The copy goes on; the original, overwritten, must not be seen through it.
  void duplicate() {
    note("duplicate");
    Plain copy = tree_.duplicate();
    expect("height of the copy", std::uint64_t{copy.height()}, std::uint64_t{tree_.height()});
    (void)tree_.store(0, kKeyMax, 1);
    static_cast<Plain&>(tree_) = std::move(copy);
  }
  void clear() {
    if (in_.u8() % 4 != 0) return;
    note("clear");
    tree_.clear();
    oracle_.clear();
  }

  // --- the whole tree ---------------------------------------------------------------------------

  void compare() {
    if (const auto broken = tree_.validate()) {
      failure_ = fmt::format("validate(): {}", *broken);
      return;
    }
    auto expected = oracle_.ranges().begin();
    const auto end = oracle_.ranges().end();
    for (const Entry& found : tree_) {
      MaybeEntry next;
      if (expected != end)
        next = Entry{expected->first, expected->second.last, expected->second.value};
      expect("entry", MaybeEntry{found}, next);
      if (failure_) return;
      ++expected;
    }
    if (expected != end) {
      expect("entry", MaybeEntry{},
             MaybeEntry{Entry{expected->first, expected->second.last, expected->second.value}});
    }
    expect("size", std::uint64_t{tree_.size()}, std::uint64_t{oracle_.ranges().size()});
    expect("is_empty", std::uint64_t{tree_.is_empty()}, std::uint64_t{oracle_.ranges().empty()});
  }

  ByteReader in_;
  std::string* log_;
  Shape shape_{};
  Tree tree_;
  MapleTreeOracle oracle_;
  unsigned stores_ = 0;
  std::optional<std::string> failure_;
};

/// Runs `bytes`; a failure is told with the operations that led to it.
template <typename Tree>
[[nodiscard]] std::optional<std::string> maple_tree_failure(std::span<const std::uint8_t> bytes) {
  if (!MapleTreeRun<Tree>{bytes}.run()) return std::nullopt;
  std::string log;
  const auto failure = MapleTreeRun<Tree>{bytes, &log}.run();
  if (!failure) return "a failure that a second run of the same bytes does not show\n" + log;
  return fmt::format("{}>>> {}\n", log, *failure);
}

}  // namespace vmadiff::fuzz
