// properties: the last word on a generated call.
#include "properties/generate/offered.h"

#include <algorithm>

#include "properties/claims/ksm_calls.h"
#include "spec/flags.h"

namespace vmadiff::properties {
namespace {

/// Whether the file of a call has a class that is offered; its number becomes one that there is.
bool has_file(spec::Syscall& call, const GeneratorOptions& options) {
  if (auto* seals = std::get_if<spec::AddSeals>(&call);
      seals != nullptr && !seals->file.is_none()) {
    seals->file.number %= std::max<std::uint32_t>(options.files_per_class, 1);
    return std::ranges::find(options.file_classes, seals->file.cls) != options.file_classes.end();
  }
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
  const bool is_offered = !spec::unmodelled_reason(call) && has_file(call, options) &&
                          (options.ksm_calls || !is_of_ksm(call)) &&
                          !spec::is_of_any(call, options.withheld);
  if (!is_offered) call = spec::Brk{0};
}

}  // namespace vmadiff::properties
