// model: a userfaultfd is closed: what it watches is not watched any more, VMA by VMA, each as if
// it were unregistered.
#include "model/calls.h"
#include "model/userfault.h"
#include "model/walk.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

Outcome run(AddressSpace& space, const spec::UffdClose& call) {
  const std::uint64_t number = call.userfaultfd;
  if (number >= spec::kUserfaultfdCount || !space.userfaultfds.at(number))
    return Outcome::fail(Errno::kEBADF);
  // No VMA is cut, so nothing can be refused.
  const Result done = for_each_part(
      space, {0, space.setup->task_size}, [&space, number](Range part, const Vma& vma) -> Result {
        if (vma.userfaultfd != number + 1) return {};
        return change_watch(space, part, vma, vma.flags & ~spec::kVmUffd, 0);
      });
  space.userfaultfds.at(number).reset();
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
