// cli: explain tells a trace in words, step by step.
#pragma once

#include <string>

#include "process/exit_status.h"

namespace vmadiff::cli {

struct ExplainOptions {
  std::string path;
  std::string profile;  ///< empty: the trace's own, else the default
  bool json = false;    ///< one object a step instead of text
};

[[nodiscard]] process::ExitStatus explain_trace(const ExplainOptions& options);

}  // namespace vmadiff::cli
