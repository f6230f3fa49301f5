// tests of kernel/store: which kernels there are among packages, and which one a name means.
#include "kernel/store/debian_kernels.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmadiff::kernel {
namespace {

OfferedPackage offered(const std::string& name, const std::string& version,
                       const std::string& suite = "sid", const std::string& depends = "") {
  Package package;
  package.name = name;
  package.version = version;
  package.depends = depends;
  return {std::move(package), "http://m/", suite};
}

/// One of each way in which Debian has packed kernels.
std::vector<OfferedPackage> archive() {
  return {
      offered("linux-image-6.1.0-9-cloud-amd64", "6.1.30-1", "bookworm"),
      offered("linux-image-6.1.0-9-cloud-amd64-unsigned", "6.1.30-1", "bookworm"),
      offered("linux-image-6.1.0-9-cloud-amd64-dbg", "6.1.30-1", "bookworm"),
      offered("linux-image-6.1.0-9-rt-amd64", "6.1.30-1", "bookworm"),
      offered("linux-image-6.1.0-10-cloud-amd64", "6.1.38-1", "bookworm-security"),
      offered("linux-image-6.1.0-11-cloud-amd64", "6.1.38-2", "bookworm-security"),
      offered("linux-image-cloud-amd64", "6.1.38-2", "bookworm-security"),
      offered("linux-image-6.12.9+deb12-cloud-amd64", "6.12.9-1~bpo12+1", "bookworm-backports"),
      offered("linux-image-6.12.9+deb13-cloud-amd64", "6.12.9-1", "trixie"),
      offered("linux-image-6.12.10+deb13-cloud-amd64-unsigned", "6.12.10-1", "sid"),
      offered("linux-image-6.19.3+deb13-cloud-amd64", "6.19.3-1", "sid",
              "kmod, linux-binary-6.19.3+deb13-cloud-amd64 (= 6.19.3-1)"),
      offered("linux-binary-6.19.3+deb13-cloud-amd64", "6.19.3-1"),
      offered("linux-modules-6.19.3+deb13-cloud-amd64", "6.19.3-2"),
      offered("linux-binary-7.2+deb13-cloud-amd64", "7.2-1"),
      offered("linux-modules-7.2+deb13-cloud-amd64", "7.2-1"),
      offered("linux-modules-7.2+deb13-amd64", "7.2-1"),
      offered("linux-binary-7.3-cloud-amd64", "7.3~rc7-1~exp1"),
  };
}

TEST(DebianKernels, OfEachUpstreamVersionTheNewestIsOffered) {
  std::vector<std::string> seen;
  for (const DebianKernel& kernel : kernels_among(archive())) {
    seen.push_back(kernel.name + " " + kernel.release + " " + kernel.image.package.version + " " +
                   kernel.image.suite);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "debian-6.1.30 6.1.0-9-cloud-amd64 6.1.30-1 bookworm",
                      "debian-6.1.38 6.1.0-11-cloud-amd64 6.1.38-2 bookworm-security",
                      "debian-6.12.9 6.12.9+deb13-cloud-amd64 6.12.9-1 trixie",
                      "debian-6.12.10 6.12.10+deb13-cloud-amd64 6.12.10-1 sid",
                      "debian-6.19.3 6.19.3+deb13-cloud-amd64 6.19.3-1 sid",
                      "debian-7.2.0 7.2+deb13-cloud-amd64 7.2-1 sid"}));
}

TEST(DebianKernels, TheOrderOfTheSuitesDoesNotMatter) {
  auto packages = archive();
  std::vector<OfferedPackage> reversed{packages.rbegin(), packages.rend()};
  const auto kernels = kernels_among(reversed);
  ASSERT_EQ(kernels.size(), 6U);
  EXPECT_EQ(kernels[0].image.package.name, "linux-image-6.1.0-9-cloud-amd64");
  EXPECT_EQ(kernels[1].image.package.version, "6.1.38-2");
}

TEST(DebianKernels, ModulesAreThoseOfTheVeryVersion) {
  const auto kernels = kernels_among(archive());
  ASSERT_EQ(kernels.size(), 6U);
  EXPECT_TRUE(kernels[0].has_modules);
  EXPECT_FALSE(kernels[0].modules);
  EXPECT_FALSE(kernels[4].has_modules) << "6.19.3-2 are not those of 6.19.3-1";
  EXPECT_FALSE(kernels[4].modules);
  ASSERT_TRUE(kernels[5].modules);
  EXPECT_TRUE(kernels[5].has_modules);
  EXPECT_EQ(kernels[5].modules->package.name, "linux-modules-7.2+deb13-cloud-amd64");
}

TEST(DebianKernels, ANameMeansTheNewestOfItsMinorRelease) {
  const auto kernels = kernels_among(archive());
  for (const auto& [name, means] :
       std::vector<std::pair<std::string, std::string>>{{"debian-6.1", "debian-6.1.38"},
                                                        {"debian-6.1.30", "debian-6.1.30"},
                                                        {"debian-6.12", "debian-6.12.10"},
                                                        {"debian-7.2", "debian-7.2.0"}}) {
    const auto chosen = choose_kernel(kernels, name);
    ASSERT_TRUE(chosen) << name << ": " << chosen.error();
    EXPECT_EQ(chosen->name, means);
  }
}

TEST(DebianKernels, AnUnknownNameIsToldWhatIsNearest) {
  const auto kernels = kernels_among(archive());
  for (const auto& [name, nearest] :
       std::vector<std::pair<std::string, std::string>>{{"debian-5.10", "6.1"},
                                                        {"debian-6.11", "6.1, 6.12"},
                                                        {"debian-6.11.3", "6.1, 6.12"},
                                                        {"debian-6.12.11", "6.12.9, 6.12.10"},
                                                        {"debian-7.3", "7.2"}}) {
    const auto chosen = choose_kernel(kernels, name);
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error(), "no suite of Debian's has it; nearest: " + nearest) << name;
  }
  EXPECT_FALSE(choose_kernel({}, "debian-6.1"));
}

TEST(DebianKernels, NamesAreOrderedByNumber) {
  EXPECT_TRUE(is_older("debian-6.9", "debian-6.10"));
  EXPECT_FALSE(is_older("debian-6.10", "debian-6.9"));
  EXPECT_TRUE(is_older("debian-6.12", "debian-6.12.1"));
  EXPECT_EQ(minor_release_of("debian-6.12.118"), "debian-6.12");
  EXPECT_EQ(minor_release_of("debian-6.12"), "debian-6.12");
}

}  // namespace
}  // namespace vmadiff::kernel
