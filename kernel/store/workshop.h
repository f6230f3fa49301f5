// kernel: where something is made ready before it is put where others look for it.
#pragma once

#include <filesystem>
#include <system_error>

namespace vmadiff::kernel {

/// A directory that is empty at the beginning and gone at the end of the scope.
class Workshop {
 public:
  explicit Workshop(std::filesystem::path path);
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void clear();

  std::filesystem::path path_;
};

/// Moves a directory to its place, instead of what is there. At no moment is there none, where the
/// file system can exchange names. A campaign that runs on the old one cannot boot another machine
/// of it.
[[nodiscard]] std::error_code put_in_place(const std::filesystem::path& ready,
                                           const std::filesystem::path& place);

}  // namespace vmadiff::kernel
