// tests of kernel/store: kernels brought from a mirror, which is made of files here: by apt itself,
// with its signatures and its lists.
#include "kernel/store/apt_state.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fake_archive.h"
#include "kernel/store/debian_kernels.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/kernel_store.h"
#include "store_fixture.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

/// A mirror with one kernel of each packaging.
class AptStateTest : public StoreTest {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_archive(); !reason.empty()) GTEST_SKIP() << reason;
    archive_ = std::make_unique<FakeArchive>(directory_ / "a");
    add_whole("bookworm", "6.1.0-9-cloud-amd64", "6.1.9-1", "lib/modules");
    add_whole("trixie-backports", "6.18.2+deb13-cloud-amd64", "6.18.2-1~bpo13+1",
              "usr/lib/modules");
    const std::string bare = "6.19.3+deb13-cloud-amd64";
    (void)write_kernel("bare/boot/vmlinuz-" + bare, bare);
    archive_->add("trixie-backports", "linux-binary-" + bare, "6.19.3-1", directory_ / "bare");
    fs::create_directories(directory_ / "empty");
    archive_->add("trixie-backports", "linux-image-" + bare, "6.19.3-1", directory_ / "empty",
                  "linux-binary-" + bare + " (= 6.19.3-1)");
    const std::string split = "7.2.1+deb14-cloud-amd64";
    (void)write_kernel("binary/usr/lib/modules/" + split + "/vmlinuz", split);
    (void)write("modules/usr/lib/modules/" + split + "/kernel/ext4.ko", module(split));
    archive_->add("sid", "linux-binary-" + split, "7.2.1-1", directory_ / "binary");
    archive_->add("sid", "linux-modules-" + split, "7.2.1-1", directory_ / "modules");
    archive_->add_suite("forky");
    archive_->publish();
    ::setenv("XDG_CACHE_HOME", (directory_ / "cache").c_str(), 1);  // NOLINT
  }
  void TearDown() override { ::unsetenv("XDG_CACHE_HOME"); }  // NOLINT

  void add_whole(const std::string& suite, const std::string& release, const std::string& version,
                 const fs::path& modules) {
    const fs::path tree = release;
    (void)write_kernel(tree / "boot" / ("vmlinuz-" + release), release);
    (void)write(tree / modules / release / "kernel/ext4.ko", module(release));
    archive_->add(suite, "linux-image-" + release, version, directory_ / tree);
  }

  [[nodiscard]] std::string line() const { return "deb " + archive_->uri() + " bookworm main\n"; }
  [[nodiscard]] fs::path apt() const { return directory_ / "apt"; }
  [[nodiscard]] fs::path machine() const { return directory_ / "machine"; }

  std::unique_ptr<FakeArchive> archive_;
};

TEST_F(AptStateTest, BringsKernelsOfEveryPackagingAndLeavesTheMachineAlone) {
  // A hook of the machine's must not run, and what it does not verify is verified.
  const auto hook = (machine() / "hook-ran").string();
  const FakeMachine machine_of_ours{machine(), "sources.list", line(),
                                    "APT::Update::Pre-Invoke { \"touch " + hook + "\"; };\n" +
                                        "APT::Update::Post-Invoke { \"touch " + hook + "\"; };\n"};
  const auto before = machine_of_ours.state();
  std::vector<std::string> steps;
  AptWatch watch;
  watch.on_step = [&](std::string_view what) { steps.emplace_back(what); };
  const auto state = AptState::open(apt(), watch, archive_->keyring());
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->left_out().front(),
            "security suites: the machine's sources have no mirror of them");
  EXPECT_NE(std::ranges::find(state->left_out(), "bookworm-updates of " + archive_->uri() +
                                                     ": the mirror does not have it"),
            state->left_out().end());
  const auto packages = state->packages("linux-");
  ASSERT_TRUE(packages) << packages.error().message;
  const auto kernels = kernels_among(*packages);
  for (const auto& [name, release, modules] :
       std::vector<std::tuple<std::string, std::string, bool>>{
           {"debian-6.1", "6.1.0-9-cloud-amd64", true},
           {"debian-6.18.2", "6.18.2+deb13-cloud-amd64", true},
           {"debian-6.19", "6.19.3+deb13-cloud-amd64", false},
           {"debian-7.2", "7.2.1+deb14-cloud-amd64", true}}) {
    const auto kernel = choose_kernel(kernels, name);
    ASSERT_TRUE(kernel) << name << ": " << kernel.error();
    const auto stored = fetch_kernel(*state, *kernel, name);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->release, release);
    EXPECT_EQ(stored->has_modules, modules) << name;
    EXPECT_EQ(modules_for(stored->image, {"ext4"}).found.size(), modules ? 1U : 0U) << name;
    EXPECT_EQ(find_kernel(name), stored->image);
  }
  std::vector<std::string> names;
  for (const StoredKernel& kernel : stored_kernels())
    names.push_back(kernel.name + " " + kernel.version);
  EXPECT_EQ(names, (std::vector<std::string>{"debian-6.1 6.1.9-1", "debian-6.18.2 6.18.2-1~bpo13+1",
                                             "debian-6.19 6.19.3-1", "debian-7.2 7.2.1-1"}));
  EXPECT_FALSE(fs::exists(directory_ / "cache/vmadiff/kernels/.unfinished"));
  EXPECT_EQ(steps.size(), 6U) << "the lists, and five packages";
  EXPECT_EQ(machine_of_ours.state(), before);
}

TEST_F(AptStateTest, ReadsSourcesInEveryForm) {
  const auto uri = archive_->uri();
  const std::vector<std::pair<std::string, std::string>> forms{
      {"sources.list",
       "# a comment\ndeb [trusted=yes arch=amd64] " + uri + "/ bookworm main contrib\n"},
      {"sources.list.d/debian.sources", "Types: deb deb-src\nURIs: " + uri +
                                            "\nSuites: stable bookworm-updates\nComponents: main\n"
                                            "Signed-By: /nowhere.gpg\n"}};
  for (const auto& [name, text] : forms) {
    fs::remove_all(machine());
    const FakeMachine machine_of_ours{machine(), name, text};
    const auto state = AptState::open(apt(), {}, archive_->keyring());
    ASSERT_TRUE(state) << name << ": " << state.error().message;
    const auto packages = state->packages("linux-binary-");
    ASSERT_TRUE(packages) << packages.error().message;
    EXPECT_EQ(packages->size(), 2U);
    EXPECT_EQ(content(apt() / "sources.list").find("trusted"), std::string::npos);
  }
}

TEST_F(AptStateTest, WhatIsThereAlreadyIsNotBroughtAgain) {
  const FakeMachine machine_of_ours{machine(), "sources.list", line()};
  std::vector<std::string> steps;
  AptWatch watch;
  watch.on_step = [&](std::string_view what) { steps.emplace_back(what); };
  const auto state = AptState::open(apt(), watch, archive_->keyring());
  ASSERT_TRUE(state) << state.error().message;
  const auto kernels = kernels_among(*state->packages("linux-"));
  auto kernel = *choose_kernel(kernels, "debian-6.19");
  ASSERT_TRUE(fetch_kernel(*state, kernel, "debian-6.19"));
  EXPECT_EQ(steps.size(), 2U);
  ASSERT_TRUE(fetch_kernel(*state, kernel, "debian-6.19"));
  EXPECT_EQ(steps.size(), 2U);
  // Another one takes its place, as a whole.
  kernel = *choose_kernel(kernels, "debian-6.18");
  const auto other = fetch_kernel(*state, kernel, "debian-6.19");
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->release, "6.18.2+deb13-cloud-amd64");
  EXPECT_FALSE(fs::exists(directory_ / "cache/vmadiff/kernels/.unfinished"));
}

TEST_F(AptStateTest, RefusesWhatAnotherKeyHasSigned) {
  const FakeMachine machine_of_ours{machine(), "sources.list",
                                    "deb [trusted=yes] " + archive_->uri() + " bookworm main\n",
                                    "Acquire::AllowInsecureRepositories \"true\";\n"
                                    "APT::Get::AllowUnauthenticated \"true\";\n"};
  const auto state = AptState::open(apt(), {}, archive_->other_keyring());
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message.find("no suite of Debian's can be read"), std::string::npos)
      << state.error().message;
  EXPECT_NE(state.error().message.find("not signed by a key of " + archive_->other_keyring()),
            std::string::npos)
      << state.error().message;
}

TEST_F(AptStateTest, RefusesAPackageThatIsNotTheListedOne) {
  const FakeMachine machine_of_ours{machine(), "sources.list", line()};
  const auto state = AptState::open(apt(), {}, archive_->keyring());
  ASSERT_TRUE(state) << state.error().message;
  const auto kernel = *choose_kernel(kernels_among(*state->packages("linux-")), "debian-6.1");
  const auto whole = fetch_kernel(*state, kernel, "debian-6.1");
  ASSERT_TRUE(whole) << whole.error().message;
  auto other = kernel;
  other.image.package.version = "6.1.9-2";
  std::fstream{archive_->mirror() / kernel.image.package.path, std::ios::in | std::ios::out}
      << "!<arkh>";
  const auto refused = fetch_kernel(*state, other, "debian-6.1");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Hash Sum mismatch"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(stored_kernels().size(), 1U) << "the one that was there stays";
  EXPECT_FALSE(fs::exists(directory_ / "cache/vmadiff/kernels/.unfinished"));
}

TEST_F(AptStateTest, SaysThatNoMirrorIsDebians) {
  const FakeMachine machine_of_ours{machine(), "sources.list",
                                    "deb " + archive_->uri() + " tools main\n"};
  const auto state = AptState::open(apt(), {}, archive_->keyring());
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message.find("none is a mirror of Debian: expected one as in 'deb "),
            std::string::npos)
      << state.error().message;
}

TEST_F(AptStateTest, SaysThatTheMirrorIsNotReached) {
  // A proxy that is not there; that of the machine is asked.
  const FakeMachine machine_of_ours{machine(), "sources.list",
                                    "deb http://mirror.invalid/debian bookworm main\n",
                                    "Acquire::http::Proxy \"http://127.0.0.1:1\";\n"
                                    "Acquire::Retries \"0\";\n"};
  const auto state = AptState::open(apt(), {}, archive_->keyring());
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message.find("http://mirror.invalid/debian/dists/"), std::string::npos)
      << state.error().message;
  EXPECT_NE(state.error().message.find("127.0.0.1:1"), std::string::npos) << state.error().message;
}

TEST_F(AptStateTest, SaysThatTheKeyringIsMissing) {
  const auto state = AptState::open(apt(), {}, "/nowhere.gpg");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().message,
            "/nowhere.gpg: no such file: apt-get install debian-archive-keyring");
}

TEST_F(AptStateTest, AnInterruptedFetchLeavesNothing) {
  const FakeMachine machine_of_ours{machine(), "sources.list", line()};
  bool is_interrupted = false;
  AptWatch watch;
  watch.on_step = [&](std::string_view what) {
    is_interrupted = what.starts_with("linux-modules");
  };
  watch.interrupted = [&] { return is_interrupted; };
  const auto state = AptState::open(apt(), watch, archive_->keyring());
  ASSERT_TRUE(state) << state.error().message;
  const auto kernel = *choose_kernel(kernels_among(*state->packages("linux-")), "debian-7.2");
  const auto stored = fetch_kernel(*state, kernel, "debian-7.2");
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().message, "interrupted");
  EXPECT_TRUE(stored_kernels().empty());
  EXPECT_TRUE(fs::is_empty(directory_ / "cache/vmadiff/kernels"));
}

}  // namespace
}  // namespace vmadiff::kernel
