// model: naming anonymous memory. VMA by VMA, as advice goes: holes are passed over and reported at
// the end. Files that no directory has are anonymous here: memfds and what is behind shared memory.
#include <algorithm>

#include "model/calls.h"
#include "model/join.h"
#include "model/walk.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmaName;

namespace {

// Printable, and nothing that would look like another part of a line of /proc/PID/maps, or like a
// shell's.
bool may_be_in_a_name(char c) {
  constexpr std::string_view kRefused = "\\`$[]";
  return c >= ' ' && c <= '~' && kRefused.find(c) == std::string_view::npos;
}

Result check_name(VmaName name) {
  if (name.is_unreadable()) return fail(Errno::kEFAULT);
  const auto text = name.text();
  const bool is_good =
      text.size() <= spec::kVmaNameLengthMax && std::ranges::all_of(text, may_be_in_a_name);
  return is_good ? Result{} : fail(Errno::kEINVAL);
}

bool can_be_named(const Vma& vma, const spec::KernelProfile& profile) {
  if (vma.file.cls == FileClass::kAnonShared || vma.file.cls == FileClass::kMemfd) {
    return profile.shared_names == spec::SharedNames::kTaken;
  }
  return vma.file.is_none();
}

Result name_part(AddressSpace& space, Range range, const Vma& vma, VmaName name) {
  if (!can_be_named(vma, space.profile)) return fail(Errno::kEBADF);
  if (vma.name == name) return {};
  const spec::VmFlags own = vma.flags;
  const Result done = change_name(space, range, name);
  // The whole VMA has the flags of what was named, and loses the marks of what that merged with.
  if (done) space.vmas.at(range.start)->flags = own;
  // As madvise: the kernel is short of something (here: the map count limit).
  if (!done && done.error() == Errno::kENOMEM) return fail(Errno::kEAGAIN);
  return done;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::SetVmaName& call) {
  if (!space.setup->vma_names) return Outcome::fail(Errno::kEINVAL);
  if (const Result name = check_name(call.name); !name) return Outcome::fail(name.error());
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = spec::page_up(call.length);
  const Range range{call.addr, call.addr + length};
  if (length < call.length || range.end < range.start) return Outcome::fail(Errno::kEINVAL);

  const Result done = for_each_part(space, range, [&](Range part, const Vma& vma) {
    return name_part(space, part, vma, call.name);
  });
  if (!done) return Outcome::fail(done.error());
  return space.vmas.is_all_mapped(range) ? Outcome::ok() : Outcome::fail(Errno::kENOMEM);
}

}  // namespace vmadiff::model
