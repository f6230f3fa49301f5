// tests/model: a model under test, spoken to in pages of one arena, and drawn as a page ruler.
#pragma once

#include <cstdlib>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "model/model.h"
#include "spec/flags.h"
#include "spec/setup.h"
#include "spec/syscall.h"
#include "spec/system.h"

namespace vmadiff::spec {

// How failed assertions print the values.
inline void PrintTo(const Outcome& outcome, std::ostream* out) { *out << text(outcome); }
inline void PrintTo(const Vma& vma, std::ostream* out) { *out << text(vma); }
inline void PrintTo(const FileId& file, std::ostream* out) { *out << text(file); }

}  // namespace vmadiff::spec

namespace vmadiff::model {

using namespace spec;  // NOLINT(google-build-using-namespace): tests speak in spec's words

inline constexpr Address kArena = 0x100000000000;
inline constexpr std::uint64_t kRead = kProtRead;
inline constexpr std::uint64_t kReadWrite = kProtRead | kProtWrite;
inline constexpr std::uint64_t kPrivateFixed = kMapPrivate | kMapFixed;
inline constexpr std::uint64_t kAnonymousFixed = kPrivateFixed | kMapAnonymous;
inline constexpr std::uint64_t kSharedFixed = kMapShared | kMapFixed;

inline constexpr std::uint64_t kDontunmap = kMremapMaymove | kMremapFixed | kMremapDontunmap;
inline constexpr std::uint64_t kHugePages = kHugePageSize / kPageSize;  ///< pages of one
inline constexpr Address kTop = 0x7ffff7fff000;                         ///< Setup::mmap_base
inline constexpr Outcome kSegv = Outcome::fail(Errno::kSIGSEGV);

inline constexpr FileId kMemfd0{FileClass::kMemfd, 0};
inline constexpr FileId kFile0{FileClass::kFile, 0};
inline constexpr FileId kFileRo0{FileClass::kFileReadOnly, 0};
inline constexpr FileId kZero0{FileClass::kZero, 0};
inline constexpr FileId kHugetlb0{FileClass::kHugetlb, 0};
inline constexpr FileId kPfnmap0{FileClass::kPfnmap, 0};
inline constexpr FileId kPreparedPfnmap0{FileClass::kPreparedPfnmap, 0};

/// The newest profile with another value of one behaviour.
template <typename Behaviour>
KernelProfile with(Behaviour KernelProfile::* behaviour, Behaviour value) {
  KernelProfile profile = *profile_named(kDefaultProfileName);
  profile.*behaviour = value;
  return profile;
}

constexpr Address page(std::uint64_t index) { return kArena + index * kPageSize; }

class Process {
 public:
  explicit Process(std::string_view profile = kDefaultProfileName,
                   spec::Setup setup = spec::Setup::standard())
      : Process(*profile_named(profile), std::move(setup)) {}
  explicit Process(const KernelProfile& profile, spec::Setup setup = spec::Setup::standard())
      : setup_(std::move(setup)), model_(make_model(profile)) {
    if (!model_->start(setup_)) std::abort();
  }

  Outcome operator()(const Syscall& call) { return model_->apply(speaker_, call); }
  /// From now on calls are those of another process, and so is what there is.
  void become(ProcessId process) { speaker_ = process; }

  // --- calls on pages of the arena; a file is mapped at the offset of the page, so that adjacent
  // mappings go on
  Outcome map(std::uint64_t first, std::uint64_t pages, std::uint64_t prot = kReadWrite,
              std::uint64_t flags = kAnonymousFixed) {
    return (*this)(Mmap{page(first), pages * kPageSize, prot, flags, {}, 0});
  }
  Outcome map_file(std::uint64_t first, std::uint64_t pages, FileId file,
                   std::uint64_t prot = kReadWrite, std::uint64_t flags = kPrivateFixed) {
    return (*this)(Mmap{page(first), pages * kPageSize, prot, flags, file, first * kPageSize});
  }
  Outcome unmap(std::uint64_t first, std::uint64_t pages) {
    return (*this)(Munmap{page(first), pages * kPageSize});
  }
  Outcome protect(std::uint64_t first, std::uint64_t pages, std::uint64_t prot) {
    return (*this)(Mprotect{page(first), pages * kPageSize, prot});
  }
  Outcome advise(std::uint64_t first, std::uint64_t pages, std::int32_t advice) {
    return (*this)(Madvise{page(first), pages * kPageSize, advice});
  }
  Outcome write(std::uint64_t first, std::uint64_t pages = 1) {
    return (*this)(Touch{page(first), pages * kPageSize, Access::kWrite});
  }
  Outcome read(std::uint64_t first, std::uint64_t pages = 1) {
    return (*this)(Touch{page(first), pages * kPageSize, Access::kRead});
  }
  Outcome merge_any(bool on) { return (*this)(Prctl{kPrSetMemoryMerge, on ? 1U : 0U, 0, 0, 0}); }

  /// To the page `to`, at a fixed address.
  Outcome move(std::uint64_t first, std::uint64_t pages, std::uint64_t to,
               std::uint64_t flags = kMremapMaymove | kMremapFixed) {
    return (*this)(Mremap{page(first), pages * kPageSize, pages * kPageSize, flags, page(to)});
  }
  Outcome resize(std::uint64_t first, std::uint64_t pages, std::uint64_t new_pages,
                 std::uint64_t flags = 0) {
    return (*this)(Mremap{page(first), pages * kPageSize, new_pages * kPageSize, flags, 0});
  }
  Outcome seal(std::uint64_t first, std::uint64_t pages) {
    return (*this)(Mseal{page(first), pages * kPageSize, 0});
  }
  Outcome watch(std::uint64_t first, std::uint64_t pages) {
    return (*this)(UffdRegister{page(first), pages * kPageSize, kUffdModeWp});
  }
  Outcome unwatch(std::uint64_t first, std::uint64_t pages) {
    return (*this)(UffdUnregister{page(first), pages * kPageSize});
  }
  Outcome bind(std::uint64_t first, std::uint64_t pages, std::uint16_t mode = kMpolBind,
               std::uint64_t nodes = 1) {
    return (*this)(Mbind{page(first), pages * kPageSize, mode, 0, nodes, 0});
  }
  Outcome limit(std::uint64_t resource, std::uint64_t bytes) {
    return (*this)(Setrlimit{resource, bytes});
  }

  // --- what there is
  const Snapshot& snapshot() {
    if (!model_->snapshot(speaker_, snapshot_)) std::abort();
    return snapshot_;
  }
  /// A letter per page: A for the first VMA of the arena, B for the second, …; `.` for none.
  std::string ruler(std::uint64_t pages = 12) {
    std::string drawn(pages, '.');
    char letter = 'A';
    for (const Vma& vma : snapshot().vmas) {
      if (vma.start < kArena) continue;
      for (Address a = vma.start; a < vma.end && a < page(pages); a += kPageSize) {
        drawn[(a - kArena) / kPageSize] = letter;
      }
      ++letter;
    }
    return drawn;
  }
  /// The VMA that holds an address; an empty one where none does.
  Vma at(Address a) {
    for (const Vma& vma : snapshot().vmas) {
      if (vma.start <= a && a < vma.end) return vma;
    }
    return {};
  }
  Vma vma(std::uint64_t index) { return at(page(index)); }
  /// smaps' codes of the VMA that holds a page.
  std::string flags(std::uint64_t index) { return vm_flags_text(vma(index).flags); }
  bool is_mergeable(std::uint64_t index) { return (vma(index).flags & kVmMergeable) != 0; }

 private:
  spec::Setup setup_;
  ProcessId speaker_ = 0;
  std::unique_ptr<System> model_;
  Snapshot snapshot_;
};

inline const Outcome kOk = Outcome::ok();
constexpr Outcome fails(Errno e) { return Outcome::fail(e); }

}  // namespace vmadiff::model
