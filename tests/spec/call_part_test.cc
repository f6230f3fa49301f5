// tests/spec: parts of calls: what is of one, and how it is named.
#include "spec/call_part.h"

#include <gtest/gtest.h>

namespace vmadiff::spec {
namespace {

using Argument = CallPart::Argument;

CallPart part_of(const Syscall& call, Argument argument = Argument::kAny, std::uint64_t value = 0) {
  return {call.index(), argument, value};
}

Mmap mmap_with(std::uint64_t prot, std::uint64_t flags = kMapPrivate) {
  return {0, kPageSize, prot, flags, {}, 0};
}

TEST(CallPart, AWholeCallIsItWithAnyArguments) {
  const auto part = part_of(Mbind{});
  EXPECT_TRUE(is_of(Mbind{.mode = kMpolBind}, part));
  EXPECT_FALSE(is_of(SetMempolicy{}, part));
  EXPECT_EQ(text(part), "mbind");
}

TEST(CallPart, ProtectionsAreAskedForTogether) {
  const auto part = part_of(Mmap{}, Argument::kProt, kProtWrite | kProtExec);
  EXPECT_TRUE(is_of(mmap_with(kProtRead | kProtWrite | kProtExec), part));
  EXPECT_FALSE(is_of(mmap_with(kProtRead | kProtExec), part));
  EXPECT_FALSE(is_of(mmap_with(kProtRead, kProtWrite | kProtExec), part))
      << "flags with the same bits are others";
  EXPECT_EQ(text(part), "mmap with PROT_WRITE|PROT_EXEC");
}

TEST(CallPart, FlagsAndChoicesAreNamed) {
  const auto dontunmap = part_of(Mremap{}, Argument::kFlags, kMremapDontunmap);
  EXPECT_TRUE(is_of(Mremap{.flags = kMremapMaymove | kMremapDontunmap}, dontunmap));
  EXPECT_FALSE(is_of(Mremap{.flags = kMremapMaymove}, dontunmap));
  EXPECT_EQ(text(dontunmap), "mremap with MREMAP_DONTUNMAP");
  const auto advice = part_of(Madvise{}, Argument::kChoice, kMadvMergeable);
  EXPECT_TRUE(is_of(Madvise{.advice = kMadvMergeable}, advice));
  EXPECT_FALSE(is_of(Madvise{.advice = kMadvUnmergeable}, advice));
  EXPECT_EQ(text(advice), "madvise with MADV_MERGEABLE");
  EXPECT_EQ(text(part_of(Mmap{}, Argument::kFlags, kMapDroppable)), "mmap with MAP_DROPPABLE");
  EXPECT_EQ(text(part_of(Mbind{}, Argument::kFlags, kMpolMfMove)), "mbind with MPOL_MF_MOVE");
  EXPECT_EQ(text(part_of(Setrlimit{}, Argument::kChoice, kRlimitStack)),
            "setrlimit with RLIMIT_STACK");
}

TEST(CallPart, OfSeveralOneIsEnough) {
  const std::vector<CallPart> parts{part_of(Fork{}), part_of(Mlock{})};
  EXPECT_TRUE(is_of_any(Mlock{}, parts));
  EXPECT_FALSE(is_of_any(Munlock{}, parts));
  EXPECT_FALSE(is_of_any(Fork{}, {}));
}

}  // namespace
}  // namespace vmadiff::spec
