// tests/properties: what the RapidCheck suites share: the generator as a Gen that shrinks as
// findings do, and a way to run a property with a seed that is fixed, or given, under GoogleTest.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impl/implementation.h"
#include "model/model.h"
#include "properties/shrink/shrink.h"
#include "support.h"

namespace vmadiff::properties {

/// A sequence that prints as a trace.
struct Generated {
  spec::Sequence sequence;
};
inline void showValue(const Generated& generated, std::ostream& out) {
  out << '\n' << print_trace(generated.sequence);
}

inline rc::Gen<Generated> any_sequence(const GeneratorOptions& options) {
  const rc::Gen<spec::Sequence> sequences{[options](const rc::Random& random, int /*size*/) {
    rc::Random source = random;
    spec::Sequence sequence;
    generate(source.next(), options, sequence);
    return shrinkable(std::move(sequence), Landmarks::of(options.setup));
  }};
  return rc::gen::map(sequences,
                      [](spec::Sequence sequence) { return Generated{std::move(sequence)}; });
}

/// 20250529, or what VMADIFF_SUITE_SEED says: a night asks with another each time.
inline std::uint64_t suite_seed() {
  const char* const asked = std::getenv("VMADIFF_SUITE_SEED");
  return asked == nullptr ? 20250529 : std::strtoull(asked, nullptr, 10);
}

/// Checks a property. The title is a sentence.
template <typename Property>
void holds(const std::string& title, int cases, const Property& property) {
  rc::detail::TestMetadata metadata;
  metadata.id = title;
  metadata.description = title;
  rc::detail::TestParams params;
  params.seed = suite_seed();
  params.maxSuccess = cases;
  const auto result = rc::detail::checkTestable(property, metadata, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ADD_FAILURE() << title << '\n' << message.str();
}

inline std::unique_ptr<spec::System> make_like(std::string_view system,
                                               const spec::KernelProfile& profile) {
  return system == "model" ? model::make_model(profile) : impl::make_implementation(profile);
}

/// "" if the claims hold on the sequence, else what does not.
inline std::string broken(Checker& checker, const spec::Sequence& sequence) {
  const auto found = checker.check(sequence, Observation::kEveryStep);
  if (!found) return found.error().message;
  return *found ? (*found)->claim + ": " + (*found)->explanation : "";
}

/// The claims hold on `cases` generated sequences, on the named systems of the profile.
inline void claims_hold(const std::string& title, std::string_view profile,
                        std::string_view properties, const std::vector<std::string>& systems,
                        int cases) {
  CheckerOptions options = checker_options(profile, properties);
  options.make_like = make_like;
  std::vector<std::unique_ptr<spec::System>> owned;
  std::vector<spec::System*> given;
  for (const std::string& system : systems) {
    owned.push_back(make_like(system, options.profile));
    given.push_back(owned.back().get());
  }
  Checker checker{given, options};
  const auto sequences = any_sequence(generator_options());
  holds(title, cases, [&] {
    const Generated generated = *sequences;
    RC_ASSERT(broken(checker, generated.sequence) == "");
  });
}

}  // namespace vmadiff::properties
