// fork: how many processes a sequence may have.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/implementation.h"

namespace vmadiff::impl {
namespace {

TEST(Fork, ends_at_the_number_of_processes) {
  const auto system = make_implementation(profile_or_abort(spec::kDefaultProfileName));
  const spec::Setup setup = spec::Setup::standard();
  ASSERT_TRUE(system->start(setup));
  for (std::uint64_t number = 1; number < spec::kProcessCountMax; ++number) {
    ASSERT_EQ(system->apply(0, spec::Fork{}), spec::Outcome::ok(number));
  }
  EXPECT_EQ(system->apply(0, spec::Fork{}), spec::Outcome::fail(spec::Errno::kEAGAIN));
  ASSERT_TRUE(system->start(setup));
  EXPECT_EQ(system->apply(0, spec::Fork{}), spec::Outcome::ok(1));
}

}  // namespace
}  // namespace vmadiff::impl
