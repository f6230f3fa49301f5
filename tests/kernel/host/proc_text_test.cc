// tests of kernel: /proc text as the kernel writes it, and as it should not be.
#include "kernel/host/proc_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ranges>

#include "kernel/descriptor.h"
#include "spec/units.h"

namespace vmadiff::kernel {
namespace {

constexpr spec::Address kParsedTaskSize = 0x7ffffffff000;

constexpr std::string_view kSmaps =
    "100000000000-100000002000 rw-p 00000000 00:00 0 \n"
    "Size:                  8 kB\n"
    "THPeligible:           0\n"
    "VmFlags: rd wr mr mw me ac sd mg \n"
    "100000002000-100000003000 r--s 0001f000 00:01 77                 /memfd:vmadiff (deleted)\n"
    "Size:                  4 kB\n"
    "VmFlags: rd sh mr mw me ms \n"
    "100000004000-100000005000 rw-s 00000000 00:01 91                 /dev/zero (deleted)\n"
    "VmFlags: rd wr sh mr mw me ms \n"
    "100000006000-100000007000 rw-s 00000000 00:01 90                 /dev/zero (deleted)\n"
    "VmFlags: rd wr sh mr mw me ms \n"
    "100000008000-100000009000 rw-s 00001000 00:01 91                 /dev/zero (deleted)\n"
    "VmFlags: rd wr sh mr mw me ms \n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n"
    "VmFlags: ex \n";

const std::vector<KnownFile> kKnown{{{0, 1, 77}, {spec::FileClass::kMemfd, 3}}};

std::string parsed(std::string_view text) {
  std::vector<spec::Vma> vmas;
  AnonymousFiles anonymous_files;
  UnknownCodes unknown_codes;
  const auto done = parse_smaps(text, kKnown, kParsedTaskSize, anonymous_files, unknown_codes,
                                MayBeNamed::kYes, vmas);
  if (!done) return done.error().message;
  std::string lines;
  for (const auto& vma : vmas)
    lines += spec::text(vma) + " " + std::to_string(vma.file.number) + "\n";
  return lines;
}

TEST(ParseSmaps, ReadsRangesFlagsAndFiles) {
  EXPECT_EQ(parsed(kSmaps),
            "100000000000-100000002000 rw-p 00000000 anon [rd wr mr mw me ac mg] 0\n"
            "100000002000-100000003000 r--s 0001f000 memfd:3 [rd sh mr mw me ms] 3\n"
            "100000004000-100000005000 rw-s 00000000 anon-shared [rd wr sh mr mw me ms] 0\n"
            "100000006000-100000007000 rw-s 00000000 anon-shared [rd wr sh mr mw me ms] 1\n"
            "100000008000-100000009000 rw-s 00001000 anon-shared [rd wr sh mr mw me ms] 0\n");
}

TEST(ParseSmaps, ReadsNames) {
  EXPECT_EQ(parsed("1000-2000 rw-p 00000000 00:00 0                         [anon:Go: heap]\n"
                   "VmFlags: rd wr \n"
                   "2000-3000 rw-p 00000000 00:00 0                         [anon:]\n"
                   "VmFlags: rd wr \n"
                   "3000-4000 rw-s 00000000 00:01 5                         [anon_shmem:a]\n"
                   "VmFlags: rd wr sh \n"),
            "00001000-00002000 rw-p 00000000 anon [rd wr] [anon:Go: heap] 0\n"
            "00002000-00003000 rw-p 00000000 anon [rd wr] [anon:] 0\n"
            "00003000-00004000 rw-p 00000000 anon-shared [rd wr sh] [anon_shmem:a] 0\n");
}

TEST(ParseSmaps, TheHeapHidesItsName) {
  constexpr std::string_view kHeap = "1000-2000 rw-p 00000000 00:00 0 [heap]\nVmFlags: rd wr \n";
  for (const auto names : {MayBeNamed::kNo, MayBeNamed::kYes}) {
    std::vector<spec::Vma> vmas;
    AnonymousFiles anonymous_files;
    UnknownCodes unknown_codes;
    ASSERT_TRUE(
        parse_smaps(kHeap, kKnown, kParsedTaskSize, anonymous_files, unknown_codes, names, vmas));
    EXPECT_EQ(vmas[0].name.is_unseen(), names == MayBeNamed::kYes);
    EXPECT_EQ(vmas[0].name.is_none(), names == MayBeNamed::kNo);
  }
}

TEST(ParseSmaps, AnObjectKeepsItsNameFromSnapshotToSnapshot) {
  constexpr std::string_view kFirst =
      "1000-2000 rw-s 00000000 00:01 5 /dev/zero (deleted)\nVmFlags: rd wr sh \n";
  constexpr std::string_view kSecond =
      "3000-4000 rw-s 00000000 00:01 6 /dev/zero (deleted)\nVmFlags: rd wr sh \n";
  const std::string both = std::string{kFirst} + std::string{kSecond};
  std::vector<spec::Vma> vmas;
  AnonymousFiles anonymous_files;
  UnknownCodes unknown_codes;
  ASSERT_TRUE(parse_smaps(both, kKnown, kParsedTaskSize, anonymous_files, unknown_codes,
                          MayBeNamed::kYes, vmas));
  ASSERT_TRUE(parse_smaps(kSecond, kKnown, kParsedTaskSize, anonymous_files, unknown_codes,
                          MayBeNamed::kYes, vmas));
  EXPECT_EQ(vmas.at(0).file.number, 1U) << "the first is gone, the second is what it was";
}

TEST(ParseSmaps, SoftDirtyIsNoFlag) {
  std::vector<spec::Vma> vmas;
  AnonymousFiles anonymous_files;
  UnknownCodes unknown_codes;
  ASSERT_TRUE(parse_smaps(kSmaps, kKnown, kParsedTaskSize, anonymous_files, unknown_codes,
                          MayBeNamed::kYes, vmas));
  EXPECT_EQ(vmas[0].flags & spec::kVmSoftdirty, 0U);
}

TEST(ParseSmaps, VmPatIsNoFlagOfADriversMapping) {
  const auto flags = [](std::string_view codes) {
    std::string entry{kSmaps.substr(0, kSmaps.find("VmFlags:"))};
    entry += "VmFlags: " + std::string{codes} + "\n";
    std::vector<spec::Vma> vmas;
    AnonymousFiles anonymous_files;
    UnknownCodes unknown_codes;
    EXPECT_TRUE(parse_smaps(entry, kKnown, kParsedTaskSize, anonymous_files, unknown_codes,
                            MayBeNamed::kYes, vmas));
    return vmas.at(0).flags;
  };
  EXPECT_EQ(flags("rd pf io ar") & spec::kVmArch1, 0U);
  EXPECT_NE(flags("rd ar") & spec::kVmArch1, 0U);
}

TEST(ParseSmaps, AProtectionKeyIsPartOfTheFlags) {
  EXPECT_EQ(parsed("1000-2000 rw-p 00000000 00:00 0 \n"
                   "Size:                  4 kB\n"
                   "ProtectionKey:         5\n"
                   "VmFlags: rd wr \n"
                   "2000-3000 rw-p 00000000 00:00 0 \n"
                   "ProtectionKey:         0\n"
                   "VmFlags: rd wr \n"),
            "00001000-00002000 rw-p 00000000 anon [rd wr key=5] 0\n"
            "00002000-00003000 rw-p 00000000 anon [rd wr] 0\n");
}

TEST(ParseSmaps, ASegmentIsKnownByItsNumberAndHidesNoMemfdOfThatInode) {
  const std::vector<KnownFile> known{{{0, 1, 77}, {spec::FileClass::kMemfd, 3}},
                                     {{0, 0, 77}, spec::attachment(2, false, 0)}};
  std::vector<spec::Vma> vmas;
  AnonymousFiles anonymous_files;
  UnknownCodes unknown_codes;
  ASSERT_TRUE(
      parse_smaps("1000-2000 rw-s 00000000 00:01 77 /SYSV00000000 (deleted)\n"
                  "VmFlags: rd wr sh \n"
                  "2000-3000 rw-s 00000000 00:01 77 /memfd:vmadiff (deleted)\n"
                  "VmFlags: rd wr sh \n",
                  known, kParsedTaskSize, anonymous_files, unknown_codes, MayBeNamed::kNo, vmas));
  EXPECT_EQ(spec::text(vmas.at(0).file), "sysv:2");
  EXPECT_EQ(spec::text(vmas.at(1).file), "memfd:3");
}

TEST(ParseSmaps, NothingIsNoVma) { EXPECT_EQ(parsed(""), ""); }

TEST(ParseSmaps, AnUnknownFlagCodeIsNotedAndLeftOut) {
  std::vector<spec::Vma> vmas;
  AnonymousFiles anonymous_files;
  UnknownCodes unknown_codes;
  ASSERT_TRUE(parse_smaps("1000-2000 rw-p 00000000 00:00 0 \nVmFlags: rd qq ?\? wr \n", kKnown,
                          kParsedTaskSize, anonymous_files, unknown_codes, MayBeNamed::kYes, vmas));
  EXPECT_EQ(vmas.at(0).flags, spec::kVmRead | spec::kVmWrite);
  EXPECT_EQ(unknown_codes, (UnknownCodes{"??", "qq"}));
}

TEST(ParseSmaps, LockedMemoryOfAKernelWithoutACodeForLockonfaultHasIt) {
  EXPECT_EQ(parsed("1000-2000 rw-p 00000000 00:00 0 \nVmFlags: rd lo ?\? \n"),
            "00001000-00002000 r--p 00000000 anon [rd lo lf] 0\n");
}

TEST(ParseSmaps, AnUnknownFileIsNamed) {
  EXPECT_EQ(parsed("1000-2000 rw-p 00000000 08:01 5 /etc/passwd\nVmFlags: rd \n"),
            "smaps shows a mapping of '/etc/passwd' at 0x1000, which no call can have made");
}

TEST(ParseSmaps, TextOfAnotherKindIsRefused) {
  for (const std::string_view text :
       {"x", "1000-2000\n", "1000-2000 rw-p 0 00:00 0 \nSize: 4 kB\n", "1000 2000 rw-p\n",
        "1000-2000 rw-p 00000000 00:00 0 \nVmFlags: rd", "zzz-2000 rw-p 00000000 00:00 0 \n"})
    EXPECT_NE(parsed(text).find("smaps is not as expected"), std::string::npos) << text;
}

TEST(ParseStatus, AddsUpTheCounters) {
  spec::Counters counters;
  ASSERT_TRUE(
      parse_status("Name:\tx\nVmPeak:\t 400 kB\nVmSize:\t   1152 kB\nVmLck:\t       8 kB\n"
                   "VmPin:\t 0 kB\nVmData:\t      64 kB\nVmStk:\t       4 kB\n"
                   "VmExe:\t      60 kB\nVmLib:\t      12 kB\nVmPTE:\t 1 kB\n",
                   counters));
  EXPECT_EQ(counters, (spec::Counters{.map_count = 0,
                                      .total_vm = 288,
                                      .locked_vm = 2,
                                      .data_vm = 16,
                                      .stack_vm = 1,
                                      .exec_vm = 18}));
}

// A process without an mm (dead, not yet reaped) has no Vm lines.
TEST(ParseStatus, AMissingLineIsAFault) {
  spec::Counters counters;
  EXPECT_FALSE(parse_status("Name:\tx\nState:\tZ (zombie)\n", counters));
}

/// A process that sleeps, with so many mappings besides its own.
class Sleeper {
 public:
  explicit Sleeper(int mappings) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < mappings; ++i) {
      ::mmap(nullptr, spec::kPageSize, i % 2 == 0 ? PROT_READ : PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    ::prctl(PR_SET_NAME, "sleeper");
    for (;;) ::pause();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] Descriptor file(std::string_view name) const {
    return Descriptor{::open(fmt::format("/proc/{}/{}", pid_, name).c_str(), O_RDONLY | O_CLOEXEC)};
  }
  void wait_until_asleep() const {
    std::string buffer;
    for (std::string text; !text.contains("sleeper") || !text.contains("State:\tS");) {
      const auto status = file("status");
      text = read_proc(status.number(), buffer).value_or(std::string_view{});
    }
  }

 private:
  pid_t pid_;
};

/// Without the amounts of memory, which change while both share pages.
std::string without_sizes(std::string_view text) {
  std::string lines;
  for (const auto line : std::views::split(text, '\n')) {
    const std::string_view words{line.begin(), line.end()};
    if (!words.ends_with(" kB")) lines.append(words).push_back('\n');
  }
  return lines;
}

// One read less than to the end, and not a byte less: of a few mappings, and of more than one read
// or one buffer gives.
TEST(ReadProc, KnowsHowSmapsAndStatusEnd) {
  for (const int mappings : {0, 20, 300}) {
    const Sleeper sleeper{mappings};
    sleeper.wait_until_asleep();
    for (const auto& [name, read] : {std::pair{"smaps", &read_smaps}, {"status", &read_status}}) {
      const auto file = sleeper.file(name);
      std::string buffer;
      std::string other;
      const auto text = read(file.number(), buffer);
      const auto whole = read_proc(file.number(), other);
      ASSERT_TRUE(text);
      ASSERT_TRUE(whole);
      const auto lines = without_sizes(*text);
      EXPECT_EQ(lines, without_sizes(*whole)) << name << ", " << mappings;
      const auto again = read(file.number(), buffer);
      ASSERT_TRUE(again);
      EXPECT_EQ(without_sizes(*again), lines) << "into a buffer that is there";
    }
  }
}

TEST(ProcessNumbers, AreThoseInEachPidNamespace) {
  EXPECT_EQ(process_numbers("Name:\ta\nPid:\t70\nPPid:\t1\nNSpid:\t70\t3\nThreads:\t1\n"), "70\t3");
  EXPECT_EQ(process_numbers("Name:\ta\nNSpid:\t70"), "70");
}

TEST(ProcessNumbers, AreOneWithoutPidNamespaces) {
  EXPECT_EQ(process_numbers("Name:\ta\nTgid:\t70\nPid:\t70\nPPid:\t1\nThreads:\t1\n"), "70");
}

TEST(ProcessNumbers, AreNoneWhereTheTextIsNotThat) {
  EXPECT_EQ(process_numbers(""), std::nullopt);
  EXPECT_EQ(process_numbers("Name:\ta\nPPid:\t1\n"), std::nullopt);
}

}  // namespace
}  // namespace vmadiff::kernel
