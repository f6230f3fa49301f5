// spec: what can be said of a call without running it.
#include "spec/syscall.h"

#include <fmt/format.h>

#include <array>

namespace vmadiff::spec {
namespace {

/// Advice values that later stages model: not accepted yet, since no system here could be compared.
/// Every other value but the two of KSM is one that the kernel does not know (EINVAL).
constexpr bool is_advice_of_a_later_stage(std::int32_t advice) {
  return (advice >= 0 && advice <= 4) || (advice >= 8 && advice <= 11) ||
         (advice >= 14 && advice <= 25) || (advice >= 100 && advice <= 103);
}

struct Unmodelled {
  std::optional<std::string> operator()(const Mmap& call) const {
    if (const auto rest = call.flags & ~kMapModelled; rest != 0) {
      return fmt::format("mmap flags {:#x} are not modelled", rest);
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Madvise& call) const {
    if (is_advice_of_a_later_stage(call.advice)) {
      return fmt::format("madvise advice {} is not modelled", call.advice);
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Prctl& call) const {
    if (call.option != kPrSetMemoryMerge && call.option != kPrGetMemoryMerge) {
      return fmt::format("prctl option {} is not modelled", call.option);
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const auto&) const { return std::nullopt; }
};

std::optional<Range> rounded(Address addr, Address length) {
  const Address start = page_down(addr);
  Address end = addr + length;
  if (end < addr) end = ~Address{0};
  const Address up = page_up(end);
  return Range{start, up < end ? ~Address{0} : up};
}

struct NamedRange {
  std::optional<Range> operator()(const Mmap& call) const {
    const bool fixed = (call.flags & (kMapFixed | kMapFixedNoreplace)) != 0;
    if (!fixed) return std::nullopt;
    // A hugetlb file's length is rounded up to its page size.
    const bool huge = call.file.cls == FileClass::kHugetlb && (call.flags & kMapAnonymous) == 0;
    const Address padding = huge ? kHugePageSize : 0;
    const Address length =
        call.length + padding < call.length ? ~Address{0} : call.length + padding;
    return rounded(call.addr, length);
  }
  std::optional<Range> operator()(const Munmap& c) const { return rounded(c.addr, c.length); }
  std::optional<Range> operator()(const Mprotect& c) const { return rounded(c.addr, c.length); }
  std::optional<Range> operator()(const Madvise& c) const { return rounded(c.addr, c.length); }
  std::optional<Range> operator()(const Touch& c) const { return rounded(c.addr, c.length); }
  std::optional<Range> operator()(const Brk&) const { return std::nullopt; }
  std::optional<Range> operator()(const Prctl&) const { return std::nullopt; }
};

constexpr std::array<std::string_view, std::variant_size_v<Syscall>> kNames{
    "mmap", "munmap", "mprotect", "brk", "madvise", "prctl", "touch"};

}  // namespace

std::string_view name(const Syscall& call) { return kNames[call.index()]; }

std::optional<std::string> unmodelled_reason(const Syscall& call) {
  return std::visit(Unmodelled{}, call);
}

std::optional<Range> named_range(const Syscall& call) { return std::visit(NamedRange{}, call); }

}  // namespace vmadiff::spec
