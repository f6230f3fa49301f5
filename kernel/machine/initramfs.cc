// kernel: writing a cpio archive.
#include "kernel/machine/initramfs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <iterator>
#include <utility>

namespace vmadiff::kernel {
namespace {

constexpr std::size_t kAlignment = 4;
constexpr std::string_view kEnd = "TRAILER!!!";

}  // namespace

void Initramfs::add_directory(std::string_view path) { add(path, {.mode = S_IFDIR | 0755}, {}); }

void Initramfs::add_program(std::string_view path, std::string_view content) {
  add(path, {.mode = S_IFREG | 0755}, content);
}

void Initramfs::add_file(std::string_view path, std::string_view content) {
  add(path, {.mode = S_IFREG | 0644}, content);
}

void Initramfs::add_character_device(std::string_view path, std::uint32_t major,
                                     std::uint32_t minor) {
  add(path, {.mode = S_IFCHR | 0600, .device_major = major, .device_minor = minor}, {});
}

std::string Initramfs::finish() {
  add(kEnd, {.mode = 0}, {});
  inode_ = 0;
  return std::exchange(bytes_, {});
}

void Initramfs::add(std::string_view path, const Node& node, std::string_view content) {
  const std::size_t links = (node.mode & S_IFMT) == S_IFDIR ? 2 : 1;
  // magic, inode, mode, uid, gid, links, time, size, device of the file system (2), device that it
  // stands for (2), length of the name with its zero, no checksum.
  fmt::format_to(std::back_inserter(bytes_),
                 "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}"
                 "{:08X}",
                 ++inode_, node.mode, 0, 0, links, 0, content.size(), 0, 0, node.device_major,
                 node.device_minor, path.size() + 1, 0);
  const auto pad = [this] { bytes_.append(-bytes_.size() % kAlignment, '\0'); };
  bytes_ += path;
  bytes_.push_back('\0');
  pad();
  bytes_ += content;
  pad();
}

}  // namespace vmadiff::kernel
