// model: the pool of huge pages.
#include "model/huge_pool.h"

#include <algorithm>

namespace vmadiff::model {

void HugePool::start(const spec::Setup& setup) {
  surplus_max_ = setup.nr_overcommit_hugepages;
  now_ = {.free = setup.nr_hugepages, .reserved = 0, .surplus = 0};
}

std::int64_t HugePool::unpromised() const {
  return static_cast<std::int64_t>(now_.free - now_.reserved);
}

bool HugePool::reserve(std::uint64_t count) {
  if (const auto wanted = static_cast<std::int64_t>(count); wanted > unpromised()) {
    const auto missing = static_cast<std::uint64_t>(wanted - unpromised());
    if (missing > surplus_max_ - now_.surplus) return false;
    now_.free += missing;
    now_.surplus += missing;
  }
  now_.reserved += count;
  if (count <= now_.free) return true;
  unreserve(count);
  return false;
}

void HugePool::unreserve(std::uint64_t count) {
  now_.reserved -= count;
  const std::uint64_t going = std::min({count, now_.surplus, now_.free});
  now_.free -= going;
  now_.surplus -= going;
}

bool HugePool::take_reserved() {
  if (now_.free != 0) {
    --now_.free;
  } else if (now_.surplus != surplus_max_) {
    ++now_.surplus;
  } else {
    return false;
  }
  --now_.reserved;
  return true;
}

bool HugePool::take() {
  if (unpromised() != 0 && now_.free != 0) {
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
  give_back();
  ++now_.reserved;
}

}  // namespace vmadiff::model
