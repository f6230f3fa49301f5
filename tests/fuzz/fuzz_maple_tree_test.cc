// fuzz_maple_tree: the oracle by hand, and canaries: a tree that is wrong in one way is caught.
#include "fuzz/fuzz_maple_tree.h"

#include <gtest/gtest.h>

#include <string>

#include "fuzz/maple_tree_run.h"
#include "support.h"

namespace vmadiff::fuzz {
namespace {

using Key = std::uint64_t;
using Tree = impl::MapleTree<std::uint64_t>;
using Entry = Tree::Entry;

TEST(MapleTreeOracle, answers_by_hand) {
  MapleTreeOracle oracle;
  oracle.store(10, 29, 1);
  oracle.store(15, 19, 2);
  oracle.store(40, ~Key{0}, 3);
  EXPECT_EQ(oracle.ranges().size(), 4U);
  EXPECT_EQ(oracle.find(0, 9), std::nullopt);
  EXPECT_EQ(oracle.find(0, 10), (Entry{10, 14, 1}));
  EXPECT_EQ(oracle.find_reverse(35, 30), std::nullopt);
  EXPECT_EQ(oracle.find_reverse(35, 29), (Entry{20, 29, 1}));
  EXPECT_EQ(oracle.slot(35), (Entry{30, 39, 0}));
  EXPECT_EQ(oracle.slot(3), (Entry{0, 9, 0}));
  EXPECT_EQ(oracle.slot(17), (Entry{15, 19, 2}));
  EXPECT_EQ(oracle.empty_area(0, 100, 10, true), 0U);
  EXPECT_EQ(oracle.empty_area(0, 100, 10, false), 30U);
  EXPECT_EQ(oracle.empty_area(1, 39, 10, true), std::nullopt);
  EXPECT_EQ(oracle.empty_area(1, 39, 9, true), 1U);
  EXPECT_EQ(oracle.empty_area(1, 36, 5, false), 31U);
  oracle.store(0, ~Key{0}, 0);
  EXPECT_TRUE(oracle.ranges().empty());
  EXPECT_EQ(oracle.empty_area(0, ~Key{0}, ~Key{0}, true), 0U);
}

// --- canaries -----------------------------------------------------------------------------------

struct StoresOneKeyTooFew : Tree {
  bool store(Key first, Key last, std::uint64_t value) {
    return Tree::store(first, last == first + 5 ? last - 1 : last, value);
  }
};
struct LosesTheLimit : Tree {
  std::optional<Entry> find(Key key, Key /*limit*/ = kKeyMax) const { return Tree::find(key); }
};
struct FindsRoomOneKeyTooLow : Tree {
  std::optional<Key> highest_empty_area(Key low, Key high, Key size) const {
    const auto found = Tree::highest_empty_area(low, high, size);
    return found && *found > low ? std::optional<Key>{*found - 1} : found;
  }
};
struct StoresDespiteFailure : Tree {
  bool store(Key first, Key last, std::uint64_t value) {
    const bool done = Tree::store(first, last, value);
    return done || (Tree::store(first, last, value) && false);
  }
};
struct TurnsRoundWrongly : Tree {
  struct Cursor : Tree::Cursor {
    using Tree::Cursor::Cursor;
    std::uint64_t prev() { return is_placed() ? Tree::Cursor::prev() : Tree::Cursor::next(); }
  };
};
struct CopiesTooLittle : Tree {
  Tree duplicate() const {
    Tree copy = Tree::duplicate();
    if (const auto last = copy.find_reverse(kKeyMax); last && copy.size() > 3) {
      (void)copy.erase(last->first, last->last);
    }
    return copy;
  }
};
struct BreaksAnInvariant : Tree {
  std::optional<std::string> validate() const {
    return height() > 1 ? std::optional<std::string>{"gap 1 is wrong"} : Tree::validate();
  }
};

template <typename Broken>
std::optional<std::string> first_failure() {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    if (auto failure = maple_tree_failure<Broken>(random_bytes(seed, 400))) return failure;
  }
  return std::nullopt;
}

TEST(FuzzMapleTreeCanary, sound_tree_has_no_failure) {
  EXPECT_EQ(first_failure<Tree>().value_or("none"), "none");
}
TEST(FuzzMapleTreeCanary, store_that_is_too_short_is_caught) {
  EXPECT_NE(first_failure<StoresOneKeyTooFew>().value_or("none").find(">>> entry: expected"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, find_without_its_limit_is_caught) {
  EXPECT_NE(first_failure<LosesTheLimit>().value_or("none").find(">>> find with a limit"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, room_in_the_wrong_place_is_caught) {
  EXPECT_NE(first_failure<FindsRoomOneKeyTooLow>().value_or("none").find(">>> highest_empty_area"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, failed_store_that_changes_the_tree_is_caught) {
  EXPECT_NE(first_failure<StoresDespiteFailure>().value_or("none").find("fail to store"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, cursor_that_turns_round_wrongly_is_caught) {
  EXPECT_NE(first_failure<TurnsRoundWrongly>().value_or("none").find(">>> prev: expected"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, incomplete_duplicate_is_caught) {
  EXPECT_NE(first_failure<CopiesTooLittle>().value_or("none").find("duplicate\n>>> entry"),
            std::string::npos);
}
TEST(FuzzMapleTreeCanary, broken_invariant_is_caught_with_its_description) {
  EXPECT_NE(
      first_failure<BreaksAnInvariant>().value_or("none").find(">>> validate(): gap 1 is wrong"),
      std::string::npos);
}

}  // namespace
}  // namespace vmadiff::fuzz
