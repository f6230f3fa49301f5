// impl: process_madvise(2), where the process is its own.
#include <algorithm>
#include <array>

#include "impl/calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// MAX_RW_COUNT: what an iov_iter has at most, bytes.
constexpr Address kMaxRwCount = 0x7ffff000;

struct Iovec {
  Address base = 0;
  Address length = 0;
};

/// process_madvise_remote_valid.
bool is_remote_valid(std::int32_t advice) {
  switch (advice) {
    case kMadvCold:
    case kMadvPageout:
    case kMadvWillneed:
    case kMadvCollapse:
      return true;
    default:
      return false;
  }
}

}  // namespace

Outcome sys_process_madvise(MmStruct& mm, const ProcessMadvise& call) {
  if (static_cast<std::uint32_t>(call.flags) != 0) return Outcome::fail(Errno::kEINVAL);
  // import_iovec
  std::array iov{Iovec{call.addr, call.length}, Iovec{call.second_addr, call.second_length}};
  const auto is_negative = [](const Iovec& one) { return (one.length >> 63) != 0; };
  if (std::ranges::any_of(iov, is_negative)) return Outcome::fail(Errno::kEINVAL);
  Address total = 0;
  for (Iovec& one : iov) {
    one.length = std::min(one.length, kMaxRwCount - total);
    total += one.length;
  }
  switch (mm.profile.own_process_madvise) {
    case OwnProcessMadvise::kNone:
      return Outcome::fail(is_remote_valid(call.advice) ? Errno::kEPERM : Errno::kEINVAL);
    case OwnProcessMadvise::kHints:
      if (!is_remote_valid(call.advice)) return Outcome::fail(Errno::kEINVAL);
      break;
    case OwnProcessMadvise::kAll:
      break;
    case OwnProcessMadvise::kKnown:
      if (!is_valid_advice(mm, call.advice)) return Outcome::fail(Errno::kEINVAL);
      break;
  }
  // vector_madvise
  Address count = total;
  Outcome last = Outcome::ok();
  for (std::size_t i = 0; count != 0; ++i) {
    last = sys_madvise(mm, {iov[i].base, iov[i].length, call.advice});
    if (!last.is_ok()) break;
    count -= iov[i].length;
  }
  return total != count ? Outcome::ok(total - count) : last;
}

}  // namespace vmadiff::impl
