// nightly: pruning.
#include "nightly/disk.h"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <vector>

#include "nightly/files.h"
#include "reports/store.h"

namespace vmadiff::nightly {

namespace fs = std::filesystem;

void tidy(const fs::path& stage) {
  constexpr std::size_t kOutputMax = std::size_t{256} << 10U;
  std::error_code ignored;
  for (const auto& file : files_in(stage)) {
    const auto name = file.filename().string();
    if (!name.starts_with("out") && !name.starts_with("err")) continue;
    if (fs::file_size(file, ignored) <= kOutputMax) continue;
    (void)reports::write_atomically(file, ends_of(text_of(file), kOutputMax));
  }
}

void sweep(const Places& places) {
  const auto is_left = [](const fs::path& file) {
    const auto suffix = file.extension().string();
    constexpr std::size_t kSuffix = 7;  // reports/store.cc: a dot, and what mkostemp makes of six X
    return suffix.size() == kSuffix && std::ranges::all_of(suffix.substr(1), [](unsigned char c) {
             return std::isalnum(c) != 0;
           });
  };
  std::vector<fs::path> left;
  std::error_code error;
  for (fs::recursive_directory_iterator at{places.state, error}, end; !error && at != end;
       at.increment(error)) {
    // What lies in a corpus has names of others' making.
    if (at->path() == places.state / "corpus") at.disable_recursion_pending();
    std::error_code ignored;
    if (at->is_regular_file(ignored) && is_left(at->path())) left.push_back(at->path());
  }
  for (const auto& file : left) fs::remove(file, error);
}

std::size_t prune(const Places& places, const std::string& present, std::size_t nights_max,
                  std::uint64_t bytes_max) {
  auto nights = nights_in(places);
  std::size_t removed = 0;
  for (const auto& night : nights) {
    if (night.filename() == present) continue;
    const bool is_too_many = nights.size() - removed > nights_max;
    if (!is_too_many && size_of(places.state) <= bytes_max) break;
    std::error_code ignored;
    // Its journal last: without it a night that is half removed would look like one that was
    // never begun, and with it like one that is done.
    for (const auto& entry : fs::directory_iterator{night, ignored}) {
      if (entry.path() != NightPlaces{night}.journal()) fs::remove_all(entry.path(), ignored);
    }
    fs::remove_all(night, ignored);
    ++removed;
  }
  return removed;
}

}  // namespace vmadiff::nightly
