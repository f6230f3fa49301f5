// properties: the last word on a generated call.
#include "properties/generate/offered.h"

#include <algorithm>

#include "spec/flags.h"

namespace vmadiff::properties {
namespace {

bool is_of_ksm(const spec::Syscall& call) {
  const auto* madvise = std::get_if<spec::Madvise>(&call);
  return std::holds_alternative<spec::Prctl>(call) ||
         (madvise != nullptr &&
          (madvise->advice == spec::kMadvMergeable || madvise->advice == spec::kMadvUnmergeable));
}

/// Whether the file of an mmap has a class that is offered; its number becomes one that there is.
bool has_file(spec::Syscall& call, const GeneratorOptions& options) {
  auto* mmap = std::get_if<spec::Mmap>(&call);
  if (mmap == nullptr || mmap->file.is_none()) return true;
  mmap->file.number %= std::max<std::uint32_t>(options.files_per_class, 1);
  if (std::ranges::find(options.file_classes, mmap->file.cls) != options.file_classes.end()) {
    return true;
  }
  // Anonymous memory does not look at it.
  const bool is_ignored = (mmap->flags & spec::kMapAnonymous) != 0;
  if (is_ignored) mmap->file = {};
  return is_ignored;
}

}  // namespace

void make_offered(spec::Syscall& call, const GeneratorOptions& options) {
  const bool is_offered = has_file(call, options) && (options.ksm_calls || !is_of_ksm(call)) &&
                          !spec::is_of_any(call, options.withheld);
  if (!is_offered) call = spec::Brk{0};
}

}  // namespace vmadiff::properties
