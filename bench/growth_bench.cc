// bench: does a call of the implementation cost more in a large address space than in a small one?
// Each kind of call is made at random places of 16, of 1,024 and of 65,530 mappings in turns; what
// is printed are medians of processor time, and how many times that of 16 mappings.
//
// Each round makes a change and takes it back, so that all rounds meet the same mappings.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "impl/implementation.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"

namespace vmadiff {
namespace {

using spec::Address;
using spec::kPageSize;

constexpr Address kArena = 0x100000000000;
constexpr Address kPages = 4;   ///< of a mapping
constexpr Address kStride = 6;  ///< and a gap of two pages
constexpr std::uint64_t kReadWrite = spec::kProtRead | spec::kProtWrite;
constexpr std::uint64_t kAnonymous = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapNoreserve;

class Space {
 public:
  explicit Space(std::size_t mappings) : mappings_(mappings) {
    setup_.max_map_count = 1U << 20;
    if (!system_->start(setup_)) std::abort();
    for (std::size_t i = 0; i < mappings_; ++i) map(at(i), kPages);
  }

  /// The start of some mapping.
  [[nodiscard]] Address somewhere() { return at(random_() % mappings_); }
  void map(Address start, Address pages) {
    run(spec::Mmap{start, pages * kPageSize, kReadWrite, kAnonymous | spec::kMapFixed, {}, 0});
  }
  /// Where it lies.
  std::uint64_t run(const spec::Syscall& call) {
    const spec::Outcome outcome = system_->apply(0, call);
    if (!outcome.is_ok()) std::abort();
    return outcome.value();
  }

 private:
  [[nodiscard]] static Address at(std::size_t i) { return kArena + i * kStride * kPageSize; }

  std::size_t mappings_;
  spec::Setup setup_ = spec::Setup::standard();
  std::unique_ptr<spec::System> system_ =
      impl::make_implementation(*spec::profile_named(spec::kDefaultProfileName));
  std::mt19937_64 random_{1};
};

struct Kind {
  std::string_view name;
  unsigned calls;  ///< in a round
  void (*round)(Space&);
};

constexpr std::array kKinds{
    Kind{"munmap, mmap at a place", 2,
         [](Space& space) {
           const Address start = space.somewhere();
           space.run(spec::Munmap{start, kPages * kPageSize});
           space.map(start, kPages);
         }},
    Kind{"mmap over what is there", 1, [](Space& space) { space.map(space.somewhere(), kPages); }},
    Kind{"mmap where there is room, munmap", 2,
         [](Space& space) {
           const Address start = space.run(spec::Mmap{0, kPageSize, kReadWrite, kAnonymous, {}, 0});
           space.run(spec::Munmap{start, kPageSize});
         }},
    Kind{"mprotect of a part, and back", 2,
         [](Space& space) {
           const Address part = space.somewhere() + 2 * kPageSize;
           space.run(spec::Mprotect{part, kPageSize, spec::kProtRead});
           space.run(spec::Mprotect{part, kPageSize, kReadWrite});
         }},
    Kind{"madvise of a whole, and back", 2,
         [](Space& space) {
           const Address start = space.somewhere();
           space.run(spec::Madvise{start, kPages * kPageSize, spec::kMadvDontfork});
           space.run(spec::Madvise{start, kPages * kPageSize, spec::kMadvDofork});
         }},
    Kind{"mremap, larger and smaller", 2,
         [](Space& space) {
           const Address start = space.somewhere();
           space.run(spec::Mremap{start, kPages * kPageSize, (kPages + 1) * kPageSize, 0, 0});
           space.run(spec::Mremap{start, (kPages + 1) * kPageSize, kPages * kPageSize, 0, 0});
         }},
    Kind{"mlock, munlock of a part", 2,
         [](Space& space) {
           const Address start = space.somewhere();
           space.run(spec::Mlock{start, kPageSize});
           space.run(spec::Munlock{start, kPageSize});
         }},
    Kind{"touch", 1,
         [](Space& space) {
           space.run(spec::Touch{space.somewhere(), kPageSize, spec::Access::kRead});
         }},
};

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void run() {
  constexpr std::array<std::size_t, 3> kSizes{16, 1024, 65530};
  constexpr int kTurns = 15;
  constexpr int kRounds = 20'000;
  std::array<Space, 3> spaces{Space{kSizes[0]}, Space{kSizes[1]}, Space{kSizes[2]}};
  fmt::print(
      "ns a call, and times that of 16 mappings\n\n| call | 16 | 1,024 | 65,530 "
      "|\n|---|--:|--:|--:|\n");
  std::array<double, 3> all{};
  for (const Kind& kind : kKinds) {
    std::array<std::vector<double>, 3> times;
    for (int turn = 0; turn < kTurns; ++turn) {
      for (std::size_t i = 0; i < spaces.size(); ++i) {
        const double begin = seconds();
        for (int round = 0; round < kRounds; ++round) kind.round(spaces[i]);
        times[i].push_back((seconds() - begin) * 1e9 / kRounds / kind.calls);
      }
    }
    std::array<double, 3> ns{};
    for (std::size_t i = 0; i < ns.size(); ++i) all[i] += ns[i] = median(times[i]);
    fmt::print("| {} | {:.0f} | {:.0f} ({:.2f}) | {:.0f} ({:.2f}) |\n", kind.name, ns[0], ns[1],
               ns[1] / ns[0], ns[2], ns[2] / ns[0]);
  }
  fmt::print("| mean | {:.0f} | {:.0f} ({:.2f}) | {:.0f} ({:.2f}) |\n", all[0] / kKinds.size(),
             all[1] / kKinds.size(), all[1] / all[0], all[2] / kKinds.size(), all[2] / all[0]);
}

}  // namespace
}  // namespace vmadiff

int main() { vmadiff::run(); }
