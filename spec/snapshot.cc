// spec: a VMA as one line of text.
#include "spec/snapshot.h"

#include <fmt/format.h>

namespace vmadiff::spec {

std::string text(const Vma& vma) {
  // /proc/PID/maps shows an offset only where there is a file.
  const std::uint64_t offset = vma.file.is_none() ? 0 : vma.pgoff << kPageShift;
  auto out =
      fmt::format("{:08x}-{:08x} {} {:08x} {} [{}]", vma.start, vma.end,
                  permissions_text(vma.flags), offset, text(vma.file), vm_flags_text(vma.flags));
  if (const auto name = name_text(vma); !name.empty()) out += ' ' + name;
  return out;
}

std::string name_text(const Vma& vma) {
  if (vma.name.is_none() || vma.name.is_unseen()) return {};
  return fmt::format("[{}:{}]", vma.file.is_none() ? "anon" : "anon_shmem", vma.name.text());
}

}  // namespace vmadiff::spec
