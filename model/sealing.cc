// model: what a seal forbids.
#include "model/sealing.h"

#include "model/file_rules.h"

namespace vmadiff::model {

namespace {

bool discards_pages(std::int32_t advice) {
  switch (advice) {
    case spec::kMadvFree:
    case spec::kMadvDontneed:
    case spec::kMadvDontneedLocked:
    case spec::kMadvRemove:
    case spec::kMadvDontfork:
    case spec::kMadvWipeonfork:
    case spec::kMadvGuardInstall:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool is_sealed_against(const spec::Vma& vma, std::int32_t advice, const AddressSpace& space) {
  if (!is_sealed(vma) || !discards_pages(advice)) return false;
  const bool can_write =
      (vma.flags & spec::kVmWrite) != 0 && space.pkeys.allow(vma.flags, spec::Access::kWrite);
  if (can_write) return false;
  return space.profile.sealed_discard == spec::SealedDiscard::kReadOnlyAnonymous
             ? vma.file.is_none()
             : is_anonymous(vma);
}

}  // namespace vmadiff::model
