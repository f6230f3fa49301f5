// spec: what can be said of a call without running it.
#include "spec/syscall.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmadiff::spec {
namespace {

struct Unmodelled {
  std::optional<std::string> operator()(const Mmap& call) const {
    if (const auto rest = call.flags & ~kMapModelled; rest != 0) {
      return fmt::format("mmap flags {:#x} are not modelled", rest);
    }
    // Whether there are such pages depends on the machine.
    if ((call.flags & kMapHugetlb) != 0 && (call.flags & kMapHugeSize) == kMapHuge1Gb) {
      return "huge pages of 1 GiB are not modelled";
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Madvise& call) const {
    // They take memory away from the whole machine.
    if (call.advice == kMadvHwpoison || call.advice == kMadvSoftOffline) {
      return fmt::format("madvise advice {} is not modelled", call.advice);
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const ProcessMadvise& call) const {
    if (auto reason = (*this)(Madvise{0, 0, call.advice})) return reason;
    // Where user space ends for this call depends on the processor.
    constexpr Address kNegative = Address{1} << 63;
    if (call.length >= kNegative || call.second_length >= kNegative) return std::nullopt;
    constexpr Address kEnd = 0x7ffffffff000;
    const auto is_beyond = [](Address addr, Address length) {
      return addr > kEnd || length > kEnd - addr;
    };
    if (is_beyond(call.addr, call.length) || is_beyond(call.second_addr, call.second_length)) {
      return "process_madvise beyond the end of the address space is not modelled";
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const AddSeals& call) const {
    // Whether fcntl looks at the upper half of its argument differs between kernels.
    if (call.seals >> 32 == 0) return std::nullopt;
    return fmt::format("seals {:#x} are not modelled", call.seals);
  }
  std::optional<std::string> operator()(const Prctl& call) const {
    constexpr bool (*kIsNamed)(std::uint64_t) = [](std::uint64_t option) {
      return std::ranges::find(kPrctlNames, option, &FlagName::bits) != kPrctlNames.end();
    };
    if (!kIsNamed(call.option)) return fmt::format("prctl option {} is not modelled", call.option);
    // What faults and MADV_COLLAPSE do then depends on pages.
    const bool is_refused = call.arg4 != 0 || call.arg5 != 0 ||
                            (call.arg3 & ~kThpDisableExceptAdvised) != 0 ||
                            (call.arg2 == 0 && call.arg3 != 0);
    const bool keeps_off = call.arg2 != 0 && call.arg3 == 0;
    if (call.option == kPrSetThpDisable && !is_refused && !keeps_off) {
      return "transparent huge pages that are on, be it for advised memory, are not modelled";
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Setrlimit& call) const {
    for (const auto& [resource, text] : kRlimitNames) {
      if (call.resource == resource) return std::nullopt;
    }
    return fmt::format("resource {} is not modelled", call.resource);
  }
  std::optional<std::string> operator()(const UffdOpen& call) const {
    constexpr std::uint64_t kModelled = kUffdEventFork | kUffdEventRemap | kUffdWpUnpopulated |
                                        kUffdWpAsync | kUffdRwp | kUffdRwpAsync;
    if (const auto rest = call.features & ~kModelled; rest != 0) {
      return fmt::format("userfaultfd features {:#x} are not modelled", rest);
    }
    return std::nullopt;
  }
  std::optional<std::string> operator()(const Mbind& call) const {
    // Its answer depends on where the pages are.
    if ((call.flags & kMpolMfStrict) != 0) return "MPOL_MF_STRICT is not modelled";
    return reason_against_nodes(call.nodes);
  }
  std::optional<std::string> operator()(const SetMempolicy& call) const {
    return reason_against_nodes(call.nodes);
  }
  std::optional<std::string> operator()(const auto&) const { return std::nullopt; }

 private:
  static std::optional<std::string> reason_against_nodes(std::uint64_t nodes) {
    if (nodes > kNodesMask) return fmt::format("nodes above {} are not modelled", kNodeCount - 1);
    return std::nullopt;
  }
};

std::optional<Range> rounded(Address addr, Address length) {
  const Address start = page_down(addr);
  Address end = addr + length;
  if (end < addr) end = ~Address{0};
  const Address up = page_up(end);
  return Range{start, up < end ? ~Address{0} : up};
}

template <typename Call>
concept HasRange = requires(const Call& c) {
  c.addr;
  c.length;
};

struct RangesOf {
  NamedRanges operator()(const Mmap& call) const {
    const bool fixed = (call.flags & (kMapFixed | kMapFixedNoreplace)) != 0;
    if (!fixed) return {};
    // A hugetlb file's length is rounded up to its page size.
    const bool huge = (call.flags & kMapAnonymous) == 0 ? call.file.cls == FileClass::kHugetlb
                                                        : (call.flags & kMapHugetlb) != 0;
    const Address padding = huge ? kHugePageSize : 0;
    const Address length =
        call.length + padding < call.length ? ~Address{0} : call.length + padding;
    return {rounded(call.addr, length), std::nullopt};
  }
  NamedRanges operator()(const Mremap& call) const {
    NamedRanges out{rounded(call.addr, call.length), std::nullopt};
    if ((call.flags & kMremapFixed) != 0) {
      out.second = rounded(call.new_addr, std::max(call.length, call.new_length));
    }
    return out;
  }
  NamedRanges operator()(const Shmat& call) const {
    if (call.addr == 0 || call.segment >= kFilesPerClass) return {};
    return {rounded(page_down(call.addr), kSegmentBytes[call.segment]), std::nullopt};
  }
  NamedRanges operator()(const ProcessMadvise& call) const {
    NamedRanges out{rounded(call.addr, call.length), std::nullopt};
    if (call.has_second()) out.second = rounded(call.second_addr, call.second_length);
    return out;
  }
  template <typename Call>
  NamedRanges operator()(const Call& call) const {
    if constexpr (HasRange<Call>) return {rounded(call.addr, call.length), std::nullopt};
    return {};
  }
};

constexpr std::array<std::string_view, std::variant_size_v<Syscall>> kCallNames{"mmap",
                                                                                "munmap",
                                                                                "mprotect",
                                                                                "brk",
                                                                                "madvise",
                                                                                "prctl",
                                                                                "touch",
                                                                                "mremap",
                                                                                "mlock",
                                                                                "mlock2",
                                                                                "munlock",
                                                                                "mlockall",
                                                                                "munlockall",
                                                                                "mseal",
                                                                                "pkey_mprotect",
                                                                                "remap_file_pages",
                                                                                "setrlimit",
                                                                                "fork",
                                                                                "exec",
                                                                                "exit",
                                                                                "uffd_register",
                                                                                "uffd_unregister",
                                                                                "mbind",
                                                                                "set_mempolicy",
                                                                                "set_vma_name",
                                                                                "uffd_open",
                                                                                "uffd_close",
                                                                                "shmat",
                                                                                "shmdt",
                                                                                "pkey_alloc",
                                                                                "pkey_free",

                                                                                "msync",
                                                                                "add_seals",
                                                                                "process_madvise",
                                                                                "uffd_writeprotect",
                                                                                "uffd_rwprotect"};

}  // namespace

static_assert(std::ranges::none_of(kCallNames, &std::string_view::empty), "each call has a name");

std::string_view name(const Syscall& call) { return kCallNames[call.index()]; }

std::span<const std::string_view> call_names() { return kCallNames; }

std::optional<std::string> unmodelled_reason(const Syscall& call) {
  return std::visit(Unmodelled{}, call);
}

NamedRanges named_ranges(const Syscall& call) { return std::visit(RangesOf{}, call); }

}  // namespace vmadiff::spec
