// spec: the canonical set-up, and what it reserves.
#include "spec/setup.h"

#include <algorithm>

#include "spec/sequence.h"

namespace vmadiff::spec {
namespace {

// The agent's fixed places (kernel/agent's linker script says the same; a test holds them
// together).
constexpr Address kSharedStart = 0x10000000;
constexpr Address kSharedEnd = 0x10100000;
constexpr Address kTextStart = 0x20000000;
constexpr Address kTextEnd = 0x20010000;
constexpr Address kDataEnd = 0x20020000;

/// With an old size of 0 mremap maps what lies at the address a second time, in the new size.
Range duplicated(const Mremap& call) {
  const Address end = call.addr + std::max<Address>(call.new_length, 1);
  return {page_down(call.addr), end < call.addr ? ~Address{0} : end};
}

}  // namespace

Setup Setup::standard() {
  constexpr VmFlags kMay = kVmMayread | kVmMaywrite | kVmMayexec;
  Setup setup;
  setup.initial.vmas = {
      {kSharedStart,
       kSharedEnd,
       kVmRead | kVmWrite | kVmShared | kVmMayshare | kMay,
       0,
       {FileClass::kOther, 0},
       kNoAnonVma,
       0},
      {kTextStart, kTextEnd, kVmRead | kVmExec | kMay, 0, {FileClass::kOther, 1}, kNoAnonVma, 0},
      {kTextEnd,
       kDataEnd,
       kVmRead | kVmWrite | kVmAccount | kMay,
       0x10,
       {FileClass::kOther, 1},
       kNoAnonVma,
       0},
  };
  setup.start_brk = kDataEnd;
  setup.initial.brk = kDataEnd;
  setup.initial.counters = {.map_count = 3,
                            .total_vm = 0x120,
                            .locked_vm = 0,
                            .data_vm = 0x10,
                            .stack_vm = 0,
                            .exec_vm = 0x10};
  for (const Vma& vma : setup.initial.vmas) setup.reserved.push_back(vma.range());
  return setup;
}

bool touches_reserved(const Setup& setup, const Step& step) {
  auto [first, second] = named_ranges(step.call);
  if (const auto* mremap = std::get_if<Mremap>(&step.call);
      mremap != nullptr && mremap->length == 0)
    first = duplicated(*mremap);
  return std::ranges::any_of(setup.reserved, [&](const Range& reserved) {
    return (first && first->overlaps(reserved)) || (second && second->overlaps(reserved));
  });
}

}  // namespace vmadiff::spec
