// impl: pkey_mprotect(2), with the key -1: the one that asks for no key.
#include "impl/calls.h"

namespace vmadiff::impl {

spec::Outcome sys_pkey_mprotect(MmStruct& mm, const spec::PkeyMprotect& call) {
  return sys_mprotect(mm, {call.addr, call.length, call.prot});
}

}  // namespace vmadiff::impl
