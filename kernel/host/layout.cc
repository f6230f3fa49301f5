// kernel: the direction in which mappings are placed.
#include "kernel/host/layout.h"

#include <sys/personality.h>

namespace vmadiff::kernel {
namespace {

constexpr unsigned long kAsk = 0xffffffff;

}  // namespace

bool has_legacy_layout() {
  const int now = ::personality(kAsk);
  return now != -1 && (now & ADDR_COMPAT_LAYOUT) != 0;
}

void take_legacy_layout() {
  const int now = ::personality(kAsk);
  if (now != -1) ::personality(static_cast<unsigned long>(now) | ADDR_COMPAT_LAYOUT);
}

}  // namespace vmadiff::kernel
