// model: pkey_mprotect. Without a key (-1) it is mprotect; no other key is modelled.
#include "model/calls.h"

namespace vmadiff::model {

spec::Outcome run(AddressSpace& space, const spec::PkeyMprotect& call) {
  return run(space, spec::Mprotect{call.addr, call.length, call.prot});
}

}  // namespace vmadiff::model
