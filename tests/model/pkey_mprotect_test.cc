// tests/model: pkey_mprotect without a key.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(PkeyMprotect, WithoutAKeyIsMprotect) {
  Process process;
  (void)process.map(0, 4);
  EXPECT_EQ(process(PkeyMprotect{page(1), 2 * kPageSize, kRead, -1}), kOk);
  EXPECT_EQ(process.ruler(4), "ABBC");
  EXPECT_EQ(process(PkeyMprotect{page(1) + 1, kPageSize, kRead, -1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(PkeyMprotect{page(8), kPageSize, kRead, -1}), fails(Errno::kENOMEM));
}

}  // namespace
}  // namespace vmadiff::model
