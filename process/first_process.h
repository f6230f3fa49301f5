// process: the first process of a pid namespace (a container without an init), which has duties.
#pragma once

namespace vmadiff::process {

/// Where this process inherits the children of others, as the first of a pid namespace does and a
/// subreaper: goes on in a child, while this one only takes away what ends, passes signals on, and
/// ends as the child does. As the first process of a machine, in an initramfs that has nothing
/// else, it mounts proc, sysfs and devtmpfs where nothing is, and its end switches the machine off,
/// with a line that says the status. Elsewhere nothing happens. To be called before anything else
/// is done.
void stand_in_for_init();

}  // namespace vmadiff::process
