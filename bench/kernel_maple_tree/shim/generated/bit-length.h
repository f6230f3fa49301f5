/* bench: the same, by the name that some releases know it by. */
#include "generated/autoconf.h"
