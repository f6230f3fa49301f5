// model: munmap. What is in the range goes; holes in it are no error.
#include "model/calls.h"
#include "model/mapping.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

Outcome run(AddressSpace& space, const spec::Munmap& call) {
  const spec::Address task_size = space.setup->task_size;
  if (!spec::is_page_aligned(call.addr) || call.addr > task_size ||
      call.length > task_size - call.addr || call.length == 0) {
    return Outcome::fail(Errno::kEINVAL);
  }
  const spec::Range range{call.addr, call.addr + spec::page_up(call.length)};
  if (const Result cleared = clear_edges(space, range); !cleared) {
    return Outcome::fail(cleared.error());
  }
  space.vmas.remove(range);
  return Outcome::ok();
}

}  // namespace vmadiff::model
