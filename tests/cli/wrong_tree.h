// tests of cli: a kernel's source with something wrong in it. Its place is the same every time, so
// that only what is changed is compiled again.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace vmadiff::tests {

/// Links to all of linux-7.3's source but mm/, where the files are links. The error says why there
/// is none: a test then skips.
class WrongTree {
 public:
  [[nodiscard]] static std::expected<WrongTree, std::string> make(const std::filesystem::path& at);

  [[nodiscard]] std::string path() const { return directory_.string(); }
  /// As the kernel has it, but that behind the first `here` of the file in mm/ stands `more`.
  void insert(const std::string& file, std::string_view here, std::string_view more) const;

 private:
  WrongTree(std::filesystem::path directory, std::filesystem::path source)
      : directory_(std::move(directory)), source_(std::move(source)) {}
  std::filesystem::path directory_;
  std::filesystem::path source_;
};

}  // namespace vmadiff::tests
