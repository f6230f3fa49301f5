// kernel/tree: the text of a kernel's source: what is asked of it, and what is cut out of it. A
// file or a name that is not there is a fault that says what was looked for, and where.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

class TreeSource {
 public:
  explicit TreeSource(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] bool has(std::string_view file) const;
  /// Whether the file is there and has the text in it.
  [[nodiscard]] bool says(std::string_view file, std::string_view text) const;
  [[nodiscard]] std::expected<std::string, spec::ToolFault> read(std::string_view file) const;

  /// "7.3.4", as the Makefile says.
  [[nodiscard]] std::expected<std::string, spec::ToolFault> version() const;

 private:
  std::filesystem::path directory_;
};

/// Where a function is defined in C text that is formatted as the kernel's is: its name and the
/// opening parenthesis in a line that begins with its type, its braces alone at the beginnings of
/// lines. [begin, end) with the type and the closing brace; `body` is where its brace opens.
struct FunctionText {
  std::size_t begin = 0;
  std::size_t body = 0;
  std::size_t end = 0;
};
[[nodiscard]] std::expected<FunctionText, std::string> find_function(std::string_view text,
                                                                     std::string_view name);

/// The text with the function's body gone: it is declared, and somebody else defines it.
[[nodiscard]] std::expected<std::string, std::string> without_body(std::string_view text,
                                                                   std::string_view name);

/// What stands in the parentheses of the function's definition, a parameter each, in one line each.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> parameters_of(
    std::string_view text, std::string_view name);

}  // namespace vmadiff::kernel
