// kernel/tree: which lines of a tree's code the addresses in a sanitizer's report are. Its runtime
// knows the libraries that were there when it first looked, and an object is loaded again and
// again.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace vmadiff::kernel {

/// Addresses in an object, with their places: "mm/vma.c:440 in vma_complete". Each is asked of
/// binutils once. Not thread-safe.
class SourceLines {
 public:
  /// `object` is a file with what is loaded.
  explicit SourceLines(std::filesystem::path object) : object_(std::move(object)) {}

  /// The report with places in place of "(/proc/self/fd/6+0x5f23cd)", as the loader calls a loaded
  /// object, and without the tool's own frames below them.
  [[nodiscard]] std::string in(std::string_view report);

 private:
  void look_up(std::string_view report);

  std::filesystem::path object_;
  std::map<std::string, std::string, std::less<>> known_;  ///< by "0x5f23cd"
};

}  // namespace vmadiff::kernel
