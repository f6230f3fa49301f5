// tests of kernel: a sequence leaves nothing behind for the next.
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <vector>

#include "host_fixture.h"
#include "kernel/host/agent_session.h"
#include "kernel/host/program.h"

namespace vmadiff::kernel {
namespace {

class HostReset : public HostTest {
 protected:
  void expect_initial() {
    const auto now = snapshot();
    EXPECT_EQ(now.vmas, setup_.initial.vmas);
    EXPECT_EQ(now.counters, setup_.initial.counters);
    EXPECT_EQ(now.brk, setup_.initial.brk);
    EXPECT_FALSE(now.merge_any);
  }
};

TEST_F(HostReset, UndoesEveryKindOfRest) {
  for (const std::string_view nasty : {
           // Mappings in every gap between the agent's own.
           "mmap(0x10000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
           "mmap(0x10100000, 0x1000, PROT_READ, MAP_SHARED|MAP_FIXED, memfd:0, 0)\n"
           "mmap(0x1ffff000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
           "mmap(0x7fffffffe000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n",
           // A break that no brk can move back: its heap is gone.
           "brk(0x20030000)\nmunmap(0x20020000, 0x10000)\n",
           "brk(0x20030000)\nmunmap(0x2002f000, 0x1000)\n",
           // A heap with something else in it, and one that is not whole pages.
           "brk(0x20030000)\n"
           "mmap(0x20024000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, file:0, 0)\n",
           "brk(0x20020123)\n",
           "brk(0x20020001)\nmunmap(0x20020000, 0x1000)\n",
           // The flag, alone and with a heap.
           "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n",
           "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\nbrk(0x20030000)\n"
           "touch(0x20020000, 0x10000, WRITE)\nprctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)\n",
           "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\nbrk(0x20030000)\n",
           // A mapping right behind the data, where the heap would be.
           "mmap(0x20020000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n",
       }) {
    const auto results = run(nasty);
    EXPECT_EQ(results.find("died"), std::string::npos) << nasty;
    start();
    expect_initial();
  }
}

// A reset that fails is made good by a fresh process, which costs a hundred times as much.
TEST_F(HostReset, NeedsNoFreshProcess) {
  auto opened = AgentSession::open({});
  ASSERT_TRUE(opened) << opened.error().message;
  auto& session = **opened;
  const auto heap_end = setup_.start_brk + 0x10000;
  const Record program[] = {system_call(SYS_prctl, spec::kPrSetMemoryMerge, 1),
                            system_call(SYS_brk, heap_end),
                            system_call(SYS_munmap, setup_.start_brk, 0x10000)};
  std::vector<std::uint64_t> results;
  spec::Snapshot now;
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(session.begin());
    ASSERT_TRUE(session.run(program, results));
    EXPECT_EQ(results[1], heap_end);
  }
  ASSERT_TRUE(session.begin());
  ASSERT_TRUE(session.snapshot(0, now));
  EXPECT_EQ(now.vmas, session.initial().vmas);
  EXPECT_EQ(session.process_count(), 1U);
}

class HostRenewal : public HostReset {
 protected:
  /// How many processes it takes to run that three times; each time all is as in the beginning
  /// afterwards.
  std::uint64_t processes_for(const std::vector<Record>& program) {
    auto opened = AgentSession::open({});
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return 0;
    }
    auto& session = **opened;
    std::vector<std::uint64_t> results;
    std::vector<std::uint64_t> first;
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(session.begin());
      EXPECT_TRUE(session.run(program, results));
      if (i == 0) first = results;
      EXPECT_EQ(results, first);
      spec::Snapshot now;
      EXPECT_TRUE(session.begin());
      EXPECT_TRUE(session.snapshot(0, now));
      EXPECT_EQ(now.vmas, session.initial().vmas);
      EXPECT_EQ(now.counters, session.initial().counters);
      EXPECT_EQ(now.brk, session.initial().brk);
      EXPECT_FALSE(now.merge_any);
    }
    last_result_ = results.back();
    return session.process_count();
  }

  static constexpr spec::Address kPlace = 0x100000000000;
  static Record maps(std::uint64_t prot) {
    return system_call(SYS_mmap, kPlace, 4 * spec::kPageSize, prot,
                       spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed, ~std::uint64_t{0},
                       0);
  }
  static Record seals(std::uint64_t seals) {
    return system_call(SYS_fcntl,
                       static_cast<std::uint64_t>(descriptor_of({spec::FileClass::kMemfd, 0})),
                       kAddSeals, seals);
  }

  std::uint64_t last_result_ = 0;
};

// Its memory is new, by an exec: no process is.
TEST_F(HostRenewal, SealedMemoryGoesWithItsAddressSpace) {
  const auto program = std::vector{system_call(SYS_prctl, spec::kPrSetMemoryMerge, 1),
                                   system_call(SYS_brk, 0x20030000), maps(spec::kProtRead),
                                   system_call(kSysMseal, kPlace, spec::kPageSize)};
  EXPECT_EQ(processes_for(program), 1U);
}

TEST_F(HostRenewal, AKeyGoesWithItsAddressSpace) {
  EXPECT_EQ(processes_for({maps(spec::kProtExec)}), 1U);
}

// What moves away from locked memory can leave it locked in the books: that is looked at.
TEST_F(HostRenewal, LockedMemoryThatIsMovedAwayIsForgotten) {
  const auto program = std::vector{maps(spec::kProtRead | spec::kProtWrite),
                                   system_call(SYS_mlock, kPlace, spec::kPageSize),
                                   system_call(SYS_mremap, kPlace, spec::kPageSize, spec::kPageSize,
                                               spec::kMremapMaymove | spec::kMremapDontunmap)};
  EXPECT_EQ(processes_for(program), 1U);
}

// Seals cannot be undone: another file takes the place of the one that has them.
TEST_F(HostRenewal, SealsOfAFileCostNoProcess) {
  constexpr std::uint64_t kShrink = 2;  // F_SEAL_SHRINK
  constexpr std::uint64_t kWrite = 8;   // F_SEAL_WRITE
  // The first of each round finds a file without it.
  EXPECT_EQ(processes_for({seals(kShrink)}), 1U);
  EXPECT_EQ(last_result_, 0U);
  EXPECT_EQ(processes_for({seals(0)}), 1U);
  // In every process that is there, and behind an exec.
  const auto sealed = [](std::uint64_t how) {
    auto record = seals(how);
    record.process = 1;
    return record;
  };
  EXPECT_EQ(processes_for({system_call(kFork), sealed(kShrink), system_call(kExec), seals(kWrite)}),
            1U);
  EXPECT_EQ(last_result_, 0U);
}

// What takes a sealed file's place is known by its name, and is as long and as empty of seals.
TEST_F(HostReset, AFileThatWasSealedIsItselfAgain) {
  constexpr std::string_view kTrace =
      "mmap(0x200000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd:1, 0)\n"
      "touch(0x200000000000, 0x1000, WRITE)\n"
      "munmap(0x200000000000, 0x1000)\n"
      "add_seals(memfd:1, F_SEAL_WRITE)\n"
      "mmap(0x200000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd:1, 0)\n"
      "mmap(0x300000000000, 0x40000, PROT_READ, MAP_SHARED|MAP_FIXED, memfd:1, 0)\n"
      "touch(0x300000000000, 0x40000, READ)\n";
  const auto results = run(kTrace);
  EXPECT_TRUE(results.contains("EPERM")) << results;
  const auto seen = layout();
  for (int i = 0; i < 3; ++i) {
    start();
    EXPECT_EQ(run(kTrace), results);
    EXPECT_EQ(layout(), seen);
  }
}

// A child of the sequence before, which is at its end, no longer has the file: one with much memory
// takes its time, longer than a short sequence that comes between.
TEST_F(HostReset, NobodyOfTheSequencesBeforeHasAFileThatIsToBeSealed) {
  for (int i = 0; i < 10; ++i) {
    run("mmap(0x100000000000, 0x4000000, PROT_READ|PROT_WRITE, "
        "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
        "mmap(0x200000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd:0, 0)\n"
        "fork()\n"
        "fork()\n"
        "[pid 1] touch(0x100000000000, 0x4000000, WRITE)\n"
        "[pid 2] touch(0x100000000000, 0x4000000, WRITE)\n");
    start();
    if (i % 2 != 0) {
      run("brk(0)\n");
      start();
    }
    EXPECT_EQ(run("add_seals(memfd:0, F_SEAL_WRITE)\n"), "0\n") << i;
    start();
  }
}

TEST_F(HostRenewal, MdweCostsAProcessWhereItIsGiven) {
  constexpr std::uint64_t kRefuseExecGain = 1;
  const auto program = std::vector{system_call(SYS_prctl, spec::kPrSetMdwe, kRefuseExecGain)};
  const auto processes = processes_for(program);
  EXPECT_EQ(processes, last_result_ == 0 ? 4U : 1U);
  EXPECT_EQ(processes_for({system_call(SYS_prctl, spec::kPrSetMdwe, 1U << 20)}), 1U);
}

// What the calls take is less than all of it, and not nothing; the reset is not among them.
TEST_F(HostRenewal, TheBareTimeIsThatOfTheCalls) {
  auto opened = AgentSession::open({});
  ASSERT_TRUE(opened) << opened.error().message;
  auto& session = **opened;
  const auto before = session.bare_time();
  const auto began = std::chrono::steady_clock::now();
  const std::vector<Record> program{maps(spec::kProtRead), system_call(kFork), system_call(kExec)};
  std::vector<std::uint64_t> results;
  ASSERT_TRUE(session.begin());
  ASSERT_TRUE(session.run(program, results));
  const auto bare = session.bare_time() - before;
  EXPECT_GT(bare.count(), 0);
  EXPECT_LT(bare, std::chrono::steady_clock::now() - began);
}

TEST_F(HostReset, TheSameSequenceGivesTheSameTwice) {
  constexpr std::string_view kTrace =
      "brk(0x20030000)\n"
      "mmap(NULL, 0x400000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n"
      "mmap(NULL, 0x1000, PROT_READ, MAP_SHARED, memfd:0, 0)\n"
      "brk(0)\n";
  const auto results = run(kTrace);
  const auto seen = layout();
  start();
  EXPECT_EQ(run(kTrace), results);
  EXPECT_EQ(layout(), seen);
}

TEST_F(HostReset, ManyMappingsGoAtOnce) {
  spec::Sequence sequence;
  for (spec::Address i = 0; i < 5000; ++i) {
    sequence.push_back({0,
                        spec::Mmap{0x100000000000 + i * 0x2000,
                                   0x1000,
                                   spec::kProtRead,
                                   spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
                                   {},
                                   0},
                        std::nullopt});
  }
  std::vector<spec::Outcome> outcomes;
  host_->apply_all(sequence, outcomes);
  EXPECT_EQ(snapshot().vmas.size(), setup_.initial.vmas.size() + sequence.size());
  start();
  expect_initial();
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{}));
}

class RandomCalls {
 public:
  explicit RandomCalls(const HostCapabilities& capabilities) : capabilities_(capabilities) {}

  spec::Sequence operator()(std::size_t length) {
    spec::Sequence sequence;
    while (sequence.size() < length) sequence.push_back({0, call(), std::nullopt});
    return sequence;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  spec::Syscall call() {
    const spec::Address addr = 0x100000000000 + below(64) * spec::kPageSize;
    const spec::Address length = (1 + below(8)) * spec::kPageSize;
    switch (below(capabilities_.ksm ? 9 : 7)) {
      case 0:
      case 1:
        return spec::Mmap{addr,     length,
                          below(8), spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
                          {},       0};
      case 2: {
        const auto& classes = capabilities_.file_classes;
        const spec::FileId file{classes[below(classes.size())], 0};
        return spec::Mmap{below(2) * addr, length, below(4),
                          1 + below(2),    file,   below(70) * spec::kPageSize};
      }
      case 3:
        return spec::Munmap{addr, length};
      case 4:
        return spec::Mprotect{addr, length, below(8)};
      case 5:
        return spec::Brk{0x20020000 + below(0x20000)};
      case 6:
        return spec::Touch{addr, length,
                           below(2) != 0 ? spec::Access::kRead : spec::Access::kWrite};
      case 7:
        return spec::Prctl{spec::kPrSetMemoryMerge, below(2), 0, 0, 0};
      default:
        return spec::Madvise{addr, length, spec::kMadvMergeable + static_cast<int>(below(2))};
    }
  }

  const HostCapabilities& capabilities_;
  std::mt19937_64 random_{20250117};
};

TEST_F(HostReset, TenThousandRandomSequencesLeaveNothing) {
  RandomCalls random{capabilities_};
  const auto descriptors = open_descriptors();
  std::vector<spec::Outcome> outcomes;
  for (int i = 0; i < 10000; ++i) {
    start();
    host_->apply_all(random(20), outcomes);
    ASSERT_EQ(std::ranges::count(outcomes, spec::Outcome::died()), 0) << host_->death_note();
    if (i % 100 == 0) {
      start();
      expect_initial();
    }
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST_F(HostReset, AFreshProcessTakesOverAndLeaksNothing) {
  auto host = make_host({.timeout = std::chrono::seconds{10}, .sequences_per_process = 2});
  ASSERT_TRUE(host);
  host_ = std::move(*host);
  start();
  run("brk(0x20030000)\n");
  const auto descriptors = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    start();
    EXPECT_EQ(run("brk(0)\n"), "0x20020000\n");
    run("brk(0x20030000)\n");
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace vmadiff::kernel
