// tests of kernel: a kernel in a virtual machine. They need QEMU and the kernel debian-6.12 in the
// cache (vmadiff kernels fetch debian-6.12), and skip without.
#include "kernel/machine/guest.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernel/store/kernel_store.h"
#include "spec/trace_text.h"

namespace vmadiff::kernel {
namespace {

spec::Sequence sequence_of(std::string_view text) {
  const auto parsed = spec::parse_trace(text);
  for (const auto& error : parsed.errors) ADD_FAILURE() << spec::text("trace", error);
  return parsed.trace.sequence;
}

std::string results(spec::System& system, const spec::Sequence& sequence) {
  std::vector<spec::Outcome> outcomes;
  system.apply_all(sequence, outcomes);
  std::string out;
  for (const auto& outcome : outcomes) out += text(outcome) + "\n";
  return out;
}

std::string layout(spec::System& system, spec::ProcessId process = 0) {
  spec::Snapshot now;
  const auto read = system.snapshot(process, now);
  if (!read) return read.error().message;
  std::string lines;
  for (const auto& vma : now.vmas) {
    if (vma.file.cls != spec::FileClass::kOther) lines += text(vma) + "\n";
  }
  return lines;
}

std::vector<spec::Announced> in_setup(const spec::Setup& setup,
                                      const std::vector<spec::Sequence>& sequences) {
  std::vector<spec::Announced> announced;
  for (const spec::Sequence& sequence : sequences) announced.push_back({&setup, &sequence});
  return announced;
}

constexpr std::string_view kTwoMappings =
    "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n";
constexpr std::string_view kTwoResults = "0x100000000000\n0x100000001000\n";
constexpr std::string_view kOneVma = "100000000000-100000002000 r--p 00000000 anon [rd mr mw me]\n";

/// How many regular files the guest of these options has; the reason where it has none.
std::string files_of(const GuestOptions& options) {
  const auto guest = Guest::boot(options);
  if (!guest) return guest.error().message;
  const auto& has = guest->capabilities();
  const auto count = has.file_counts[static_cast<std::size_t>(spec::FileClass::kFile)];
  if (count != 0) return std::to_string(count);
  for (const std::string& note : has.file_notes) {
    if (note.starts_with("file: ")) return note;
  }
  return "no reason";
}

// Without modules there is no driver for virtio's disk: it is there as NVMe, too. Without that,
// there are no regular files, and it is said.
TEST(Guest, HasRegularFilesWithoutItsModules) {
  if (const auto reason = why_no_guests()) GTEST_SKIP() << *reason;
  const auto kernel = find_kernel("debian-6.12");
  if (!kernel) GTEST_SKIP() << kernel.error();
  std::string directory = (std::filesystem::temp_directory_path() / "vmadiff-test-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto alone = (std::filesystem::path{directory} / "bzImage").string();
  std::filesystem::copy_file(*kernel, alone);
  EXPECT_EQ(files_of({.kernel = alone, .append = {}}), std::to_string(spec::kFilesPerClass));
  EXPECT_EQ(
      files_of({.kernel = alone, .append = "initcall_blacklist=nvme_init"}),
      "file: its kernel needs ext4 and virtio_blk, built in or as modules of its own version in "
      "../lib/modules, or NVMe built in instead of virtio_blk");
  std::filesystem::remove_all(directory);
}

// One machine for all that does not end it.
TEST(Guest, RunsCallsAndShowsLayouts) {
  if (const auto reason = why_no_guests()) GTEST_SKIP() << *reason;
  const auto kernel = find_kernel("debian-6.12");
  if (!kernel) GTEST_SKIP() << kernel.error();
  auto guest = Guest::boot({.kernel = kernel->string(), .append = {}});
  ASSERT_TRUE(guest) << guest.error().message;
  EXPECT_TRUE(guest->capabilities().can_run) << guest->capabilities().why_not;
  EXPECT_EQ(guest->capabilities().unmodelled, "");
  EXPECT_TRUE(guest->capabilities().ksm) << guest->capabilities().ksm_note;
  EXPECT_TRUE(guest->capabilities().release.starts_with("6.12."));
  // Root in a machine of its own has all the files that can be had.
  for (const auto cls : {spec::FileClass::kMemfd, spec::FileClass::kFile, spec::FileClass::kZero,
                         spec::FileClass::kHugetlb}) {
    EXPECT_EQ(guest->capabilities().file_counts[static_cast<std::size_t>(cls)],
              spec::kFilesPerClass)
        << name(cls);
  }
  const spec::Setup setup = guest->setup();
  const auto system = std::move(*guest).into_system("guest");

  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of(kTwoMappings)), kTwoResults);
  EXPECT_EQ(layout(*system), kOneVma);

  // Call by call, with a second process, which is looked at before and after it has run.
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(layout(*system), "");
  for (const auto& step : sequence_of(std::string{kTwoMappings} + "fork()\n"))
    EXPECT_TRUE(system->apply(step.process, step.call).is_ok());
  EXPECT_EQ(layout(*system, 1), kOneVma);
  EXPECT_EQ(text(system->apply(1, spec::Munmap{0x100000000000, 0x1000})), "0");
  EXPECT_EQ(layout(*system, 1), "100000001000-100000002000 r--p 00000000 anon [rd mr mw me]\n");
  EXPECT_EQ(layout(*system, 0), kOneVma);
  EXPECT_EQ(layout(*system, 2), "") << "a process that is not there";

  // In one go, with a look behind each call: the same as call by call.
  const auto looked =
      sequence_of(std::string{kTwoMappings} +
                  "fork() = 1\n[pid 1] munmap(0x100000000000, 0x1000)\n"
                  "mprotect(0x100000000000, 0x1000, PROT_NONE)\nmunmap(0x1, 0x1000)\n");
  std::vector<spec::Outcome> given;
  std::vector<spec::Outcome> expected;
  std::vector<spec::Snapshot> states;
  std::vector<spec::Snapshot> expected_states;
  ASSERT_TRUE(system->start(setup));
  ASSERT_TRUE(system->apply_and_look(looked, given, states));
  EXPECT_EQ(layout(*system, 1), "100000001000-100000002000 r--p 00000000 anon [rd mr mw me]\n");
  ASSERT_TRUE(system->start(setup));
  ASSERT_TRUE(system->spec::System::apply_and_look(looked, expected, expected_states));
  EXPECT_EQ(given, expected);
  ASSERT_EQ(states.size(), looked.size() + 1);
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(states[i].vmas, expected_states[i].vmas) << i;
    EXPECT_EQ(states[i].counters, expected_states[i].counters) << i;
    EXPECT_EQ(states[i].brk, expected_states[i].brk) << i;
  }
  EXPECT_GT(system->bare_time().count(), 0);

  // Sent ahead: the second is left out, and what was not announced is run all the same.
  const std::vector<spec::Sequence> announced{sequence_of(kTwoMappings),
                                              sequence_of("munmap(0x100000000000, 0)\n"),
                                              sequence_of("brk(0)\nbrk(0x20021000)\n")};
  system->will_run(in_setup(setup, announced));
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, announced[0]), kTwoResults);
  EXPECT_EQ(layout(*system), kOneVma);
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, announced[2]), "0x20020000\n0x20021000\n");
  EXPECT_EQ(layout(*system), "20020000-20021000 rw-p 00000000 anon [rd wr mr mw me ac]\n");
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of("munmap(0x1, 0x1000)\n")), "-1 EINVAL\n");

  // What goes on behind a program that was sent ahead goes on from there, not from where the
  // machine has got to.
  const std::vector<spec::Sequence> ahead{
      sequence_of("brk(0)\n"),
      sequence_of(std::string{kTwoMappings} + "mmap(0x100000008000, 0x1000, PROT_READ, "
                                              "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
                                              "0)\n")};
  system->will_run(in_setup(setup, ahead));
  ASSERT_TRUE(system->start(setup));
  EXPECT_TRUE(system->apply(0, spec::Brk{0}).is_ok());
  EXPECT_EQ(results(*system, sequence_of(kTwoMappings)), kTwoResults);
  EXPECT_EQ(layout(*system), kOneVma);

  // A map count limit of a sequence's own, for as long as that is asked for.
  const std::vector<spec::Sequence> two{
      sequence_of("mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
                  "-1, 0)\n"
                  "mmap(0x100000002000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
                  "-1, 0)\n")};
  spec::Setup limited = setup;
  limited.max_map_count = setup.initial.counters.map_count;
  const std::vector<spec::Announced> in_both{{&limited, &two.front()}, {&setup, &two.front()}};
  for (const bool is_ahead : {false, true}) {
    if (is_ahead) system->will_run(in_both);
    ASSERT_TRUE(system->start(limited));
    EXPECT_EQ(results(*system, two.front()), "0x100000000000\n-1 ENOMEM\n");
    ASSERT_TRUE(system->start(setup));
    EXPECT_EQ(results(*system, two.front()), "0x100000000000\n0x100000002000\n");
  }

  // Looked at first, and then call by call.
  ASSERT_TRUE(system->start(limited));
  EXPECT_EQ(layout(*system), "");
  EXPECT_TRUE(system->apply(0, two.front()[0].call).is_ok());
  EXPECT_EQ(text(system->apply(0, two.front()[1].call)), "-1 ENOMEM");

  // What stays committed: nothing, but for what a stack that is not charged grows by. Seen of what
  // was sent ahead, and call by call.
  const auto left = [&](const spec::Sequence& sequence) {
    EXPECT_TRUE(system->start(setup));
    EXPECT_EQ(layout(*system), "");
    for (const auto& step : sequence) EXPECT_TRUE(system->apply(step.process, step.call).is_ok());
    return system->left_committed().value();
  };
  const auto plain = sequence_of(
      "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "mmap(0x200000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "touch(0x100000000000, 0x4000, WRITE)\ntouch(0x200000000000, 0x4000, WRITE)\nfork()\n");
  const auto grown = sequence_of(
      "mmap(0x100000008000, 0x1000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE|MAP_GROWSDOWN, -1, 0)\n"
      "touch(0x100000005000, 0x1000, WRITE)\n");
  EXPECT_TRUE(system->observes().committed);
  EXPECT_EQ(left(plain), 0);
  EXPECT_EQ(left(grown), 3);
  EXPECT_EQ(left(plain), 0) << "it is not the next one's";
  const std::vector ahead_of_left{plain, grown, plain};
  system->will_run(in_setup(setup, ahead_of_left));
  for (const auto& [sequence, pages] :
       {std::pair{&plain, 0}, std::pair{&grown, 3}, std::pair{&plain, 0}}) {
    ASSERT_TRUE(system->start(setup));
    EXPECT_FALSE(results(*system, *sequence).contains("-1"));
    EXPECT_EQ(system->left_committed().value(), pages);
  }

  // What nobody will ask about is not found out, and not blamed on the next one.
  system->ask_what_is_left(false);
  const std::vector<spec::Sequence> ahead_unasked{grown};
  system->will_run(in_setup(setup, ahead_unasked));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(system->start(setup));
    EXPECT_FALSE(results(*system, grown).contains("-1"));
    EXPECT_FALSE(system->left_committed().value());
  }
  system->ask_what_is_left(true);
  EXPECT_EQ(left(plain), 0);
  EXPECT_EQ(left(grown), 3);

  // A pool of huge pages, as the set-up says: seen, and what is left in it. What the kernel keeps
  // reserved for good is made up for.
  auto pooled = setup;
  pooled.nr_hugepages = 2;
  const auto forgetful = sequence_of(
      "mmap(0x100000000000, 0x400000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_HUGETLB, -1, 0)\n"
      "touch(0x100000200000, 0x1000, WRITE)\n"
      "mremap(0x100000200000, 0x200000, 0x200000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000800000)\n");
  system->ask_what_is_left(false);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(system->start(pooled));
    EXPECT_FALSE(results(*system, forgetful).contains("-1"));
  }
  system->ask_what_is_left(true);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(system->start(pooled));
    for (const auto& step : forgetful) EXPECT_TRUE(system->apply(0, step.call).is_ok());
    spec::Snapshot seen;
    ASSERT_TRUE(system->snapshot(0, seen));
    EXPECT_EQ(seen.huge_pages, (spec::HugePages{.free = 1, .reserved = 1, .surplus = 0}));
    EXPECT_EQ(system->left_in_pool().value(),
              (spec::HugePages{.free = 0, .reserved = 1, .surplus = 0}));
  }

  // An agent that dies is no machine that dies.
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of("munmap(0x20000000, 0x1000)\n")), "died\n");
  EXPECT_EQ(system->death_log(), "");
  EXPECT_FALSE(system->left_committed().value()) << "nobody is there who could say";
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of(kTwoMappings)), kTwoResults);
}

TEST(Guest, AMachineThatDiesIsReplacedAndItsCallIsNamed) {
  if (const auto reason = why_no_guests()) GTEST_SKIP() << *reason;
  const auto kernel = find_kernel("debian-6.12");
  if (!kernel) GTEST_SKIP() << kernel.error();
  // madvise(…, MADV_COLD)
  auto guest = Guest::boot({.kernel = kernel->string(), .append = "vmadiff.crash_on=28,20"});
  ASSERT_TRUE(guest) << guest.error().message;
  const spec::Setup setup = guest->setup();
  const auto system = std::move(*guest).into_system("guest");
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of(std::string{kTwoMappings} +
                                         "madvise(0x100000000000, 0x1000, MADV_COLD)\n"
                                         "munmap(0x100000000000, 0x1000)\n")),
            std::string{kTwoResults} + "died\ndied\n");
  EXPECT_EQ(system->death_note(), "Kernel panic - not syncing: sysrq triggered crash");
  EXPECT_NE(system->death_log().find("sysrq_handle_crash"), std::string_view::npos)
      << system->death_log();
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(results(*system, sequence_of(kTwoMappings)), kTwoResults);

  // With a look behind each call it is the same one.
  std::vector<spec::Outcome> outcomes;
  std::vector<spec::Snapshot> states;
  ASSERT_TRUE(system->start(setup));
  ASSERT_TRUE(system->apply_and_look(
      sequence_of(std::string{kTwoMappings} + "madvise(0x100000000000, 0x1000, MADV_COLD)\n"
                                              "munmap(0x100000000000, 0x1000)\n"),
      outcomes, states));
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_TRUE(outcomes.back().is_death());
  EXPECT_EQ(outcomes[1], spec::Outcome::ok(0x100000001000));
  ASSERT_GE(states.size(), 3U);
  EXPECT_EQ(states[2].vmas.size(), setup.initial.vmas.size() + 1);
}

TEST(Guest, WhatIsNoKernelDoesNotBoot) {
  if (const auto reason = why_no_guests()) GTEST_SKIP() << *reason;
  const auto guest = Guest::boot({.kernel = "/dev/null", .append = {}});
  ASSERT_FALSE(guest);
  EXPECT_NE(guest.error().message.find("/dev/null does not boot"), std::string::npos)
      << guest.error().message;
}

}  // namespace
}  // namespace vmadiff::kernel
