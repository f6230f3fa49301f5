// properties: calls about huge pages.
#include "properties/generate/huge_calls.h"

#include <algorithm>
#include <array>

#include "properties/generate/sketch.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::kHugePageSize;

constexpr std::uint64_t kPlaces = 6;

Address place(Random& random) { return kArena + kHugePageSize * (1 + random.below(kPlaces)); }
Address length(Random& random) { return kHugePageSize * (1 + random.below(3)); }

std::uint64_t prot(Random& random) {
  if (random.percent(80)) return spec::kProtRead | spec::kProtWrite;
  return random.percent(70) ? spec::kProtRead : 0;
}

spec::Mmap mmap(Random& random, std::uint32_t files) {
  spec::Mmap call{.addr = place(random),
                  .length = length(random),
                  .prot = prot(random),
                  .flags = random.percent(45) ? spec::kMapShared : spec::kMapPrivate,
                  .file = {},
                  .offset = 0};
  if (random.percent(90)) {
    call.flags |= spec::kMapFixed;
  } else {
    call.addr = 0;
  }
  if (random.percent(20)) call.flags |= spec::kMapNoreserve;
  if (random.percent(12)) call.flags |= spec::kMapPopulate;
  if (random.percent(3)) call.flags |= spec::kMapLocked;
  if (files == 0 || random.percent(50)) {
    call.flags |= spec::kMapAnonymous | spec::kMapHugetlb;
    if (random.percent(3)) call.offset = kHugePageSize;
  } else {
    call.file = {spec::FileClass::kHugetlb,
                 static_cast<std::uint32_t>(random.below(std::min<std::uint32_t>(files, 2)))};
    call.offset = kHugePageSize * random.below(3);
  }
  return call;
}

spec::Touch touch(Random& random) {
  spec::Touch call{.addr = place(random),
                   .length = spec::kPageSize,
                   .access = random.percent(65) ? spec::Access::kWrite : spec::Access::kRead};
  if (random.percent(25)) call.addr += spec::kPageSize * random.below(512);
  if (random.percent(40)) call.length = length(random);
  return call;
}

spec::Madvise madvise(Random& random) {
  constexpr std::array<std::int32_t, 14> kAdvice{
      spec::kMadvDontneed,       spec::kMadvDontneed,      spec::kMadvDontneed,
      spec::kMadvDontneed,       spec::kMadvDontneed,      spec::kMadvRemove,
      spec::kMadvRemove,         spec::kMadvRemove,        spec::kMadvPopulateRead,
      spec::kMadvPopulateWrite,  spec::kMadvPopulateWrite, spec::kMadvDontfork,
      spec::kMadvDontneedLocked, spec::kMadvWillneed};
  spec::Madvise call{.addr = place(random), .length = length(random), .advice = random.of(kAdvice)};
  if (random.percent(8)) call.length -= spec::kPageSize * random.below(512);
  if (random.percent(4)) call.addr += spec::kPageSize * random.below(512);
  return call;
}

spec::Mremap mremap(Random& random) {
  const Address old_length = length(random);
  spec::Mremap call{.addr = place(random),
                    .length = old_length,
                    .new_length = old_length,
                    .flags = spec::kMremapMaymove | spec::kMremapFixed,
                    .new_addr = place(random)};
  if (random.percent(20)) call.new_length = length(random);
  if (random.percent(8)) call.length = 0;
  if (random.percent(10)) call.flags = 0;
  return call;
}

}  // namespace

spec::Syscall huge_call(Random& random, std::uint32_t files) {
  const auto kind = random.below(100);
  if (kind < 27) return mmap(random, files);
  if (kind < 57) return touch(random);
  if (kind < 66) return spec::Munmap{place(random), length(random)};
  if (kind < 77) return madvise(random);
  if (kind < 84) return spec::Fork{};
  if (kind < 87) return spec::Exit{};
  if (kind < 88) return spec::Exec{};
  if (kind < 94) return mremap(random);
  if (kind < 97) return spec::Mprotect{place(random), length(random), prot(random)};
  if (kind < 99) return spec::Mlock{place(random), length(random)};
  return spec::RemapFilePages{place(random), length(random), 0, 512 * random.below(3), 0};
}

}  // namespace vmadiff::properties
