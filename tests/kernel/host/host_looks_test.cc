// tests of kernel: an agent that looks at itself between its calls sees what is seen from outside.
#include <sys/syscall.h>

#include <vector>

#include "host_fixture.h"
#include "kernel/host/agent_session.h"
#include "kernel/host/program.h"

namespace vmadiff::kernel {
namespace {

constexpr spec::Address kPlace = 0x100000000000;

Record maps(spec::Address at, std::uint64_t prot) {
  return system_call(SYS_mmap, at, 4 * spec::kPageSize, prot,
                     spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed, ~std::uint64_t{0},
                     0);
}

/// Every kind of thing that a look shows, and a call that fails.
std::vector<Record> all_kinds() {
  return {maps(kPlace, spec::kProtRead | spec::kProtWrite),
          system_call(SYS_brk, 0x20030000),
          system_call(SYS_prctl, spec::kPrSetMemoryMerge, 1),
          system_call(SYS_mlock, kPlace, spec::kPageSize),
          system_call(SYS_mprotect, kPlace + spec::kPageSize, spec::kPageSize, spec::kProtNone),
          system_call(SYS_munmap, 1, spec::kPageSize),
          system_call(SYS_mmap, 0, spec::kPageSize, spec::kProtRead,
                      spec::kMapShared | spec::kMapAnonymous, ~std::uint64_t{0}, 0),
          system_call(kTouchWrite, kPlace, 1),
          system_call(SYS_munmap, kPlace, 4 * spec::kPageSize)};
}

void expect_same(const spec::Snapshot& one, const spec::Snapshot& other, std::size_t looks) {
  EXPECT_EQ(one.vmas, other.vmas) << looks;
  EXPECT_EQ(one.counters, other.counters) << looks;
  EXPECT_EQ(one.brk, other.brk) << looks;
  EXPECT_EQ(one.merge_any, other.merge_any) << looks;
}

class HostLooks : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    auto opened = AgentSession::open({});
    ASSERT_TRUE(opened) << opened.error().message;
    session_ = *std::move(opened);
  }

  /// What is seen from outside, call by call.
  void expect_as_from_outside(const std::vector<Record>& records) {
    ASSERT_TRUE(session_->begin());
    std::vector<std::uint64_t> results;
    std::vector<spec::Snapshot> states;
    const auto ran = session_->run_and_look({.records = records}, results, states);
    ASSERT_TRUE(ran) << ran.error().message;
    ASSERT_TRUE(*ran) << "the agent did not look at itself";
    EXPECT_EQ(**ran, (Session::Run{.done = static_cast<std::uint32_t>(records.size()),
                                   .died = false,
                                   .how_died = {},
                                   .setback = {}}));
    ASSERT_EQ(results.size(), records.size());
    ASSERT_TRUE(session_->begin());
    spec::Snapshot now;
    ASSERT_TRUE(session_->snapshot(0, now));
    expect_same(states[0], now, 0);
    std::vector<std::uint64_t> result;
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_TRUE(session_->run(std::span{records}.subspan(i, 1), result));
      ASSERT_TRUE(session_->snapshot(0, now));
      EXPECT_EQ(results[i], result.front()) << "call " << i;
      expect_same(states[i + 1], now, i + 1);
    }
  }

  std::unique_ptr<AgentSession> session_;
};

TEST_F(HostLooks, ShowWhatIsSeenFromOutside) {
  for (int i = 0; i < 3; ++i) expect_as_from_outside(all_kinds());
  EXPECT_EQ(session_->process_count(), 1U);
}

// Behind a reset that is an exec, by another's smaps than before; and with other files.
TEST_F(HostLooks, AreOfTheMemoryThatIsThere) {
  const auto memfd = static_cast<std::uint64_t>(descriptor_of({spec::FileClass::kMemfd, 0}));
  constexpr std::uint64_t kShrink = 2;  // F_SEAL_SHRINK
  for (int i = 0; i < 3; ++i) {
    expect_as_from_outside({maps(kPlace, spec::kProtRead),
                            system_call(kSysMseal, kPlace, spec::kPageSize),
                            system_call(SYS_mprotect, kPlace, spec::kPageSize, spec::kProtNone)});
    expect_as_from_outside({system_call(SYS_fcntl, memfd, kAddSeals, kShrink),
                            system_call(SYS_mmap, kPlace, spec::kPageSize, spec::kProtRead,
                                        spec::kMapShared | spec::kMapFixed, memfd, 0)});
  }
  EXPECT_EQ(session_->process_count(), 1U);
}

// What is shown is held in memory: a long run goes in parts.
TEST_F(HostLooks, OfALongRunComeInParts) {
  std::vector<Record> records;
  constexpr std::size_t kCalls = 300;
  for (std::size_t i = 0; i < kCalls; ++i)
    records.push_back(maps(kPlace + i * 8 * spec::kPageSize, spec::kProtRead));
  expect_as_from_outside(records);
}

// Two processes are looked at from outside.
TEST_F(HostLooks, AreNotOfForksAndExecs) {
  std::vector<std::uint64_t> results;
  std::vector<spec::Snapshot> states;
  for (const std::uint32_t number : {kFork, kExec}) {
    ASSERT_TRUE(session_->begin());
    const auto ran = session_->run_and_look({.records = {system_call(number)}}, results, states);
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_FALSE(*ran) << number;
  }
}

// The look at the beginning and those behind calls are not among what is timed.
TEST_F(HostLooks, AreNotInTheBareTime) {
  std::vector<std::uint64_t> results;
  std::vector<spec::Snapshot> states;
  const auto bare_time_of = [&](auto run) {
    const auto before = session_->bare_time();
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(session_->begin());
      run();
    }
    return session_->bare_time() - before;
  };
  const Program program{.records = all_kinds()};
  const auto looking =
      bare_time_of([&] { EXPECT_TRUE(session_->run_and_look(program, results, states)); });
  EXPECT_GT(looking.count(), 0);
  const auto empty = bare_time_of([&] {
    EXPECT_TRUE(session_->run_and_look({.records = {system_call(kGive, 7)}}, results, states));
  });
  // A call that does nothing, with two looks around it.
  EXPECT_LT(empty, looking);
}

// A call that takes the agent's life is where it died, and what came before it is known.
TEST_F(HostLooks, ADeathIsTheCallsOwn) {
  ASSERT_TRUE(session_->begin());
  std::vector<std::uint64_t> results;
  std::vector<spec::Snapshot> states;
  auto records = std::vector{maps(kPlace, spec::kProtRead), maps(kPlace, spec::kProtWrite)};
  // A call that the filter forbids.
  records.push_back(system_call(SYS_getuid));
  records.push_back(maps(kPlace, spec::kProtRead));
  const auto ran = session_->run_and_look({.records = records}, results, states);
  ASSERT_TRUE(ran) << ran.error().message;
  ASSERT_TRUE(*ran);
  EXPECT_TRUE((*ran)->died);
  EXPECT_EQ((*ran)->done, 2U);
  EXPECT_TRUE((*ran)->how_died.contains("SIGSYS")) << (*ran)->how_died;
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(states[1].vmas.size(), session_->initial().vmas.size() + 1);
  EXPECT_EQ(states[2].vmas.size(), states[1].vmas.size());
  EXPECT_NE(states[2].vmas, states[1].vmas);
  // The next one lives, and looks.
  expect_as_from_outside(all_kinds());
}

}  // namespace
}  // namespace vmadiff::kernel
