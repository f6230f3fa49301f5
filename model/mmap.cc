// model: mmap. The checks, in the kernel's order, and the flags that a mapping begins with.
#include <expected>

#include "model/calls.h"
#include "model/file_rules.h"
#include "model/limits.h"
#include "model/mapping.h"
#include "model/placement.h"
#include "model/populate.h"
#include "model/seals.h"
#include "model/write_or_execute.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::FileClass;
using spec::Outcome;
using spec::Vma;
using spec::VmFlags;

namespace {

// Memory that can be executed alone has a key of its own, where the machine has keys. It is taken
// even where the mapping is refused later.
std::int32_t initial_pkey(AddressSpace& space, std::uint64_t prot) {
  return prot == spec::kProtExec ? space.pkeys.for_execution().value_or(0) : 0;
}

VmFlags initial_flags(const spec::Mmap& call, const spec::KernelProfile& profile) {
  VmFlags flags = spec::kVmMayread | spec::kVmMaywrite | spec::kVmMayexec;
  if ((call.prot & spec::kProtRead) != 0) flags |= spec::kVmRead;
  if ((call.prot & spec::kProtWrite) != 0) flags |= spec::kVmWrite;
  if ((call.prot & spec::kProtExec) != 0) flags |= spec::kVmExec;
  // MAP_SYNC counts here whatever the type and the file, even where it is ignored otherwise.
  if ((call.flags & spec::kMapSync) != 0) flags |= spec::kVmSync;
  if ((call.flags & spec::kMapStack) != 0 && profile.stack_maps == spec::StackMaps::kNoHugePages) {
    flags |= spec::kVmNohugepage;
  }
  if ((call.flags & spec::kMapLocked) != 0) flags |= spec::kVmLocked;
  if ((call.flags & spec::kMapGrowsdown) != 0) flags |= spec::kVmGrowsdown;
  return flags;
}

// MAP_SHARED ignores flags that it does not know; MAP_SHARED_VALIDATE refuses them.
bool has_flags_to_refuse(const spec::Mmap& call, FileClass cls,
                         const spec::KernelProfile& profile) {
  // Of the bits of a huge page's size those of 2 MiB and of 1 GiB are known.
  constexpr std::uint64_t kKnownSizes = spec::kMapHuge2Mb | spec::kMapHuge1Gb;
  VmFlags known = ~(spec::kMapFixedNoreplace | (spec::kMapHugeSize & ~kKnownSizes));
  if (!allows_map_sync(cls)) known &= ~spec::kMapSync;
  if (profile.map_above_4g == spec::MapAbove4G::kAbsent) known &= ~spec::kMapAbove4G;
  return (call.flags & ~known) != 0;
}

// The type and protection that the file allows; leaves the flags that follow from it.
Result check_file(const AddressSpace& space, const spec::Mmap& call, Vma& mapping) {
  const FileClass cls = mapping.file.cls;
  if (!offset_fits(cls, mapping.pgoff, mapping.end - mapping.start)) return fail(Errno::kEOVERFLOW);
  const std::uint64_t type = call.flags & spec::kMapType;
  if (type == spec::kMapShared || type == spec::kMapSharedValidate) {
    if (type == spec::kMapSharedValidate && has_flags_to_refuse(call, cls, space.profile)) {
      return fail(Errno::kEOPNOTSUPP);
    }
    mapping.flags |= spec::kVmShared | spec::kVmMayshare;
    if (!is_opened_writable(mapping.file)) {
      if ((call.prot & spec::kProtWrite) != 0) return fail(Errno::kEACCES);
      mapping.flags &= ~(spec::kVmMaywrite | spec::kVmShared);
    }
  } else if (type != spec::kMapPrivate) {
    return fail(Errno::kEINVAL);
  }
  if (is_noexec(cls, *space.setup)) {
    if ((mapping.flags & spec::kVmExec) != 0) return fail(Errno::kEPERM);
    mapping.flags &= ~spec::kVmMayexec;
  }
  if (!has_valid_hooks(cls, space.profile)) return fail(Errno::kENODEV);
  if ((mapping.flags & spec::kVmGrowsdown) != 0) return fail(Errno::kEINVAL);
  return apply_write_seals(space, mapping);
}

// The type that memory without a file can have; leaves the flags and the offset that follow.
Result check_anonymous(const AddressSpace& space, const spec::Mmap& call, Vma& mapping) {
  const bool is_stack = (mapping.flags & spec::kVmGrowsdown) != 0;
  switch (call.flags & spec::kMapType) {
    case spec::kMapShared:
      if (is_stack) return fail(Errno::kEINVAL);
      mapping.flags |= spec::kVmShared | spec::kVmMayshare;
      mapping.pgoff = 0;
      return {};
    case spec::kMapDroppable:
      if (space.profile.droppable_maps == spec::DroppableMaps::kAbsent) return fail(Errno::kEINVAL);
      if (is_stack || (call.flags & spec::kMapLocked) != 0) return fail(Errno::kEINVAL);
      mapping.flags |=
          spec::kVmDroppable | spec::kVmNoreserve | spec::kVmWipeonfork | spec::kVmDontdump;
      [[fallthrough]];
    case spec::kMapPrivate:
      mapping.pgoff = mapping.start >> spec::kPageShift;
      return {};
    default:
      return fail(Errno::kEINVAL);
  }
}

// The object to map; none for memory without one.
std::expected<spec::FileId, Errno> file_of(AddressSpace& space, const spec::Mmap& call) {
  const bool is_huge = (call.flags & spec::kMapHugetlb) != 0;
  if ((call.flags & spec::kMapAnonymous) == 0) {
    if (call.file.is_none()) return fail(Errno::kEBADF);
    if (is_huge && !is_hugetlb(call.file.cls)) return fail(Errno::kEINVAL);
    return call.file;
  }
  if (!is_huge) return spec::FileId{};
  const std::uint64_t size = call.flags & spec::kMapHugeSize;
  if (size != 0 && size != spec::kMapHuge2Mb) return fail(Errno::kEINVAL);
  return space.new_anon_hugetlb(spec::huge_page_up(call.length));
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Mmap& call) {
  const spec::Setup& setup = *space.setup;
  if (!spec::is_page_aligned(call.offset)) return Outcome::fail(Errno::kEINVAL);
  const auto file = file_of(space, call);
  if (!file) return Outcome::fail(file.error());
  const bool anonymous = file->is_none();

  PlacementRequest request;
  request.file = *file;
  request.length = call.length;
  if (is_hugetlb(request.file.cls)) {
    request.length = spec::huge_page_up(call.length);
  }
  if (request.length == 0) return Outcome::fail(Errno::kEINVAL);
  request.length = spec::page_up(request.length);
  if (request.length == 0) return Outcome::fail(Errno::kENOMEM);
  if (space.map_count() > setup.max_map_count) return Outcome::fail(Errno::kENOMEM);

  const std::int32_t pkey = initial_pkey(space, call.prot);
  request.fixed = (call.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0;
  request.addr = request.fixed ? call.addr : usable_hint(setup, call.addr);
  request.shared = (call.flags & spec::kMapShared) != 0;
  request.below_2g = (call.flags & spec::kMap32Bit) != 0;
  request.above_4g = (call.flags & spec::kMapAbove4G) != 0 &&
                     space.profile.map_above_4g == spec::MapAbove4G::kPresent;
  request.pgoff = anonymous ? 0 : call.offset >> spec::kPageShift;
  const auto placed = place(space, request);
  if (!placed) return Outcome::fail(placed.error());

  Vma mapping;
  mapping.start = *placed;
  mapping.end = *placed + request.length;
  mapping.flags = spec::with_pkey(initial_flags(call, space.profile) | space.future_flags, pkey);
  mapping.file = request.file;
  mapping.pgoff = request.pgoff;
  if ((call.flags & spec::kMapFixedNoreplace) != 0 && !space.vmas.is_free(mapping.range())) {
    return Outcome::fail(Errno::kEEXIST);
  }
  if ((call.flags & spec::kMapLocked) != 0 && !may_lock_at_all(space)) {
    return Outcome::fail(Errno::kEPERM);
  }
  if (!may_lock(space, mapping.flags, mapping.pages())) return Outcome::fail(Errno::kEAGAIN);
  const Result allowed =
      anonymous ? check_anonymous(space, call, mapping) : check_file(space, call, mapping);
  if (!allowed) return Outcome::fail(allowed.error());
  if ((call.flags & spec::kMapNoreserve) != 0) mapping.flags |= spec::kVmNoreserve;

  if (denies_write_or_execute(space, mapping.flags, mapping.flags)) {
    return Outcome::fail(Errno::kEACCES);
  }
  if (const Result mapped = map_region(space, mapping); !mapped) {
    return Outcome::fail(mapped.error());
  }
  // Also where the mapping turned out to be none that can be locked.
  constexpr std::uint64_t kAsked = spec::kMapPopulate | spec::kMapNonblock;
  if ((mapping.flags & spec::kVmLocked) != 0 || (call.flags & kAsked) == spec::kMapPopulate) {
    populate_quietly(space, mapping.range());
  }
  return Outcome::ok(mapping.start);
}

}  // namespace vmadiff::model
