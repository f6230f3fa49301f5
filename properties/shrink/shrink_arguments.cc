// properties: simpler arguments of one call at a time: fewer pages, plainer flags, file 0, offset
// 0, no hint. Each candidate weighs less than the call it comes from.
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>
#include <rapidcheck/shrink/Shrink.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "properties/shrink/plainer.h"
#include "properties/shrink/shrink.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Step;

std::vector<Address> shorter_lengths(Address length) {
  std::vector<Address> out;
  const auto add = [&](Address l) {
    if (l != 0 && l < length && std::ranges::find(out, l) == out.end()) out.push_back(l);
  };
  // From the shortest up: the first that will do is as short as is needed, but for a factor of
  // four.
  for (Address l = spec::kPageSize; l < length && l != 0; l *= 4) add(l);
  add(spec::kHugePageSize);
  add(spec::page_down(length / 2));
  add(spec::page_down(length - 1));
  return out;
}

class Simplify {
 public:
  explicit Simplify(Address start_brk) : start_brk_(start_brk) {}

  std::vector<spec::Syscall> operator()(const spec::Mmap& call) const {
    std::vector<spec::Syscall> out;
    const auto add = [&](auto change) {
      spec::Mmap simpler = call;
      change(simpler);
      if (simpler != call) out.emplace_back(simpler);
    };
    const bool fixed = (call.flags & kPlacement) != 0;
    const bool anonymous = (call.flags & spec::kMapAnonymous) != 0;
    if (!fixed) add([](auto& c) { c.addr = 0; });
    // A hint that matters is a place.
    if (!fixed && call.addr != 0) {
      add([](auto& c) {
        c.addr = spec::page_down(c.addr);
        c.flags |= spec::kMapFixed;
      });
    }
    if (!anonymous || !call.file.is_none()) {
      add([](auto& c) {
        c.flags = (c.flags & kPlacement) | spec::kMapPrivate | spec::kMapAnonymous;
        c.file = {};
        c.offset = 0;
      });
    }
    if (anonymous) add([](auto& c) { c.file = {}; });
    add([](auto& c) { c.file.number = 0; });
    add([](auto& c) { c.offset = 0; });
    add([](auto& c) { c.offset = spec::page_down(c.offset); });
    if ((call.flags & spec::kMapType) != spec::kMapPrivate) {
      add([](auto& c) { c.flags = (c.flags & ~spec::kMapType) | spec::kMapPrivate; });
    }
    if ((call.flags & spec::kMapFixedNoreplace) != 0) {
      add([](auto& c) { c.flags = (c.flags & ~spec::kMapFixedNoreplace) | spec::kMapFixed; });
    }
    constexpr auto kNeeded = spec::kMapType | kPlacement | spec::kMapAnonymous;
    for (std::uint64_t bit = 1; bit != 0 && bit <= call.flags; bit <<= 1) {
      if ((bit & kNeeded) == 0) add([bit](auto& c) { c.flags &= ~bit; });
    }
    add([](auto& c) { c.flags &= ~(spec::kMapHugetlb | spec::kMapHugeSize); });
    for (const auto prot : plainer_prots(call.prot)) add([prot](auto& c) { c.prot = prot; });
    for (const auto l : shorter_lengths(call.length)) add([l](auto& c) { c.length = l; });
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Mprotect& call) const {
    auto out = ranges(call);
    for (const auto prot : plainer_prots(call.prot)) {
      out.emplace_back(spec::Mprotect{call.addr, call.length, prot});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Brk& call) const {
    std::vector<spec::Syscall> out;
    if (call.addr <= start_brk_) return out;
    const Address over = call.addr - start_brk_;
    for (const Address l : shorter_lengths(over)) out.emplace_back(spec::Brk{start_brk_ + l});
    // No shorter, but a whole page; nothing makes a part of a page of it again.
    if (!spec::is_page_aligned(call.addr)) out.emplace_back(spec::Brk{spec::page_up(call.addr)});
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Prctl& call) const {
    std::vector<spec::Syscall> out;
    const auto add = [&](spec::Prctl simpler) {
      if (simpler != call) out.emplace_back(simpler);
    };
    const bool must_stay = call.option == spec::kPrSetThpDisable && call.arg2 == 0;
    if (!must_stay) add({.option = call.option, .arg2 = call.arg2});
    if (call.arg2 > 1 && call.option != spec::kPrSetThpDisable) {
      add({call.option, 1, call.arg3, call.arg4, call.arg5});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Mremap& call) const {
    std::vector<spec::Syscall> out;
    const auto add = [&](spec::Mremap simpler) {
      if (simpler != call) out.emplace_back(simpler);
    };
    for (const std::uint64_t bit :
         {spec::kMremapDontunmap, spec::kMremapFixed, spec::kMremapMaymove}) {
      auto simpler = call;
      simpler.flags &= ~bit;
      if ((simpler.flags & (spec::kMremapFixed | spec::kMremapDontunmap)) == 0) {
        simpler.new_addr = 0;
      }
      add(simpler);
    }
    const auto with_lengths = [&](Address old_length, Address new_length) {
      auto simpler = call;
      simpler.length = old_length;
      simpler.new_length = new_length;
      add(simpler);
    };
    for (const Address l : shorter_lengths(call.length)) {
      with_lengths(l, call.new_length == call.length ? l : call.new_length);
    }
    for (const Address l : shorter_lengths(call.new_length)) with_lengths(call.length, l);
    return out;
  }
  /// What is mapped already may be more than the limit: mostly it matters only that it is low.
  std::vector<spec::Syscall> operator()(const spec::Setrlimit& call) const {
    std::vector<spec::Syscall> out;
    for (const std::uint64_t value :
         {std::uint64_t{0}, spec::page_down(call.limit / 2), spec::page_down(call.limit)}) {
      if (value < call.limit) out.emplace_back(spec::Setrlimit{call.resource, value});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Mlock2& call) const {
    auto out = ranges(call);
    out.emplace_back(spec::Mlock{call.addr, call.length});
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::PkeyMprotect& call) const {
    auto out = ranges(call);
    out.emplace_back(spec::Mprotect{call.addr, call.length, call.prot});
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::PkeyAlloc& call) const {
    std::vector<spec::Syscall> out;
    if (call != spec::PkeyAlloc{}) out.emplace_back(spec::PkeyAlloc{});
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Shmat& call) const {
    std::vector<spec::Syscall> out;
    for (const std::uint64_t bit :
         {call.flags &
              ~std::uint64_t{spec::kShmRdonly | spec::kShmRnd | spec::kShmRemap | spec::kShmExec},
          spec::kShmExec, spec::kShmRdonly, spec::kShmRnd, spec::kShmRemap}) {
      if ((call.flags & bit) != 0) {
        out.emplace_back(spec::Shmat{call.segment, call.addr, call.flags & ~bit});
      }
    }
    if (!spec::is_page_aligned(call.addr)) {
      out.emplace_back(spec::Shmat{call.segment, spec::page_down(call.addr), call.flags});
    }
    if (call.segment != 0) out.emplace_back(spec::Shmat{0, call.addr, call.flags});
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Mlockall& call) const {
    std::vector<spec::Syscall> out;
    for (const std::uint64_t bit : {spec::kMclOnfault, spec::kMclFuture, spec::kMclCurrent}) {
      if ((call.flags & bit) != 0) out.emplace_back(spec::Mlockall{call.flags & ~bit});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Mbind& call) const {
    auto out = ranges(call);
    const auto add = [&](spec::Mbind simpler) {
      if (simpler != call) out.emplace_back(simpler);
    };
    add({call.addr, call.length, call.mode, call.mode_flags, call.nodes, 0});
    add({call.addr, call.length, call.mode, 0, call.nodes, call.flags});
    if (call.mode != spec::kMpolDefault && call.mode != spec::kMpolBind) {
      add({call.addr, call.length, spec::kMpolBind, call.mode_flags, 1, call.flags});
    }
    return out;
  }
  /// A plain name, unless it is the absence of one that counts.
  std::vector<spec::Syscall> operator()(const spec::SetVmaName& call) const {
    auto out = ranges(call);
    const auto plain = spec::VmaName::of("a");
    if (!call.name.is_none() && call.name != plain) {
      out.emplace_back(spec::SetVmaName{call.addr, call.length, plain});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::UffdOpen& call) const {
    std::vector<spec::Syscall> out;
    for (std::uint64_t bit = 1; bit != 0 && bit <= call.features; bit <<= 1) {
      if ((call.features & bit) != 0)
        out.emplace_back(spec::UffdOpen{call.userfaultfd, call.features & ~bit});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::UffdRegister& call) const {
    auto out = ranges(call);
    for (const std::uint64_t bit :
         {spec::kUffdModeMissing, spec::kUffdModeWp, spec::kUffdModeMinor, spec::kUffdModeRwp}) {
      if ((call.mode & bit) == 0 || call.mode == bit) continue;
      out.emplace_back(
          spec::UffdRegister{call.addr, call.length, call.mode & ~bit, call.userfaultfd});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::Msync& call) const {
    auto out = ranges(call);
    for (const std::uint64_t bit : {spec::kMsInvalidate, spec::kMsAsync, spec::kMsSync}) {
      if ((call.flags & bit) == 0) continue;
      out.emplace_back(spec::Msync{call.addr, call.length, call.flags & ~bit});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::AddSeals& call) const {
    std::vector<spec::Syscall> out;
    if (call.file.number != 0) out.emplace_back(spec::AddSeals{{call.file.cls, 0}, call.seals});
    for (const auto& [bit, name] : spec::kSealNames) {
      if ((call.seals & bit) != 0) out.emplace_back(spec::AddSeals{call.file, call.seals & ~bit});
    }
    return out;
  }
  std::vector<spec::Syscall> operator()(const spec::ProcessMadvise& call) const {
    std::vector<spec::Syscall> out{spec::Madvise{call.addr, call.length, call.advice}};
    if (call.has_second()) {
      out.emplace_back(spec::Madvise{call.second_addr, call.second_length, call.advice});
      out.emplace_back(spec::ProcessMadvise{call.addr, call.length, 0, 0, call.advice, call.flags});
    }
    for (auto& shorter : ranges(call)) out.push_back(shorter);
    // A length that is refused is modelled anywhere, a shorter one is not.
    std::erase_if(out, [](const spec::Syscall& c) { return spec::unmodelled_reason(c); });
    return out;
  }
  template <typename Call>
  std::vector<spec::Syscall> operator()(const Call& call) const {
    if constexpr (requires { call.length; }) return ranges(call);
    return {};
  }

 private:
  /// Shorter from behind, then from the front.
  template <typename Call>
  static std::vector<spec::Syscall> ranges(const Call& call) {
    std::vector<spec::Syscall> out;
    Call aligned = call;
    aligned.addr = spec::page_down(call.addr);
    if (aligned != call) out.emplace_back(aligned);
    for (const Address l : shorter_lengths(call.length)) {
      Call behind = call;
      behind.length = l;
      out.emplace_back(behind);
      Call front = behind;
      front.addr += spec::page_down(call.length - l);
      if (front != behind) out.emplace_back(front);
    }
    return out;
  }

  Address start_brk_;
};

/// The length of a call that has one, or null.
Address* length_in(spec::Syscall& call) {
  return std::visit(
      [](auto& c) -> Address* {
        if constexpr (requires { c.length; }) return &c.length;
        return nullptr;
      },
      call);
}

/// All lengths (mremap's new ones, too) that are `from` become `to`.
spec::Sequence with_length(spec::Sequence sequence, Address from, Address to) {
  for (Step& step : sequence) {
    Address* const length = length_in(step.call);
    if (length != nullptr && *length == from) *length = to;
    auto* const mremap = std::get_if<spec::Mremap>(&step.call);
    if (mremap != nullptr && mremap->new_length == from) mremap->new_length = to;
  }
  return sequence;
}

/// What several calls name by the same length is made shorter in all of them at once, the longest
/// first: memory that is mapped, and what is then done with all of it.
rc::Seq<spec::Sequence> with_equal_lengths_shorter(const spec::Sequence& sequence) {
  std::map<Address, std::size_t, std::greater<>> count;
  for (const Step& step : sequence) {
    spec::Syscall call = step.call;
    if (const Address* length = length_in(call)) ++count[*length];
    if (const auto* mremap = std::get_if<spec::Mremap>(&call)) ++count[mremap->new_length];
  }
  std::vector<std::pair<Address, Address>> changes;
  constexpr std::size_t kLengthsMax = 16;
  for (const auto& [length, times] : count) {
    if (times < 2 || changes.size() > kLengthsMax * kLengthsMax) continue;
    for (const Address shorter : shorter_lengths(length)) changes.emplace_back(length, shorter);
  }
  return rc::seq::map(rc::seq::fromContainer(std::move(changes)), [sequence](const auto& change) {
    return with_length(sequence, change.first, change.second);
  });
}

}  // namespace

rc::Seq<spec::Sequence> with_simpler_arguments(const spec::Sequence& sequence,
                                               const Landmarks& landmarks) {
  const Address start_brk = landmarks.start_brk;
  auto each = rc::shrink::eachElement(sequence, [start_brk](const Step& step) {
    std::vector<Step> out;
    if (step.process != 0) out.push_back({0, step.call, step.expected});
    for (auto& call : std::visit(Simplify{start_brk}, step.call)) {
      out.push_back({step.process, call, step.expected});
    }
    return rc::seq::fromContainer(std::move(out));
  });
  return rc::seq::concat(with_equal_lengths_shorter(sequence), std::move(each));
}

}  // namespace vmadiff::properties
