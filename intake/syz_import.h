// intake: the memory calls of a syzkaller program as a trace. Pointers stay where the program's
// text has them (0x7f0000000000 on), behind what syzkaller's executor maps there before it runs a
// program.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "intake/losses.h"
#include "spec/trace_text.h"

namespace vmadiff::intake {

struct ImportedSyz {
  spec::Trace trace;
  std::vector<Loss> losses;
};

/// `name`: of the file, for messages. The error is one message, with FILE:LINE.
[[nodiscard]] std::expected<ImportedSyz, std::string> import_syz(const std::string& name,
                                                                 std::string_view text);

}  // namespace vmadiff::intake
