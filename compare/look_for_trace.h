// compare: by which calls can two kernels be told apart? Asked of their models: sequences are made
// until one shows a difference, which is then made small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::compare {

/// Two kernels, and what can be seen of them.
struct ToldApart {
  spec::KernelProfile a;
  spec::KernelProfile b;
  spec::Observes seen = spec::kFromOutside;
};

/// The first step at which their models differ in a sequence; nothing where they do the same.
[[nodiscard]] std::optional<std::size_t> first_step_apart(const ToldApart& two,
                                                          const spec::Setup& setup,
                                                          const spec::Sequence& sequence);

struct TraceFound {
  spec::Sequence sequence;  ///< up to the call where they differ, made small
  spec::Setup setup;        ///< in which they do
};

struct TraceSearch {
  spec::Setup setup;  ///< the machine's, of which the map count limit may be made another
  std::uint64_t seed = 1;
  std::uint64_t sequences = 10000;  ///< so many are tried
  std::function<bool()> interrupted{};
};

/// Depends on nothing but its arguments. Nothing where none of the sequences tells them apart.
[[nodiscard]] std::optional<TraceFound> look_for_trace(const ToldApart& two,
                                                       const TraceSearch& search);

}  // namespace vmadiff::compare
