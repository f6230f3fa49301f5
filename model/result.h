// model: how a step of a call says that it failed: with the errno that the call then gives.
#pragma once

#include <expected>

#include "spec/errno.h"

namespace vmadiff::model {

using Result = std::expected<void, spec::Errno>;
[[nodiscard]] constexpr std::unexpected<spec::Errno> fail(spec::Errno e) {
  return std::unexpected{e};
}

}  // namespace vmadiff::model
