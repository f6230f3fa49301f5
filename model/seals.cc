// model: the seals of memfds.
#include "model/seals.h"

#include <algorithm>

#include "model/calls.h"
#include "model/file_rules.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Errno;
using spec::FileClass;
using spec::FileId;
using spec::Outcome;
using spec::Vma;

namespace {

constexpr std::uint64_t kBothWriteSeals = spec::kSealWrite | spec::kSealFutureWrite;

// Whether a shared mapping of the file may write to it, now or after an mprotect.
bool has_writer(const AddressSpace& space, FileId file) {
  constexpr spec::VmFlags kCounted = spec::kVmShared | spec::kVmMaywrite;
  return std::ranges::any_of(space.vmas.all(), [file](const auto& entry) {
    const Vma& vma = entry.second;
    return vma.file == file && (vma.flags & kCounted) == kCounted;
  });
}

}  // namespace

Outcome run(AddressSpace& space, const spec::AddSeals& call) {
  const bool has_exec = space.profile.exec_seal == spec::ExecSeal::kPresent;
  const std::uint64_t known = kBothWriteSeals | spec::kSealSeal | spec::kSealShrink |
                              spec::kSealGrow | (has_exec ? spec::kSealExec : 0);
  const FileClass cls = call.file.cls;
  if (call.file.is_none()) return Outcome::fail(Errno::kEBADF);
  if (!is_opened_writable(call.file)) return Outcome::fail(Errno::kEPERM);
  if ((call.seals & ~known) != 0) return Outcome::fail(Errno::kEINVAL);
  // Files of huge pages have seals, and were made with the one against more.
  if (is_hugetlb(cls)) return Outcome::fail(Errno::kEPERM);
  if (cls != FileClass::kMemfd) return Outcome::fail(Errno::kEINVAL);

  std::uint64_t& seals = space.machine->seals.at(call.file.number);
  if ((seals & spec::kSealSeal) != 0) return Outcome::fail(Errno::kEPERM);
  std::uint64_t added = call.seals;
  // What may be executed as a program must not be changed from then on.
  if ((added & spec::kSealExec) != 0 && call.file.number != spec::kNoexecMemfd) {
    added |= kBothWriteSeals | spec::kSealShrink | spec::kSealGrow;
  }
  const auto writes = [&call](const auto& process) {
    return process != nullptr && has_writer(*process, call.file);
  };
  if ((added & ~seals & spec::kSealWrite) != 0 &&
      std::ranges::any_of(space.machine->processes, writes)) {
    return Outcome::fail(Errno::kEBUSY);
  }
  seals |= added;
  return Outcome::ok();
}

namespace {

// The write seals that are looked at before anything is done; the hook looks at the others.
std::uint64_t seals_beforehand(const spec::KernelProfile& profile) {
  const bool both = profile.future_write_seal == spec::FutureWriteSeal::kBeforehand;
  return both ? kBothWriteSeals : spec::kSealWrite;
}

Result apply(std::uint64_t seals, const AddressSpace& space, Vma& mapping) {
  if (mapping.file.cls != FileClass::kMemfd || (mapping.flags & spec::kVmShared) == 0) return {};
  if ((space.machine->seals.at(mapping.file.number) & seals) == 0) return {};
  if ((mapping.flags & spec::kVmWrite) != 0) return fail(Errno::kEPERM);
  mapping.flags &= ~spec::kVmMaywrite;
  return {};
}

}  // namespace

Result apply_write_seals(const AddressSpace& space, Vma& mapping) {
  return apply(seals_beforehand(space.profile), space, mapping);
}

Result apply_seals_of_hook(const AddressSpace& space, Vma& mapping) {
  return apply(kBothWriteSeals & ~seals_beforehand(space.profile), space, mapping);
}

bool is_write_sealed(const AddressSpace& space, FileId file) {
  return file.cls == FileClass::kMemfd &&
         (space.machine->seals.at(file.number) & kBothWriteSeals) != 0;
}

Seals first_seals(const spec::KernelProfile& profile) {
  Seals seals{};
  if (profile.exec_seal == spec::ExecSeal::kPresent) seals[spec::kNoexecMemfd] = spec::kSealExec;
  return seals;
}

}  // namespace vmadiff::model
