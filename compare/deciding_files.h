// compare: the files of corpus/deciding as they were when this was built (compare/CMakeLists.txt
// writes the source).
#pragma once

#include <span>
#include <string_view>

namespace vmadiff::compare {

/// Each whole, in the order of their names.
[[nodiscard]] std::span<const std::string_view> deciding_files();

}  // namespace vmadiff::compare
