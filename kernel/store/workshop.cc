// kernel: making things ready.
#include "kernel/store/workshop.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <utility>

namespace vmadiff::kernel {

namespace fs = std::filesystem;

Workshop::Workshop(fs::path path) : path_(std::move(path)) {
  clear();
  std::error_code error;
  fs::create_directories(path_, error);
}

Workshop::~Workshop() { clear(); }

void Workshop::clear() {
  std::error_code error;
  fs::remove_all(path_, error);
}

std::error_code put_in_place(const fs::path& ready, const fs::path& place) {
  std::error_code error;
  fs::rename(ready, place, error);
  if (!error) return {};
  if (::renameat2(AT_FDCWD, ready.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0)
    return {};
  if (errno != EINVAL) return {errno, std::generic_category()};
  const fs::path old = ready.parent_path() / "old";
  fs::rename(place, old, error);
  if (error) return error;
  fs::rename(ready, place, error);
  std::error_code back;
  if (error) fs::rename(old, place, back);
  return error;
}

}  // namespace vmadiff::kernel
