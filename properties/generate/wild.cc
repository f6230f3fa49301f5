// properties: the table of odd values, and which argument of which call can take them.
#include "properties/generate/wild.h"

#include <algorithm>
#include <array>

#include "properties/generate/names.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr Address kMovedBytesMax = Address{16} << 30;
/// No address space has room for so much, so that nothing is moved: the sizes right below and at
/// its own are tried, too (mutant check_mremap_params-92f53f81).
constexpr Address kAbsurdBytes = (Address{1} << 47) - 2 * spec::kPageSize;

Address wild_address(Address was, Random& random, const spec::Setup& setup) {
  switch (random.below(8)) {
    case 0:
    case 1:
      return was + 1 + random.below(spec::kPageSize - 1);
    case 2:
      return 0;
    case 3:
      return setup.task_size - spec::kPageSize * random.below(3);
    case 4:
      return ~Address{0} - random.below(2 * spec::kPageSize);
    case 5:
      return setup.mmap_min_addr + spec::kPageSize - spec::kPageSize * random.below(3);
    case 6:
      return Address{1} << (12 + random.below(52));
    default:
      return setup.mmap_base + spec::kPageSize * random.below(3);
  }
}

/// Private mappings stay shorter: taking VM_MERGEABLE from a touched one, the kernel walks it page
/// by page (unmerge_ksm_pages; measured on 6.18: over 10 s for 8 TiB in one prctl).
constexpr Address kPrivateBytesMax = Address{1} << 30;

Address wild_length(Address was, Random& random, const spec::Setup& setup) {
  switch (random.below(8)) {
    case 0:
    case 1:
      return 0;
    case 2:
    case 3:
      return was - 1 - random.below(spec::kPageSize - 1);
    case 4:
      return ~Address{0} - random.below(2 * spec::kPageSize);
    case 5:
      return setup.task_size + spec::kPageSize * random.below(2) - spec::kPageSize;
    case 6:
      return Address{1} << (20 + random.below(44));
    default:
      return random.percent(70) ? Address{1} << (12 + random.below(20)) : 1 + random.below(2);
  }
}

std::uint64_t wild_prot(std::uint64_t was, Random& random) {
  constexpr std::array<std::uint64_t, 6> kBits{spec::kProtSem,
                                               spec::kProtGrowsdown,
                                               spec::kProtGrowsup,
                                               spec::kProtGrowsdown | spec::kProtGrowsup,
                                               0x10,
                                               std::uint64_t{1} << 40};
  return was | random.of(kBits);
}

std::uint64_t wild_map_flags(std::uint64_t was, Random& random) {
  constexpr std::array<std::uint64_t, 9> kBits{
      spec::kMapDenywrite, spec::kMapExecutable,     spec::kMapNonblock,
      spec::kMapSync,      spec::kMapUninitialized,  spec::kMapStack,
      spec::kMapFixed,     spec::kMapFixedNoreplace, spec::kMapHuge2Mb,
  };
  if (random.percent(40)) return (was & ~spec::kMapType) | random.below(16);
  return was ^ random.of(kBits);
}

std::uint64_t wild_offset(std::uint64_t was, Random& random) {
  switch (random.below(4)) {
    case 0:
      return was + 1 + random.below(spec::kPageSize - 1);
    case 1:
      return ~std::uint64_t{0} & ~(spec::kPageSize - 1);
    case 2:
      return std::uint64_t{1} << (12 + random.below(52));
    default:
      return spec::kFileSizePages * spec::kPageSize;
  }
}

/// Advice that no kernel knows.
std::int32_t wild_advice(Random& random) {
  constexpr std::array<std::int32_t, 5> kUnknown{-1, 5, 26, 99, 0x7fffffff};
  return random.of(kUnknown);
}

struct MakeWild {
  Random& random;
  const spec::Setup& setup;

  void operator()(spec::Mmap& call) const {
    switch (random.below(6)) {
      case 0:
        call.addr = wild_address(call.addr, random, setup);
        return;
      case 1:
        call.length = wild_length(call.length, random, setup);
        // What takes an error or is shared may be as long as it likes.
        if (call.length > kPrivateBytesMax && call.length < setup.task_size) {
          call.flags = (call.flags & ~spec::kMapType) | spec::kMapShared;
        }
        return;
      case 2:
        call.prot = wild_prot(call.prot, random);
        return;
      case 3:
        call.offset = wild_offset(call.offset, random);
        return;
      case 4:
        // A mapping of a file without the file: EBADF, unless it is anonymous anyway.
        call.file = {};
        return;
      default:
        call.flags = wild_map_flags(call.flags, random);
    }
  }
  void operator()(spec::Mprotect& call) const {
    if (random.percent(30)) {
      call.prot = wild_prot(call.prot, random);
    } else {
      range(call);
    }
  }
  void operator()(spec::Madvise& call) const {
    if (random.percent(30)) {
      call.advice = wild_advice(random);
    } else {
      range(call);
    }
  }
  void operator()(spec::Mremap& call) const {
    switch (random.below(5)) {
      case 0:
        call.new_length = wild_length(call.new_length, random, setup);
        return;
      case 1:
        call.new_addr = wild_address(call.new_addr, random, setup);
        return;
      case 2:
        call.flags = random.below(random.percent(80) ? 8 : 256);
        return;
      default:
        range(call);
    }
  }
  void operator()(spec::Mlock2& call) const { range_or_flags(call); }
  void operator()(spec::Mseal& call) const { range_or_flags(call); }
  void operator()(spec::Mlockall& call) const { call.flags = random.below(16); }
  void operator()(spec::PkeyMprotect& call) const {
    switch (random.below(4)) {
      case 0:
        call.prot = wild_prot(call.prot, random);
        return;
      case 1:
        call.pkey = wild_pkey();
        return;
      default:
        range(call);
    }
  }
  void operator()(spec::PkeyFree& call) const { call.pkey = wild_pkey(); }
  void operator()(spec::PkeyAlloc& call) const {
    if (random.percent(50)) {
      call.flags = std::uint64_t{1} << random.below(64);
    } else {
      call.rights = random.next() >> random.below(64);
    }
  }
  void operator()(spec::Shmat& call) const {
    switch (random.below(4)) {
      case 0:
        call.segment = random.next() >> random.below(64);
        return;
      case 1:
        call.flags = random.next();
        return;
      case 2:
        // Rounded down, it is none, and yet one.
        call.addr = random.below(spec::kPageSize);
        call.flags ^= spec::kShmRnd;
        return;
      default:
        call.addr = wild_address(call.addr, random, setup);
    }
  }
  void operator()(spec::Shmdt& call) const { call.addr = wild_address(call.addr, random, setup); }
  void operator()(spec::RemapFilePages& call) const {
    switch (random.below(4)) {
      case 0:
        call.prot = wild_prot(call.prot, random);
        return;
      case 1:
        call.pgoff = random.percent(50) ? ~std::uint64_t{0} - random.below(16)
                                        : std::uint64_t{1} << random.below(64);
        return;
      case 2:
        call.flags = random.next();
        return;
      default:
        range(call);
    }
  }
  void operator()(spec::UffdRegister& call) const {
    constexpr std::array<std::uint64_t, 6> kModes{0,
                                                  spec::kUffdModeWp | spec::kUffdModeRwp,
                                                  spec::kUffdModeMissing | spec::kUffdModeRwp,
                                                  spec::kUffdModeMinor | spec::kUffdModeWp,
                                                  spec::kUffdModeWp | 16,
                                                  std::uint64_t{1} << 40};
    switch (random.below(4)) {
      case 0:
        call.mode = random.of(kModes);
        return;
      case 1:
        call.userfaultfd = random.below(8);
        return;
      default:
        range(call);
    }
  }
  void operator()(spec::UffdUnregister& call) const {
    if (random.percent(30)) {
      call.userfaultfd = random.below(8);
    } else {
      range(call);
    }
  }
  void operator()(spec::UffdWriteprotect& call) const { mark(call); }
  void operator()(spec::UffdRwprotect& call) const { mark(call); }
  void operator()(spec::UffdOpen& call) const {
    constexpr std::array kFeatures{spec::kUffdEventFork,     spec::kUffdEventRemap,
                                   spec::kUffdWpUnpopulated, spec::kUffdWpAsync,
                                   spec::kUffdRwp,           spec::kUffdRwpAsync};
    if (random.percent(50)) {
      call.features ^= random.of(kFeatures);
    } else {
      call.userfaultfd = random.below(8);
    }
  }
  void operator()(spec::UffdClose& call) const { call.userfaultfd = random.below(8); }
  void operator()(spec::Mbind& call) const {
    switch (random.below(5)) {
      case 0:
        call.flags = std::uint64_t{2} << random.below(40);
        return;
      case 1:
        call.mode_flags = random.next() >> random.below(64);
        return;
      case 2:
        call.nodes = random.below(spec::kNodesMask + 1);
        return;
      case 3:
        call.mode = static_cast<std::uint16_t>(random.next());
        return;
      default:
        range(call);
    }
  }
  void operator()(spec::SetMempolicy& call) const {
    if (random.percent(50)) {
      call.nodes = random.below(spec::kNodesMask + 1);
    } else {
      call.mode_flags = random.next() >> random.below(64);
    }
  }
  void operator()(spec::SetVmaName& call) const {
    if (random.percent(50)) {
      call.name = odd_vma_name(random);
    } else {
      range(call);
    }
  }
  void operator()(spec::Msync& call) const {
    if (random.percent(40)) {
      call.flags = random.percent(60) ? random.below(16) : random.next();
    } else {
      range(call);
    }
  }
  void operator()(spec::AddSeals& call) const {
    switch (random.below(3)) {
      case 0:
        call.file = {};
        return;
      case 1:
        call.file.cls = spec::FileClass::kFileReadOnly;
        return;
      default:
        call.seals = random.below(256);
    }
  }
  void operator()(spec::ProcessMadvise& call) const {
    switch (random.below(4)) {
      case 0:
        call.flags = random.next() >> random.below(64);
        return;
      case 1:
        call.advice = wild_advice(random);
        return;
      case 2:
        // An empty range, which may be at an odd place, or one that nobody has.
        call.length = random.percent(60) ? 0 : std::uint64_t{1} << 63;
        call.addr += random.percent(50) ? 0 : 1 + random.below(spec::kPageSize - 1);
        return;
      default:
        call.second_addr += 1 + random.below(spec::kPageSize - 1);
    }
  }
  void operator()(spec::Setrlimit& call) const { call.limit = random.next() >> random.below(64); }
  void operator()(spec::Brk& call) const { call.addr = wild_address(call.addr, random, setup); }
  void operator()(spec::Prctl& call) const {
    const std::uint64_t value = random.percent(50) ? 1 : random.next();
    switch (random.below(4)) {
      case 0:
        call.arg2 = value;
        return;
      case 1:
        call.arg3 = value;
        return;
      case 2:
        call.arg4 = value;
        return;
      default:
        call.arg5 = value;
    }
  }

  template <typename Call>
  void operator()(Call& call) const {
    if constexpr (requires { call.length; }) range(call);
  }

 private:
  [[nodiscard]] std::int32_t wild_pkey() const {
    constexpr std::array<std::int32_t, 6> kKeys{-2, 0, 15, 16, 17, 0x7fffffff};
    return random.of(kKeys);
  }
  void range_or_flags(auto& call) const {
    if (random.percent(30)) {
      call.flags = std::uint64_t{1} << random.below(64);
    } else {
      range(call);
    }
  }
  /// Marks, or none.
  void mark(auto& call) const {
    switch (random.below(4)) {
      case 0:
        call.mode = random.percent(60) ? random.below(4) : std::uint64_t{1} << random.below(64);
        return;
      case 1:
        call.userfaultfd = random.below(8);
        return;
      default:
        range(call);
    }
  }
  void range(auto& call) const {
    if (random.percent(50)) {
      call.addr = wild_address(call.addr, random, setup);
    } else {
      call.length = wild_length(call.length, random, setup);
    }
  }
};

}  // namespace

bool fits_driver(const spec::Mmap& call, std::uint64_t driver_pages) {
  const bool is_driver = call.file.cls == spec::FileClass::kPfnmap ||
                         call.file.cls == spec::FileClass::kPreparedPfnmap;
  if (!is_driver || (call.flags & spec::kMapAnonymous) != 0) return true;
  const std::uint64_t bytes = driver_pages << spec::kPageShift;
  return call.offset <= bytes && call.length <= bytes - call.offset;
}

void tame(spec::Syscall& call, std::uint64_t driver_pages) {
  if (auto* mmap = std::get_if<spec::Mmap>(&call)) {
    if (driver_pages != 0 && !fits_driver(*mmap, driver_pages)) {
      mmap->offset = 0;
      mmap->length = std::min(mmap->length, spec::kPageSize);
    }
    if (mmap->length > spec::kTouchBytesMax) mmap->flags &= ~spec::kMapPopulate;
  } else if (auto* mremap = std::get_if<spec::Mremap>(&call)) {
    // KSM that is turned off walks every page of private memory: seconds for some hundred GiB.
    if (mremap->new_length > kMovedBytesMax && mremap->new_length < kAbsurdBytes) {
      mremap->new_length %= kMovedBytesMax;
    }
  } else if (auto* remap = std::get_if<spec::RemapFilePages>(&call)) {
    const std::uint64_t pages = remap->length >> spec::kPageShift;
    if (driver_pages != 0 && (pages > driver_pages || remap->pgoff > driver_pages - pages)) {
      remap->pgoff = 0;
    }
  } else if (auto* writes = std::get_if<spec::UffdWriteprotect>(&call)) {
    if (writes->length > spec::kTouchBytesMax) writes->length = spec::kPageSize;
  } else if (auto* accesses = std::get_if<spec::UffdRwprotect>(&call)) {
    if (accesses->length > spec::kTouchBytesMax) accesses->length = spec::kPageSize;
  } else if (auto* madvise = std::get_if<spec::Madvise>(&call)) {
    const bool needs_pages = madvise->advice == spec::kMadvPopulateRead ||
                             madvise->advice == spec::kMadvPopulateWrite ||
                             madvise->advice == spec::kMadvGuardInstall;
    if (needs_pages && madvise->length > spec::kTouchBytesMax) madvise->length = spec::kPageSize;
  } else if (auto* self = std::get_if<spec::ProcessMadvise>(&call)) {
    const bool needs_pages = self->advice == spec::kMadvPopulateRead ||
                             self->advice == spec::kMadvPopulateWrite ||
                             self->advice == spec::kMadvGuardInstall;
    for (Address* length : {&self->length, &self->second_length}) {
      if (needs_pages && *length > spec::kTouchBytesMax && *length >> 63 == 0)
        *length = spec::kPageSize;
    }
  }
}

void make_wild(spec::Syscall& call, Random& random, const spec::Setup& setup) {
  std::visit(MakeWild{random, setup}, call);
}

}  // namespace vmadiff::properties
