// tests of kernel/store: unpacked packages of every kind are laid out in one way.
#include "kernel/store/kernel_package.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store_fixture.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

class KernelPackage : public StoreTest {
 protected:
  void expect_laid_out(const std::string& release, bool modules) {
    const auto image = lay_out_kernel(directory_ / "unpacked", directory_ / "place");
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(*image, directory_ / "place/boot" / ("vmlinuz-" + release));
    EXPECT_EQ(image_in(directory_ / "place"), *image);
    EXPECT_EQ(has_modules(*image), modules);
    EXPECT_EQ(fs::exists(directory_ / "place/lib/modules" / release / "kernel/ext4.ko"), modules);
  }
};

TEST_F(KernelPackage, KernelAndModulesInOne) {
  (void)write_kernel("unpacked/boot/vmlinuz-6.1.0-9", "6.1.0-9");
  (void)write("unpacked/boot/config-6.1.0-9", "CONFIG_MMU=y\n");
  (void)write("unpacked/lib/modules/6.1.0-9/kernel/ext4.ko", module("6.1.0-9"));
  expect_laid_out("6.1.0-9", true);
}

TEST_F(KernelPackage, ModulesBelowUsr) {
  (void)write_kernel("unpacked/boot/vmlinuz-6.18.2", "6.18.2");
  (void)write("unpacked/usr/lib/modules/6.18.2/kernel/ext4.ko", module("6.18.2"));
  expect_laid_out("6.18.2", true);
}

TEST_F(KernelPackage, AKernelAlone) {
  (void)write_kernel("unpacked/boot/vmlinuz-6.19.3", "6.19.3");
  expect_laid_out("6.19.3", false);
}

TEST_F(KernelPackage, AKernelAmongItsModules) {
  (void)write_kernel("unpacked/usr/lib/modules/7.2.1/vmlinuz", "7.2.1");
  (void)write("unpacked/usr/lib/modules/7.2.1/kernel/ext4.ko", module("7.2.1"));
  fs::create_directories(directory_ / "unpacked/boot");
  fs::create_symlink("../usr/lib/modules/7.2.1/vmlinuz",
                     directory_ / "unpacked/boot/vmlinuz-7.2.1");
  expect_laid_out("7.2.1", true);
}

TEST_F(KernelPackage, ModulesOfAnotherReleaseStayBehind) {
  (void)write_kernel("unpacked/boot/vmlinuz-6.19.3", "6.19.3");
  (void)write("unpacked/usr/lib/modules/6.19.4/kernel/ext4.ko", module("6.19.4"));
  expect_laid_out("6.19.3", false);
}

TEST_F(KernelPackage, IsRefusedUnlessItHasOneKernel) {
  (void)write("unpacked/boot/vmlinuz-6.19.3", "no kernel");
  const auto none = lay_out_kernel(directory_ / "unpacked", directory_ / "place");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("expected one kernel in it, found 0"), std::string::npos);
  (void)write_kernel("unpacked/boot/vmlinuz-1", "1");
  (void)write_kernel("unpacked/boot/vmlinuz-2", "2");
  const auto two = lay_out_kernel(directory_ / "unpacked", directory_ / "place");
  ASSERT_FALSE(two);
  EXPECT_NE(two.error().message.find("found 2"), std::string::npos) << two.error().message;
}

}  // namespace
}  // namespace vmadiff::kernel
