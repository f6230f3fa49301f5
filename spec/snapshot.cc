// spec: a VMA as one line of text.
#include "spec/snapshot.h"

#include <fmt/format.h>

namespace vmadiff::spec {

std::string text(const Vma& vma) {
  // /proc/PID/maps shows an offset only where there is a file.
  const std::uint64_t offset = vma.file.is_none() ? 0 : vma.pgoff << kPageShift;
  return fmt::format("{:08x}-{:08x} {} {:08x} {} [{}]", vma.start, vma.end,
                     permissions_text(vma.flags), offset, text(vma.file), vm_flags_text(vma.flags));
}

}  // namespace vmadiff::spec
