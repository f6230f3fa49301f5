// intake: descriptors. What a file is to mmap follows from how it was opened and from its path;
// whether two mappings are of one file, from the open that both came from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/strace_call.h"
#include "spec/file.h"

namespace vmadiff::intake {

/// One open of a file. Its class is none for what a trace has no file for: a socket, a driver's.
struct OpenFile {
  spec::FileClass cls = spec::FileClass::kNone;
  std::string path;              ///< as strace shows it, or empty
  std::uint64_t offset_end = 0;  ///< bytes: the highest that was mapped
  bool is_used = false;          ///< it was mapped
};

/// By its path; `writable`: it was not opened O_RDONLY.
[[nodiscard]] spec::FileClass file_class_of(std::string_view path, bool writable);

/// What a call that opens a file opened; nothing for a descriptor of what is no file.
[[nodiscard]] std::optional<OpenFile> opened_by(const StraceCall& call);

/// All opens of a log; a FileIndex stays what it is.
using FileIndex = std::size_t;
using OpenFiles = std::vector<OpenFile>;

/// The descriptors of a process, or of several that share them.
class DescriptorTable {
 public:
  /// What a call of CallKind::kDescriptor does.
  void apply(const StraceCall& call, OpenFiles& files);
  /// The file behind a descriptor; with -y a path, which counts where no open was seen.
  [[nodiscard]] std::optional<FileIndex> find(const DescriptorWord& word, OpenFiles& files);
  void set(std::int64_t descriptor, FileIndex file) { table_[descriptor] = file; }

 private:
  std::map<std::int64_t, FileIndex> table_;
};

}  // namespace vmadiff::intake
