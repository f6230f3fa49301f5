// tests of reports: findings made by hand.
#include "sample_finding.h"

namespace vmadiff::tests {
namespace {

using spec::Outcome;

constexpr spec::Address kSampleArena = 0x100000000000;
constexpr spec::VmFlags kPrivateMergeable =
    spec::kVmDataDefaultFlags | spec::kVmAccount | spec::kVmMergeable;

spec::Step map_anonymous(spec::Address at, spec::Address length) {
  return {.process = 0,
          .call = spec::Mmap{.addr = at,
                             .length = length,
                             .prot = spec::kProtRead | spec::kProtWrite,
                             .flags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
                             .file = {},
                             .offset = 0},
          .expected = Outcome::ok(at)};
}

spec::Vma sample_anonymous(spec::Address start, spec::Address end) {
  return {start, end, kPrivateMergeable, start >> spec::kPageShift, {}, spec::kNoAnonVma, 0};
}

constexpr spec::Observes kHostSees{.vm_flags = true,
                                   .anon_pgoff = false,
                                   .anon_vma = false,
                                   .counters = false,
                                   .counter_sums = true,
                                   .brk_and_merge = false};

}  // namespace

properties::Finding left_unmerged() {
  properties::Finding finding;
  finding.claim = "SystemsAgreeOnLayout";
  finding.explanation =
      "VMA 100000000000-100000004000: end is 100000004000, expected; it is "
      "100000002000 on the host";
  finding.fingerprint = "SystemsAgreeOnLayout mmap end";
  finding.profile = "linux-6.18";
  finding.setup = spec::Setup::standard();
  finding.sequence = {{.process = 0, .call = spec::Prctl{.arg2 = 1}, .expected = Outcome::ok(0)},
                      map_anonymous(kSampleArena, 0x2000),
                      map_anonymous(kSampleArena + 0x2000, 0x2000)};
  finding.step = 2;
  spec::Snapshot merged = finding.setup.initial;
  spec::Snapshot apart = finding.setup.initial;
  merged.vmas.push_back(sample_anonymous(kSampleArena, kSampleArena + 0x4000));
  apart.vmas.push_back(sample_anonymous(kSampleArena, kSampleArena + 0x2000));
  apart.vmas.push_back(sample_anonymous(kSampleArena + 0x2000, kSampleArena + 0x4000));
  merged.counters.map_count = 4;
  apart.counters.map_count = 5;
  finding.views = {{"model", Outcome::ok(kSampleArena + 0x2000), merged, {}},
                   {"host", Outcome::ok(kSampleArena + 0x2000), apart, kHostSees}};
  finding.run_seed = 0x2a;
  finding.sequence_seed = 0x1f;
  finding.shrinks = 7;
  return finding;
}

properties::Finding ineligible_mergeable() {
  properties::Finding finding;
  finding.claim = "OnlyEligibleVmasAreMergeable";
  finding.explanation = "a VMA with VM_PFNMAP is VM_MERGEABLE";
  finding.fingerprint = "OnlyEligibleVmasAreMergeable mmap pfnmap";
  finding.profile = "patch-v2";
  finding.setup = spec::Setup::standard();
  finding.sequence = {{.process = 0, .call = spec::Prctl{.arg2 = 1}, .expected = Outcome::ok(0)},
                      {.process = 0,
                       .call = spec::Mmap{.addr = kSampleArena,
                                          .length = 0x1000,
                                          .prot = spec::kProtRead,
                                          .flags = spec::kMapPrivate | spec::kMapFixed,
                                          .file = {spec::FileClass::kPfnmap, 0},
                                          .offset = 0},
                       .expected = Outcome::ok(kSampleArena)}};
  finding.step = 1;
  spec::Snapshot after = finding.setup.initial;
  after.vmas.push_back({kSampleArena,
                        kSampleArena + 0x1000,
                        spec::kVmRead | spec::kVmMayread | spec::kVmPfnmap | spec::kVmMergeable,
                        0,
                        {spec::FileClass::kPfnmap, 0},
                        spec::kNoAnonVma,
                        0});
  finding.views = {{"impl", Outcome::ok(kSampleArena), after, {}}};
  return finding;
}

}  // namespace vmadiff::tests
