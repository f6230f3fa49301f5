// model: the pool of huge pages.
#include "model/huge_pool.h"

#include <algorithm>

namespace vmadiff::model {

void HugePool::start(const spec::Setup& setup) {
  surplus_max_ = setup.nr_overcommit_hugepages;
  now_ = {.free = setup.nr_hugepages, .reserved = 0, .surplus = 0};
}

bool HugePool::reserve(std::uint64_t count) {
  const std::uint64_t unpromised = now_.free - now_.reserved;
  if (count > unpromised) {
    const std::uint64_t missing = count - unpromised;
    if (missing > surplus_max_ - now_.surplus) return false;
    now_.free += missing;
    now_.surplus += missing;
  }
  now_.reserved += count;
  return true;
}

void HugePool::unreserve(std::uint64_t count) {
  now_.reserved -= count;
  const std::uint64_t going = std::min(count, now_.surplus);
  now_.free -= going;
  now_.surplus -= going;
}

void HugePool::take_reserved() {
  --now_.free;
  --now_.reserved;
}

bool HugePool::take() {
  if (now_.free > now_.reserved) {
    --now_.free;
    return true;
  }
  if (now_.surplus == surplus_max_) return false;
  ++now_.surplus;
  return true;
}

void HugePool::give_back() {
  if (now_.surplus != 0) {
    --now_.surplus;
  } else {
    ++now_.free;
  }
}

void HugePool::give_back_reserved() {
  ++now_.free;
  ++now_.reserved;
}

}  // namespace vmadiff::model
