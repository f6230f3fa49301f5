// tests/model: the model as a System.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

TEST(ModelSystem, StartsFromTheSetupAgain) {
  const spec::Setup setup = spec::Setup::standard();
  const auto model = make_model(*profile_named(kDefaultProfileName));
  ASSERT_TRUE(model->start(setup));
  (void)model->apply(0, Mmap{kArena, kPageSize, kReadWrite, kAnonymousFixed, {}, 0});
  (void)model->apply(0, Brk{setup.start_brk + kPageSize});
  (void)model->apply(0, Prctl{kPrSetMemoryMerge, 1, 0, 0, 0});
  ASSERT_TRUE(model->start(setup));
  Snapshot snapshot;
  ASSERT_TRUE(model->snapshot(0, snapshot));
  EXPECT_EQ(snapshot.vmas, setup.initial.vmas);
  EXPECT_EQ(snapshot.counters, setup.initial.counters);
  EXPECT_EQ(snapshot.brk, setup.initial.brk);
  EXPECT_FALSE(snapshot.merge_any);
}

TEST(ModelSystem, CountsFromWhatTheSetupCounted) {
  spec::Setup setup = spec::Setup::standard();
  setup.initial.counters.total_vm += 100;  // more than its VMAs add up to
  setup.initial.counters.data_vm -= 1;     // and less
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 2);
  EXPECT_EQ(process.snapshot().counters.total_vm, setup.initial.counters.total_vm + 2);
  EXPECT_EQ(process.snapshot().counters.data_vm, setup.initial.counters.data_vm + 2);
}

TEST(ModelSystem, ObservesEverythingUnderItsName) {
  const auto model = make_model(*profile_named(kDefaultProfileName));
  EXPECT_EQ(model->name(), "model");
  EXPECT_TRUE(model->observes().anon_vma);
  EXPECT_FALSE(model->is_remote());
}

}  // namespace
}  // namespace vmadiff::model
