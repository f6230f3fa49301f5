// intake: what of a source could not be kept, each kind once: where it was met first, and how
// often. Nothing is left out without standing here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::intake {

/// A line of a source: which of the files, and the 1-based line.
struct Place {
  std::size_t file = 0;
  std::size_t line = 0;
};

struct Loss {
  std::string what;  ///< one line: what, and what became of it
  Place first;
  std::size_t count = 0;
};

class Losses {
 public:
  void add(std::string_view what, Place place) {
    for (Loss& loss : list_) {
      if (loss.what != what) continue;
      ++loss.count;
      return;
    }
    list_.push_back({std::string{what}, place, 1});
  }
  [[nodiscard]] const std::vector<Loss>& list() const { return list_; }

 private:
  std::vector<Loss> list_;
};

}  // namespace vmadiff::intake
