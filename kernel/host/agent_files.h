// kernel: the files that a sequence can map, opened once by the parent and inherited by each agent.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "kernel/agent/protocol.h"
#include "kernel/descriptor.h"
#include "spec/file.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// The agent's descriptor of a file; -1 for what an mmap cannot name. A file that this machine does
/// not have is a closed descriptor, hence EBADF.
[[nodiscard]] constexpr int descriptor_of(spec::FileId file) {
  if (file.cls == spec::FileClass::kNone || file.cls == spec::FileClass::kAnonShared ||
      file.cls == spec::FileClass::kOther || file.cls == spec::FileClass::kSysv ||
      file.number >= spec::kFilesPerClass)
    return -1;
  return kFirstFileDescriptor +
         static_cast<int>(file.cls) * static_cast<int>(spec::kFilesPerClass) +
         static_cast<int>(file.number);
}
static_assert(kFirstFileDescriptor + spec::kFileClassCount * spec::kFilesPerClass <=
              kDescriptorEnd);
static_assert(descriptor_of({spec::FileClass::kMemfd, 0}) == kFirstMemfdDescriptor);
static_assert(kMemfdCount == spec::kFilesPerClass);
static_assert(kMemfdSize == spec::kFileSizePages * spec::kPageSize);

struct OpenFile {
  spec::FileId id;
  Descriptor descriptor;  ///< in this process, at or above kDescriptorEnd
  int seals = 0;          ///< of a memfd, as it began (F_GET_SEALS)
};

/// System V segments, one for each of spec::kSegmentBytes, by what shmget gave them; -1 where they
/// cannot be had. They are marked to go as soon as nobody has them attached, and are attached in
/// this process for as long as the object lives: nothing stays behind, whoever dies.
class Segments {
 public:
  Segments() = default;
  Segments(Segments&& other) noexcept { *this = std::move(other); }
  Segments& operator=(Segments&& other) noexcept;
  ~Segments() { detach(); }

  /// Makes them; the errno where that is refused.
  [[nodiscard]] static std::expected<Segments, int> make();
  [[nodiscard]] const std::array<int, spec::kFilesPerClass>& ids() const { return ids_; }

 private:
  void detach();
  std::array<int, spec::kFilesPerClass> ids_{-1, -1, -1, -1};
  std::array<void*, spec::kFilesPerClass> attached_{};
};

struct AgentFiles {
  std::vector<OpenFile> files;
  Segments segments;
  /// Into which an agent copies what its /proc shows; of no sequence.
  Descriptor shown;
  /// One line for each class that is missing or not whole, with the way to get it.
  std::vector<std::string> notes;

  [[nodiscard]] std::uint32_t count(spec::FileClass cls) const;
};

/// Opens what this machine has; /dev/mem, as the driver that maps page frames, only where that is
/// asked for. The files have no names any more when this returns. A missing class
/// is a note; a fault is only what no class can do without.
[[nodiscard]] std::expected<AgentFiles, spec::ToolFault> open_agent_files(bool memory_device);

/// Whether the file is a memfd that has other seals by now than it began with.
[[nodiscard]] bool has_new_seals(const OpenFile& file);

/// Makes such a memfd anew, in the same descriptor: seals cannot be taken away.
[[nodiscard]] std::expected<void, spec::ToolFault> renew_memfd(OpenFile& file);

}  // namespace vmadiff::kernel
