// impl: seals of memfds.
#include "impl/memfd.h"

#include "impl/file_operations.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// vma_is_shared_maywrite.
bool is_shared_maywrite(VmFlags flags) {
  return (flags & (kVmShared | kVmMaywrite)) == (kVmShared | kVmMaywrite);
}

/// check_write_seal: nothing to a private mapping.
Failure check_write_seal(VmFlags& vm_flags) {
  if ((vm_flags & kVmShared) == 0) return std::nullopt;
  if ((vm_flags & kVmWrite) != 0) return Errno::kEPERM;
  vm_flags &= ~kVmMaywrite;
  return std::nullopt;
}

/// S_IXUGO of the inode.
bool is_executable(FileId memfd) { return memfd.number != kNoexecMemfd; }

}  // namespace

void MemfdSeals::reset(const KernelProfile& profile) {
  of_number.fill(0);
  if (profile.exec_seal != ExecSeal::kAbsent) of_number[kNoexecMemfd] = kSealExec;
}

std::uint64_t file_seals(const MmStruct& mm, FileId file) {
  if (file.cls != FileClass::kMemfd || mm.memfds == nullptr) return 0;
  return mm.memfds->of_number[file.number];
}

bool is_write_sealed(const MmStruct& mm, FileId file) {
  return (file_seals(mm, file) & (kSealWrite | kSealFutureWrite)) != 0;
}

Failure memfd_check_seals_mmap(const MmStruct& mm, FileId file, VmFlags& vm_flags) {
  const bool leaves_future = mm.profile.future_write_seal == FutureWriteSeal::kByHook &&
                             (file_seals(mm, file) & kSealWrite) == 0;
  if (leaves_future || !is_write_sealed(mm, file)) return std::nullopt;
  return check_write_seal(vm_flags);
}

Failure seal_check_future_write(const MmStruct& mm, FileId file, VmFlags& vm_flags) {
  if (mm.profile.future_write_seal != FutureWriteSeal::kByHook) return std::nullopt;
  if ((file_seals(mm, file) & kSealFutureWrite) == 0) return std::nullopt;
  return check_write_seal(vm_flags);
}

std::uint64_t writers_of(const MmStruct& mm, FileId file) {
  std::uint64_t count = 0;
  mm.mm_mt.for_each_value([&](const VmArea* vma) {
    if (vma->vm_file == file && is_shared_maywrite(vma->vm_flags)) ++count;
  });
  return count;
}

Failure memfd_add_seals(MmStruct& mm, FileId file, std::uint64_t seals, std::uint64_t writers) {
  std::uint64_t all = kSealSeal | kSealShrink | kSealGrow | kSealWrite | kSealFutureWrite;
  if (mm.profile.exec_seal != ExecSeal::kAbsent) all |= kSealExec;
  if (file.is_none()) return Errno::kEBADF;
  if (!is_writable(file)) return Errno::kEPERM;
  if ((seals & ~all) != 0) return Errno::kEINVAL;
  // hugetlb_file_setup leaves F_SEAL_SEAL, since sealing was not asked for.
  if (is_file_hugepages(file)) return Errno::kEPERM;
  if (file.cls != FileClass::kMemfd || mm.memfds == nullptr) return Errno::kEINVAL;
  const std::uint64_t old = file_seals(mm, file);
  if ((old & kSealSeal) != 0) return Errno::kEPERM;
  if ((seals & kSealExec) != 0 && is_executable(file)) {
    seals |= kSealShrink | kSealGrow | kSealWrite | kSealFutureWrite;
  }
  // mapping_deny_writable.
  if ((seals & kSealWrite) != 0 && (old & kSealWrite) == 0 && writers != 0) return Errno::kEBUSY;
  mm.memfds->of_number[file.number] = old | seals;
  return std::nullopt;
}

}  // namespace vmadiff::impl
