// cli: which behaviours several kernels have, as text and as the page docs/releases.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compare/identity.h"
#include "spec/behaviours.h"
#include "spec/setup.h"

namespace vmadiff::cli {

struct ReleaseIdentity {
  std::string name;  ///< "debian-6.12 (6.12.118)"
  compare::Identity identity;
  spec::Setup setup;
};

/// Where that value is known from, for a sentence: ", 6.17: measured on 6.17.13"; empty where the
/// history of profiles begins with it.
[[nodiscard]] std::string origin_text(const spec::Behaviour& behaviour, std::size_t value);

/// The releases in their order.
[[nodiscard]] std::string releases_text(std::span<const ReleaseIdentity> releases);
/// The same in Markdown, with the traces that decide, and what each value gives. `today` is a date.
[[nodiscard]] std::string releases_page(std::span<const ReleaseIdentity> releases,
                                        std::string_view today);

}  // namespace vmadiff::cli
