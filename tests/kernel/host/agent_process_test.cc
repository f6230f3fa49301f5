// tests of kernel: the agent as a process: its image, its filter, its deaths.
#include "kernel/host/agent_process.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "kernel/host/agent_image.h"
#include "kernel/host/host.h"
#include "kernel/host/proc_text.h"
#include "kernel/host/program.h"

namespace vmadiff::kernel {
namespace {

TEST(AgentImage, IsLinkedWhereTheProtocolSays) {
  const auto image = agent_image();
  Elf64_Ehdr header;
  ASSERT_GE(image.size(), sizeof(header));
  std::memcpy(&header, image.data(), sizeof(header));
  EXPECT_EQ(header.e_type, ET_EXEC);
  std::vector<Elf64_Phdr> loads;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, image.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type == PT_LOAD) loads.push_back(segment);
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_TLS));
    EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_INTERP));
  }
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0].p_vaddr, kTextStart);
  EXPECT_EQ(loads[0].p_vaddr + loads[0].p_memsz, kTextEnd);
  EXPECT_EQ(loads[0].p_flags, static_cast<Elf64_Word>(PF_R | PF_X));
  EXPECT_EQ(loads[1].p_vaddr, kTextEnd);
  EXPECT_EQ(loads[1].p_vaddr + loads[1].p_memsz, kDataEnd);
  EXPECT_EQ(loads[1].p_filesz, loads[1].p_memsz) << "a tail without file would be anonymous";
}

class AgentProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto found = probe_host(); !found.can_run) GTEST_SKIP() << found.why_not;
    auto agent = AgentProcess::spawn(files_, {.patience = std::chrono::milliseconds{200}});
    ASSERT_TRUE(agent) << agent.error().fault.message;
    agent_ = std::move(*agent);
  }

  RunEnd run(std::initializer_list<Record> program) {
    std::ranges::copy(program, agent_->records().begin());
    return agent_->run(static_cast<std::uint32_t>(program.size()));
  }

  AgentFiles files_;
  std::unique_ptr<AgentProcess> agent_;
};

TEST_F(AgentProcessTest, RunsAProgramInOrder) {
  const auto end = run({system_call(kGive, 7), system_call(SYS_brk), system_call(kGive, 8)});
  EXPECT_EQ(end.kind, RunEnd::Kind::kDone);
  EXPECT_EQ(agent_->results()[0], 7U);
  EXPECT_EQ(agent_->results()[1], kDataEnd);
  EXPECT_EQ(agent_->results()[2], 8U);
}

TEST_F(AgentProcessTest, IsAnUnprivilegedProcessUnderItsFilter) {
  std::string buffer;
  const auto status = read_proc(agent_->status(), buffer);
  ASSERT_TRUE(status);
  for (const std::string_view line :
       {"\nTHP_enabled:\t0\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n", "\nThreads:\t1\n"})
    EXPECT_NE(status->find(line), std::string_view::npos) << line;
  // CAP_SYS_RESOURCE (bit 24) and CAP_SYS_PTRACE (19, for a userfaultfd's events on forks) may
  // stay, where we have them.
  EXPECT_TRUE(std::ranges::any_of(
      std::array<std::string, 4>{"0000000000000000", "0000000001000000", "0000000000080000",
                                 "0000000001080000"},
      [&](const std::string& bits) {
        return status->find("\nCapEff:\t" + bits + "\n") != std::string_view::npos;
      }));
}

TEST_F(AgentProcessTest, StopsWhereAResultMustBeAnother) {
  const auto end = run({must_give(7, system_call(kGive, 7)), must_give(7, system_call(kGive, 8)),
                        system_call(SYS_exit_group, 3)});
  EXPECT_EQ(end.kind, RunEnd::Kind::kStopped);
  EXPECT_EQ(end.index, 1U);
  EXPECT_TRUE(agent_->is_alive());
  EXPECT_EQ(run({system_call(kGive, 9)}).kind, RunEnd::Kind::kDone);
}

TEST_F(AgentProcessTest, TheFilterKillsWhatIsNoMemoryCall) {
  for (const long number : {SYS_getuid, SYS_openat, SYS_execve, SYS_socket, SYS_kill, SYS_fork}) {
    auto agent = AgentProcess::spawn(files_, {});
    ASSERT_TRUE(agent);
    agent_ = std::move(*agent);
    const auto end =
        run({system_call(kGive), system_call(static_cast<std::uint64_t>(number), 1), {}});
    EXPECT_EQ(end.kind, RunEnd::Kind::kDied) << number;
    EXPECT_EQ(end.index, 1U);
    EXPECT_EQ(end.death.how, "killed by SIGSYS (a call that the filter forbids)");
    EXPECT_FALSE(agent_->is_alive());
  }
}

TEST_F(AgentProcessTest, TheFilterLetsOnlyTheMergeOptionsOfPrctlThrough) {
  EXPECT_EQ(run({system_call(SYS_prctl, spec::kPrGetMemoryMerge)}).kind, RunEnd::Kind::kDone);
  constexpr std::uint64_t kPrSetName = 15;
  EXPECT_EQ(run({system_call(SYS_prctl, kPrSetName, kTextStart)}).kind, RunEnd::Kind::kDied);
}

TEST_F(AgentProcessTest, AHungAgentIsKilledAndNamed) {
  // It waits on a word that nobody will wake.
  const auto end = run({system_call(kGive),
                        system_call(SYS_futex, kWindowStart + kWindowSize - 8, FUTEX_WAIT, 0, 0)});
  EXPECT_EQ(end.kind, RunEnd::Kind::kDied);
  EXPECT_EQ(end.index, 1U);
  EXPECT_EQ(end.death.how, "hung: no progress in 200 ms, killed");
}

TEST_F(AgentProcessTest, ExitIsToldFromASignal) {
  const auto end = run({system_call(SYS_exit_group, 3)});
  EXPECT_EQ(end.kind, RunEnd::Kind::kDied);
  EXPECT_EQ(end.index, 0U);
  EXPECT_EQ(end.death.how, "exited with status 3");
}

}  // namespace
}  // namespace vmadiff::kernel
