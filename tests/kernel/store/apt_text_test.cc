// tests of kernel/store: what apt and Debian's archive say, read.
#include <gtest/gtest.h>

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/apt_words.h"
#include "kernel/store/debian_mirrors.h"
#include "kernel/store/debian_version.h"
#include "kernel/store/package_list.h"

namespace vmadiff::kernel {
namespace {

TEST(DebianVersion, NumbersCountAndATildeStandsBeforeTheEnd) {
  const std::vector<std::string_view> ascending{
      "6.1.9-1",         "6.1.10-1",   "6.12.117-1~deb12u1", "6.12.117-1",     "6.12.118-1~bpo12+1",
      "6.12.118-1",      "6.12.118-2", "6.12.118-10",        "7.3~rc7-1~exp1", "7.3-1",
      "7.3.4-1~bpo13+1", "7.3.4-1",    "7.3.4-1+b1",         "7.3.4a-1",       "1:6.1.9-1"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(compare_debian_versions(ascending[i], ascending[j]), i <=> j)
          << ascending[i] << " and " << ascending[j];
    }
  }
  EXPECT_EQ(compare_debian_versions("6.01-1", "6.1-1"), std::strong_ordering::equal);
  EXPECT_EQ(compare_debian_versions("6.1", "6.1-0"), std::strong_ordering::equal);
  EXPECT_EQ(upstream_of("1:6.12.118-1~bpo12+1"), "6.12.118");
  EXPECT_EQ(upstream_of("6.12"), "6.12");
}

TEST(DebianMirrors, AreThoseThatTheMachineHas) {
  const auto mirrors = mirrors_in(
      "'http://other/php/dists/bookworm/InRelease' other_php_dists_bookworm_InRelease 0 \n"
      "'http://m/debian/dists/bookworm/InRelease' m_debian_dists_bookworm_InRelease 0 \n"
      "'http://m/debian/dists/bookworm-updates/InRelease' x 0 \n"
      "'http://tools/apt/dists/stable-tools/InRelease' x 0 \n"
      "'http://s/dists/bookworm-security/InRelease' x 0 \n"
      "'http://m/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0 \n");
  EXPECT_EQ(mirrors.main, "http://m/debian");
  EXPECT_EQ(mirrors.security, "http://s");
  const auto none = mirrors_in("'http://tools/apt/dists/tools/InRelease' x 0 \nno line of apt's\n");
  EXPECT_EQ(none.main, "");
  EXPECT_EQ(none.security, "");
  EXPECT_TRUE(suites_of(none).empty());
}

TEST(DebianMirrors, EverySuiteIsAskedForAndSignedByTheKeyring) {
  const auto suites = suites_of({.main = "http://m/debian", .security = ""});
  const auto text = sources_of(suites, "/keyring.gpg");
  for (const char* name : {"bookworm", "bookworm-updates", "bookworm-backports", "trixie",
                           "trixie-updates", "trixie-backports", "forky", "sid"}) {
    const std::string line =
        "deb [signed-by=/keyring.gpg arch=amd64 lang=none target=Packages] http://m/debian ";
    EXPECT_NE(text.find(line + name + " main\n"), std::string::npos) << text;
  }
  EXPECT_EQ(text.find("-security"), std::string::npos) << text;
  const auto all = sources_of(suites_of({.main = "http://m", .security = "http://s"}), "k");
  EXPECT_NE(all.find("http://s trixie-security main\n"), std::string::npos) << all;
}

TEST(AptWords, SayHowFarADownloadIs) {
  EXPECT_EQ(percent_in("dlstatus:1:23.4567:Retrieving file 1 of 2"), std::optional<int>{23});
  EXPECT_EQ(percent_in("dlstatus:1"), std::nullopt);
  EXPECT_EQ(percent_in("dlstatus:1:x:"), std::nullopt);
  EXPECT_EQ(percent_in("Get:1 http://m/debian bookworm InRelease"), std::nullopt);
}

const std::vector<DebianSuite> kTwoSuites{{"http://m/debian", "bookworm"},
                                          {"http://m/debian", "bookworm-updates"}};

TEST(AptWords, ASuiteThatTheMirrorLacksIsLeftOut) {
  const auto refused = refused_in(
      "E: The repository 'http://m/debian bookworm-updates Release' does not have a Release "
      "file.\n",
      kTwoSuites, "/k");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].suite.name, "bookworm-updates");
  EXPECT_EQ(refused[0].reason, "the mirror does not have it");
}

TEST(AptWords, ASuiteThatIsNotSignedIsLeftOut) {
  for (const char* error :
       {"W: GPG error: http://m/debian bookworm InRelease: NO_PUBKEY 1\n"
        "E: The repository 'http://m/debian bookworm InRelease' is not signed.\n",
        "E: Failed to fetch http://m/debian/dists/bookworm/InRelease  The following signatures "
        "couldn't be verified because the public key is not available: NO_PUBKEY 1\n"}) {
    const auto refused = refused_in(error, kTwoSuites, "/k");
    ASSERT_EQ(refused.size(), 1U) << error;
    EXPECT_EQ(refused[0].suite.name, "bookworm");
    EXPECT_NE(refused[0].reason.find("not signed by a key of /k"), std::string::npos);
  }
}

TEST(AptWords, AMirrorThatIsNotReachedIsNoSuiteThatItLacks) {
  const std::string errors =
      "W: something\n"
      "E: Failed to fetch http://m/debian/dists/bookworm/InRelease  Could not resolve 'm'\n"
      "E: Some index files failed to download. They have been ignored, or old ones used instead.\n";
  EXPECT_TRUE(refused_in(errors, kTwoSuites, "/k").empty());
  EXPECT_EQ(first_error_in(errors),
            "Failed to fetch http://m/debian/dists/bookworm/InRelease  Could not resolve 'm'");
  EXPECT_EQ(first_error_in("killed\n"), "killed");
  EXPECT_EQ(first_error_in(""), "it says nothing");
}

// apt names a mirror without the password that stands in its source.
TEST(AptWords, AMirrorWithAPasswordIsKnownWithoutIt) {
  EXPECT_EQ(shown("http://me:secret@m/debian"), "http://m/debian");
  EXPECT_EQ(shown("http://m/with@sign"), "http://m/with@sign");
  EXPECT_EQ(shown("file:/srv/debian"), "file:/srv/debian");
  const std::vector<DebianSuite> suites{{"http://me:secret@m/debian", "forky"}};
  const auto refused = refused_in(
      "E: The repository 'http://m/debian forky Release' does not have a Release file.\n", suites,
      "/k");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].suite.name, "forky");
}

TEST(PackageList, HasWholePackagesOfThatName) {
  const auto packages = packages_in(
      "Package: linux-image-1\nVersion: 1-1\nFilename: pool/a.deb\nSHA256: aa\nSize: 12\n"
      "Depends: kmod, linux-base\nDescription: a\n Version: of the text\n\n"
      "Package: grep\nVersion: 3\nFilename: pool/g.deb\nSHA256: bb\n\n"
      "Package: linux-image-2\nVersion: 2-1\n\n"
      "Version: 3-1\nPackage: linux-image-3\nFilename: pool/c.deb\nSHA256: cc",
      "linux-");
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].name, "linux-image-1");
  EXPECT_EQ(packages[0].version, "1-1");
  EXPECT_EQ(packages[0].depends, "kmod, linux-base");
  EXPECT_EQ(packages[0].path, "pool/a.deb");
  EXPECT_EQ(packages[0].sha256, "aa");
  EXPECT_EQ(packages[0].size, 12U);
  EXPECT_EQ(packages[1].name, "linux-image-3");
  EXPECT_TRUE(packages_in("", "linux-").empty());
}

}  // namespace
}  // namespace vmadiff::kernel
