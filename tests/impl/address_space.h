// An address space under test, spoken to in pages of an arena, and its page ruler: one letter per
// VMA (A for the first one in the arena), one character per page, '.' where nothing is mapped.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "impl/calls.h"
#include "impl/fork.h"
#include "impl/mm.h"

namespace vmadiff::impl {

inline constexpr spec::Address kArena = 0x100000000000;
inline constexpr std::uint64_t kReadWrite = spec::kProtRead | spec::kProtWrite;
inline constexpr std::uint64_t kAnonymous =
    spec::kMapPrivate | spec::kMapAnonymous | spec::kMapNoreserve;
inline constexpr std::uint64_t kPrivateAnonymous = spec::kMapPrivate | spec::kMapAnonymous;

inline constexpr spec::FileId kMemfd{spec::FileClass::kMemfd, 0};
inline constexpr spec::FileId kRegular{spec::FileClass::kFile, 0};
inline constexpr spec::FileId kReadOnly{spec::FileClass::kFileReadOnly, 0};
inline constexpr spec::FileId kZero{spec::FileClass::kZero, 0};
inline constexpr spec::FileId kHuge{spec::FileClass::kHugetlb, 0};
inline constexpr spec::FileId kPfnmap{spec::FileClass::kPfnmap, 0};

[[nodiscard]] constexpr spec::Address page(std::uint64_t n) { return kArena + n * spec::kPageSize; }
[[nodiscard]] constexpr spec::Address bytes(std::uint64_t pages) { return pages * spec::kPageSize; }

[[nodiscard]] inline spec::KernelProfile profile_or_abort(std::string_view name) {
  const auto profile = spec::profile_named(name);
  if (!profile) std::abort();
  return *profile;
}

/// The default profile, but for one behaviour.
template <auto kField, typename Value>
[[nodiscard]] spec::KernelProfile profile_with(Value value) {
  spec::KernelProfile profile = profile_or_abort(spec::kDefaultProfileName);
  profile.*kField = value;
  return profile;
}

class AddressSpace {
 public:
  explicit AddressSpace(std::string_view profile = spec::kDefaultProfileName,
                        const spec::Setup& machine = spec::Setup::standard())
      : AddressSpace(profile_or_abort(profile), machine) {}
  explicit AddressSpace(const spec::KernelProfile& kernel,
                        const spec::Setup& machine = spec::Setup::standard())
      : setup(machine), mm(kernel) {
    EXPECT_EQ(mm.start(setup), std::nullopt);
  }

  /// MAP_FIXED at pages [first, first + pages) of the arena.
  spec::Outcome map(std::uint64_t first, std::uint64_t pages, std::uint64_t prot = kReadWrite,
                    std::uint64_t flags = kAnonymous, spec::FileId file = {},
                    std::uint64_t offset_pages = 0) {
    return sys_mmap(
        mm, {page(first), bytes(pages), prot, flags | spec::kMapFixed, file, bytes(offset_pages)});
  }
  /// A child; nothing where there is not enough memory for it.
  [[nodiscard]] std::unique_ptr<MmStruct> fork() {
    auto child = std::make_unique<MmStruct>(mm.profile, mm.fault_attr, mm.hstate);
    child->leave_machine();
    if (dup_mm(child.get(), mm)) return nullptr;
    return child;
  }
  spec::Outcome unmap(std::uint64_t first, std::uint64_t pages) {
    return sys_munmap(mm, {page(first), bytes(pages)});
  }
  spec::Outcome protect(std::uint64_t first, std::uint64_t pages, std::uint64_t prot) {
    return sys_mprotect(mm, {page(first), bytes(pages), prot});
  }
  spec::Outcome advise(std::uint64_t first, std::uint64_t pages, std::int32_t advice) {
    return sys_madvise(mm, {page(first), bytes(pages), advice});
  }
  spec::Outcome write(std::uint64_t first, std::uint64_t pages = 1) {
    return touch(mm, {page(first), bytes(pages), spec::Access::kWrite});
  }
  spec::Outcome read(std::uint64_t first, std::uint64_t pages = 1) {
    return touch(mm, {page(first), bytes(pages), spec::Access::kRead});
  }
  spec::Outcome ksm(bool on) {
    return sys_prctl(mm, {spec::kPrSetMemoryMerge, on ? 1U : 0U, 0, 0, 0});
  }

  /// The VMA that contains a page of the arena. Requires that there is one.
  [[nodiscard]] VmArea& at(std::uint64_t n) const { return *mm.vma_lookup(page(n)); }

  [[nodiscard]] std::string ruler(std::uint64_t pages = 12) const {
    std::string text;
    const VmArea* before = nullptr;
    char letter = 'A' - 1;
    for (std::uint64_t n = 0; n < pages; ++n) {
      const VmArea* vma = mm.vma_lookup(page(n));
      if (vma != nullptr && vma != before) ++letter;
      if (vma != nullptr) before = vma;
      text += vma == nullptr ? '.' : letter;
    }
    return text;
  }

  [[nodiscard]] spec::Snapshot snapshot() const {
    spec::Snapshot out;
    mm.snapshot(out);
    EXPECT_EQ(mm.broken_invariant(), std::nullopt);
    return out;
  }

  spec::Setup setup;
  MmStruct mm;
};

/// All VMAs and counters, as text that a failed comparison can print.
[[nodiscard]] inline std::string text(const spec::Snapshot& snapshot) {
  std::string out;
  for (const spec::Vma& vma : snapshot.vmas) {
    out += spec::text(vma) + " anon_vma " + std::to_string(vma.anon_vma) + "\n";
  }
  const spec::Counters& c = snapshot.counters;
  out += "map_count " + std::to_string(c.map_count) + " total " + std::to_string(c.total_vm) +
         " data " + std::to_string(c.data_vm) + " exec " + std::to_string(c.exec_vm) + " brk " +
         std::to_string(snapshot.brk) + (snapshot.merge_any ? " merge_any" : "");
  return out;
}

[[nodiscard]] inline bool has_anon_vma(const AddressSpace& space, std::uint64_t n) {
  return space.at(n).anon_vma != spec::kNoAnonVma;
}

}  // namespace vmadiff::impl
