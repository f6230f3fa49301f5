// impl: prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): the name of anonymous memory.
#include <algorithm>

#include "impl/calls.h"
#include "impl/madvise_walk.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// ANON_VMA_NAME_MAX_LEN, with the zero byte at the end.
constexpr std::size_t kAnonVmaNameMaxLen = 80;

/// is_valid_name_char.
bool is_valid_name_char(char c) {
  switch (c) {
    case '\\':
    case '`':
    case '$':
    case '[':
    case ']':
      return false;
    default:
      return c > 0x1f && c < 0x7f;
  }
}

/// strndup_user and what follows it in set_anon_vma_name.
Failure copy_name(const MmStruct& mm, VmaName name) {
  if (name.is_none()) return std::nullopt;
  if (name.is_unreadable()) return Errno::kEFAULT;
  if (name.text().size() >= kAnonVmaNameMaxLen) return Errno::kEINVAL;
  if (!std::ranges::all_of(name.text(), is_valid_name_char)) return Errno::kEINVAL;
  return mm.should_fail() ? Failure{Errno::kENOMEM} : std::nullopt;
}

/// vma_is_anon_shmem, of a kernel that names it: shmem that has no link, as a memfd has none.
bool is_anon_shmem(const MmStruct& mm, const VmArea& vma) {
  return mm.profile.shared_names == SharedNames::kTaken && vma.is_shmem();
}

/// madvise_vma_behavior with __MADV_SET_ANON_VMA_NAME.
Failure set_name_of(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                    VmaName name) {
  if (!vma.vm_file.is_none() && !is_anon_shmem(mm, vma)) return Errno::kEBADF;
  if (vma.anon_name == name) {
    prev = &vma;
    return std::nullopt;
  }
  const VmFlags flags = vma.vm_flags;
  const auto modified = vma_modify_name(mm, prev, vma, start, end, name);
  if (!modified) {
    return modified.error() == Errno::kENOMEM ? Errno::kEAGAIN : modified.error();
  }
  prev = *modified;
  // madvise_update_vma takes them as they were before the merge: sticky flags of a neighbour, as
  // VM_MAYBE_GUARD, are lost with it (seen on the code of 7.3.4).
  prev->vm_flags = flags;
  prev->anon_name = name;
  return std::nullopt;
}

}  // namespace

Outcome prctl_set_vma(MmStruct& mm, const SetVmaName& call) {
  if (!mm.setup->vma_names) return Outcome::fail(Errno::kEINVAL);
  if (const Failure refused = copy_name(mm, call.name)) return Outcome::fail(*refused);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = page_up(call.length);
  if (call.length != 0 && length == 0) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + length;
  if (end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (end == call.addr) return Outcome::ok();
  const Failure failed = madvise_walk_vmas(
      mm, call.addr, end, [&](VmArea& vma, VmArea*& prev, Address from, Address to) {
        return set_name_of(mm, vma, prev, from, to, call.name);
      });
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
