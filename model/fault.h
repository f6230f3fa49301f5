// model: what a page fault leaves behind that other calls can see: an anon_vma, a larger stack.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::model {

/// Gives a private VMA that has none its anon_vma: the next neighbour's if it can be shared, else
/// the previous one's, else a new one (anon_vma_prepare).
void prepare_anon_vma(AddressSpace& space, spec::Vma& vma);

/// Who cannot wait for a userfaultfd does not tell it of the pages that are missing, and goes
/// without them: it is not closed then. The anon_vma is there all the same.
enum class Waits : std::uint8_t { kNo, kYes };

/// Faults in the pages of `range` (within the VMA), for reading or writing; permissions are not
/// asked. The signal at the first page that cannot be: SIGSEGV for a guard, SIGBUS behind the end
/// of the VMA's object; a call says EFAULT for either. What was faulted in before that stays. The
/// VMA is another one afterwards where a userfaultfd was closed (spec::UffdRegister).
[[nodiscard]] Result fault_in(AddressSpace& space, spec::Vma& vma, spec::Range range,
                              spec::Access access, Waits waits = Waits::kYes);

/// Grows the stack above `page`, so that it begins there (expand_downwards). False where the next
/// VMA is no stack, something lies too near below, or a limit forbids it; the stack may have got an
/// anon_vma then all the same.
[[nodiscard]] bool grow_stack(AddressSpace& space, spec::Address page);

}  // namespace vmadiff::model
