// tests of the whole command on machines and in surroundings with other settings: what holds, what
// is left out by name, what is refused with the remedy; never a finding.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <string>
#include <vector>

#include "../cli/command_run.h"

namespace vmadiff::tests {
namespace {

const std::string kVmadiff = std::string{VMADIFF_BINARY_DIR} + "/vmadiff";

/// A way to bring the setting about: a shell's line that ends in running "$@".
struct Setting {
  std::string name;
  std::string shell;
  int status = 0;
  std::string named = {};   ///< what the run must say; may be empty
  bool needs_root = false;  ///< mount namespaces, other users
};

/// How the names of tests print it.
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

/// In a mount namespace of its own, so that nothing else sees what it hides.
std::string hidden(const std::string& what) {
  return "unshare -m sh -c '" + what + " && exec \"$@\"' sh \"$@\"";
}

class OnAMachine : public ::testing::TestWithParam<Setting> {
 protected:
  static CommandResult under(const std::string& shell, std::vector<std::string> words) {
    std::vector<std::string> all{"sh", "-c", shell, "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all);
  }

  void SetUp() override {
    if (!host_runs()) GTEST_SKIP() << "the host does not run here (vmadiff systems says why)";
    if (GetParam().needs_root && ::getuid() != 0) GTEST_SKIP() << "needs root";
    const auto control = under(GetParam().shell, {"/bin/true"});
    if (control.status != 0)
      GTEST_SKIP() << "the setting cannot be had here: " << control.err << control.out;
  }
};

TEST_P(OnAMachine, ThereIsNoFalseFinding) {
  const Scratch scratch;
  std::filesystem::permissions(scratch.path(), std::filesystem::perms::all);
  const auto& setting = GetParam();
  const auto result =
      under(setting.shell, {kVmadiff, "check", "--systems", "model,host", "--ops", "6000", "--seed",
                            "5", "--jobs", "1", "--out", (scratch.path() / "findings").string()});
  EXPECT_EQ(result.status, setting.status) << result.out << result.err;
  EXPECT_EQ(result.out.find("FINDING"), std::string::npos) << result.out;
  EXPECT_NE((result.out + result.err).find(setting.named), std::string::npos)
      << result.out << result.err;
}

INSTANTIATE_TEST_SUITE_P(
    Settings, OnAMachine,
    ::testing::Values(
        Setting{"memory_deny_write_execute", UNDER_POLICY " mdwe -- \"$@\"", 0,
                "does not give mmap with PROT_WRITE|PROT_EXEC (-1 EACCES)"},
        Setting{"hidden_proc_sys", hidden("mount -t tmpfs none /proc/sys"), 0, "", true},
        Setting{"hidden_sys", hidden("mount -t tmpfs none /sys"), 0, "", true},
        Setting{"meminfo_of_a_container",
                hidden("f=$(mktemp) && echo \"MemTotal: 65536 kB\" > $f && "
                       "mount --bind $f /proc/meminfo && rm $f"),
                0, "", true},
        Setting{"nothing_may_be_locked", "ulimit -l 0; exec \"$@\""},
        Setting{"little_may_be_locked", "ulimit -l 64; exec \"$@\""},
        Setting{"unlimited_stack", "ulimit -s unlimited; exec \"$@\""},
        Setting{"small_stack", "ulimit -s 256; exec \"$@\""},
        Setting{"reading_implies_executing", "exec setarch -X \"$@\""},
        Setting{"upwards", "exec setarch -L \"$@\""},
        Setting{"no_randomisation", "exec setarch -R \"$@\""},
        Setting{"empty_environment", "exec env -i \"$@\""},
        Setting{"no_permissions_for_new_files", "umask 777; exec \"$@\""},
        Setting{"idle_priority", "exec nice -n 19 \"$@\""},
        Setting{"directory_that_is_gone", "d=$(mktemp -d); cd $d; rmdir $d; exec \"$@\""},
        Setting{"another_user", "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"", 0,
                "", true},
        Setting{"new_user_namespace", "exec unshare -U \"$@\""},
        Setting{"no_new_privileges", "exec setpriv --no-new-privs \"$@\""},
        Setting{"no_capabilities", "exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"", 0, "",
                true},
        // By its descriptor, since the program itself can lie below what is hidden.
        Setting{"files_on_tmpfs",
                "exec 9<\"$1\"; shift; exec unshare -m sh -c 'mount -t tmpfs none /tmp && "
                "mount -t tmpfs none /var/tmp && cd /tmp && unset TMPDIR && "
                "exec /proc/self/fd/9 \"$@\"' sh \"$@\"",
                0, "the host has no", true},
        Setting{"few_processes",
                "exec setpriv --reuid 65533 --regid 65533 --clear-groups prlimit --nproc=12 "
                "\"$@\"",
                0, "does not give fork", true}),
    [](const auto& setting) { return setting.param.name; });

TEST(Doctor, SaysWhatTheMachineIs) {
  const auto result = run_vmadiff({"doctor"});
  if (!host_runs()) {
    EXPECT_EQ(result.status, 3);
    EXPECT_NE(result.out.find("to change"), std::string::npos) << result.out;
    return;
  }
  for (const char* part : {"host: Linux ", "behaves as", "linux-", "measured", "read faults",
                           "max_map_count", "memory nodes", "left out of sequences", "two-hooks"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << '\n' << result.out;
  }
  EXPECT_LE(std::ranges::count(result.out, '\n'), 50) << "it fits on a screen\n" << result.out;
}

TEST(Doctor, SaysWhatAPolicyTakesAway) {
  if (!host_runs()) GTEST_SKIP() << "the host does not run here (vmadiff systems says why)";
  const auto result =
      run_command({UNDER_POLICY, "EPERM", "mseal", "mbind", "--", kVmadiff, "doctor"});
  if (result.status == 125) GTEST_SKIP() << result.err;
  for (const char* part : {"mseal ", "mbind ", "-1 EPERM: a sandbox's policy"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << '\n' << result.out;
}

}  // namespace
}  // namespace vmadiff::tests
