// properties: what all systems of a campaign can be asked, whatever part of the generator made it:
// the last word on every generated call.
#pragma once

#include "properties/generate/generator.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Makes the call one that is offered: a file's number one that there is. Where it cannot be (its
/// class of files, calls about KSM, PROT_EXEC alone, what a machine does not give), it becomes a
/// call that changes nothing, since a sequence's length is known before it is generated.
void make_offered(spec::Syscall& call, const GeneratorOptions& options);

}  // namespace vmadiff::properties
