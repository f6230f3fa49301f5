// model: shmat and shmdt. An attachment is an ordinary shared mapping, but of a file of its own, so
// that no two are ever joined, and with a close hook.
#include <optional>
#include <vector>

#include "model/calls.h"
#include "model/mapping.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Outcome;
using spec::Vma;

namespace {

// Where the segment's first page would be, if all of it were where this VMA is.
bool began_at(const Vma& vma, Address addr) {
  return vma.file.cls == FileClass::kSysv && vma.start >= addr &&
         (vma.start - addr) >> spec::kPageShift == vma.pgoff;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Shmat& call) {
  const auto has = [&call](std::uint64_t flag) { return (call.flags & flag) != 0; };
  Address addr = call.addr;
  if (!spec::is_page_aligned(addr)) {
    if (!has(spec::kShmRnd)) return Outcome::fail(Errno::kEINVAL);
    addr = spec::page_down(addr);
  }
  if (addr == 0 && has(spec::kShmRemap)) return Outcome::fail(Errno::kEINVAL);
  if (call.segment >= spec::kFilesPerClass) return Outcome::fail(Errno::kEINVAL);

  const auto segment = static_cast<std::uint32_t>(call.segment);
  const Address size = spec::kSegmentBytes[segment];
  if (addr != 0 && !has(spec::kShmRemap)) {
    if (addr + size < addr || !space.vmas.is_free({addr, addr + size})) {
      return Outcome::fail(Errno::kEINVAL);
    }
  }
  std::uint64_t prot = spec::kProtRead;
  if (!has(spec::kShmRdonly)) prot |= spec::kProtWrite;
  if (has(spec::kShmExec)) prot |= spec::kProtExec;
  // An address that was rounded down to 0 is one all the same.
  const std::uint64_t flags = spec::kMapShared | (call.addr != 0 ? spec::kMapFixed : 0);
  const auto file = spec::attachment(segment, has(spec::kShmRdonly), ++space.attachment_count);
  return run(space, spec::Mmap{addr, size, prot, flags, file, 0});
}

// Takes what is left of one attachment, wherever it begins in it; what cannot be unmapped stays,
// and nobody hears of it.
Outcome run(AddressSpace& space, const spec::Shmdt& call) {
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  std::optional<spec::FileId> file;
  Address end = 0;
  std::vector<spec::Range> parts;
  for (const auto& [start, vma] : space.vmas.all()) {
    if (vma.end <= call.addr) continue;
    if (file && vma.end - call.addr > end) break;
    if (!began_at(vma, call.addr)) continue;
    if (file && vma.file != *file) continue;
    if (!file) end = spec::size_pages(vma.file) << spec::kPageShift;
    file = vma.file;
    parts.push_back(vma.range());
  }
  for (const spec::Range part : parts) {
    static_cast<void>(unmap(space, part.start, part.size()));
  }
  return file ? Outcome::ok() : Outcome::fail(Errno::kEINVAL);
}

}  // namespace vmadiff::model
