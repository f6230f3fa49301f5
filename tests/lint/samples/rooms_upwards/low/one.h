// low: a sample.
#include "high/two.h"
