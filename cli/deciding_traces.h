// cli: the traces by which a kernel shows its behaviours.
#pragma once

#include <span>
#include <string_view>

namespace vmadiff::cli {

struct DecidingTrace {
  std::string_view behaviour;  ///< spec::Behaviour::name
  std::string_view text;       ///< without results: the model says what each value gives
};

/// One or more for each behaviour. A kernel has the values with which the model does what it does.
[[nodiscard]] std::span<const DecidingTrace> deciding_traces();

}  // namespace vmadiff::cli
