// model: munmap. What is in the range goes; holes in it are no error.
#include "model/calls.h"
#include "model/mapping.h"

namespace vmadiff::model {

spec::Outcome run(AddressSpace& space, const spec::Munmap& call) {
  const Result unmapped = unmap(space, call.addr, call.length);
  return unmapped ? spec::Outcome::ok() : spec::Outcome::fail(unmapped.error());
}

}  // namespace vmadiff::model
