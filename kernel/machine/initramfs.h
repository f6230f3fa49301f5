// kernel: the initial file system of a virtual machine, as the kernel's own documentation has it: a
// cpio archive in the "newc" format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vmadiff::kernel {

class Initramfs {
 public:
  // Paths begin without a slash; a directory stands before what is in it.
  void add_directory(std::string_view path);
  void add_program(std::string_view path, std::string_view content);
  void add_file(std::string_view path, std::string_view content);
  void add_character_device(std::string_view path, std::uint32_t major, std::uint32_t minor);
  /// The archive, with its end. The object is empty afterwards.
  [[nodiscard]] std::string finish();

 private:
  struct Node {
    std::uint32_t mode;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
  };
  void add(std::string_view path, const Node& node, std::string_view content);

  std::string bytes_;
  std::uint32_t inode_ = 0;
};

}  // namespace vmadiff::kernel
