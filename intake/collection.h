// intake: what an importer gathers, with the program's own addresses and files, and the trace that
// it becomes once all of it is known: only then is it clear which memory was adjacent to which.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "intake/open_files.h"
#include "intake/page_set.h"
#include "intake/relocation.h"
#include "spec/trace_text.h"

namespace vmadiff::intake {

/// An address space from its execve on; children that come of fork have their parent's.
struct Image {
  PageSet used;      ///< all that was ever named or given
  spec::Range heap;  ///< start 0: not known
};

struct CollectedStep {
  std::size_t image = 0;
  spec::Step step;
  std::optional<FileIndex> file;  ///< of an mmap
  bool gives_address = false;     ///< its result is an address
};

/// A trace, and where each image's memory lies in it.
struct Collected {
  spec::Trace trace;
  std::vector<Relocation> relocations;  ///< of each image
  std::vector<std::string> notes;       ///< what happened on the way, one line each
};

class Collection {
 public:
  std::size_t new_image() {
    images_.emplace_back();
    return images_.size() - 1;
  }
  [[nodiscard]] Image& image(std::size_t index) { return images_[index]; }
  [[nodiscard]] OpenFiles& files() { return files_; }
  void add(const CollectedStep& step) { steps_.push_back(step); }
  /// A comment in front of the step that comes next; one line, without `#`.
  void comment(std::string_view text);
  [[nodiscard]] std::size_t size() const { return steps_.size(); }

  /// Takes the gathered. The error says which limit of a trace was passed.
  [[nodiscard]] std::expected<Collected, std::string> finish() &&;

 private:
  struct Comment {
    std::size_t before = 0;  ///< the step
    std::string text;
  };
  std::vector<Image> images_;
  OpenFiles files_;
  std::vector<CollectedStep> steps_;
  std::vector<Comment> comments_;
};

}  // namespace vmadiff::intake
