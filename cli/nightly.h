// cli: nightly makes the plan of a night (which stages there are, and what each asks), runs it, and
// shows how far it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nightly/stage.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

struct NightlyOptions {
  std::string budget;  ///< "2h"; empty with `operations`, or for the default
  std::optional<std::uint64_t> operations;
  std::string state;  ///< directory; empty: $XDG_STATE_HOME/vmadiff/nightly
  std::optional<std::uint64_t> seed;
  std::size_t jobs = 1;
  std::string corpus;   ///< directory; empty: the one beside the program's build, or here
  std::string fuzzers;  ///< directory of the libFuzzer executables; empty: beside the program
  std::string suites;   ///< the program of the RapidCheck suites; empty: beside the program
  std::string only;     ///< stages, separated by commas; empty: all
  std::string size = "2G";
  std::size_t nights = 60;  ///< that are kept
  bool json = false;
  bool ktap = false;
  std::string junit;
};

[[nodiscard]] process::ExitStatus nightly(const NightlyOptions& options);

/// 2 * 1024 * 1024 * 1024 for "2G"; nothing for what is no size.
[[nodiscard]] std::optional<std::uint64_t> bytes_of(std::string_view words);

}  // namespace vmadiff::cli
