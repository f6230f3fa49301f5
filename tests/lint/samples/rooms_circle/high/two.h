// high: a sample.
#include "low/one.h"
