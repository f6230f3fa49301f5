// model: a userfaultfd is made.
#include "model/calls.h"
#include "model/userfault.h"

namespace vmadiff::model {

spec::Outcome run(AddressSpace& space, const spec::UffdOpen& call) {
  const Result made = open_userfaultfd(space, call.userfaultfd, call.features);
  return made ? spec::Outcome::ok() : spec::Outcome::fail(made.error());
}

}  // namespace vmadiff::model
