// spec: parts of calls, matched and named by what each call shows of its arguments.
#include "spec/call_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <utility>
#include <variant>

namespace vmadiff::spec {
namespace {

/// What Syscall's visitor shows and no part asks for.
struct Ignored {
  void range(Address, Address) {}
  void address(Address) {}
  void optional_address(Address) {}
  void length(Address) {}
  void offset(std::uint64_t) {}
  void file(FileId) {}
  void access(Access) {}
  void number(std::uint64_t) {}
  void optional_number(std::uint64_t) {}
  void unused(std::uint64_t) {}
  void vma_name(VmaName) {}
};

/// A signed choice as the kernel would widen it.
template <std::integral T>
std::uint64_t widened(T value) {
  const auto wide = static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(wide);
}

constexpr bool has_all(std::uint64_t bits, std::uint64_t wanted) {
  return (bits & wanted) == wanted;
}

class Match : public Ignored {
 public:
  explicit Match(const CallPart& part) : part_(part) {}

  void prot(std::uint64_t p) { note(CallPart::Argument::kProt, has_all(p, part_.value)); }
  // The type is a number in the flags' low bits, and asked for by none.
  void map_flags(std::uint64_t f) { bits(f, {}); }
  void bits(std::uint64_t value, std::span<const FlagName>) {
    note(CallPart::Argument::kFlags, has_all(value, part_.value));
  }
  void choice(std::integral auto value, std::span<const FlagName>) {
    note(CallPart::Argument::kChoice, widened(value) == part_.value);
  }

  [[nodiscard]] bool is_met() const { return is_met_; }

 private:
  void note(CallPart::Argument argument, bool meets) {
    is_met_ = is_met_ || (argument == part_.argument && meets);
  }
  const CallPart& part_;
  bool is_met_ = false;
};

/// Writes the part's value as the argument of its kind is written.
class Words : public Ignored {
 public:
  explicit Words(const CallPart& part) : part_(part) {}

  void prot(std::uint64_t) { name_bits(CallPart::Argument::kProt, kProtNames); }
  void map_flags(std::uint64_t) {
    if (part_.value == kMapDroppable) return name_bits(CallPart::Argument::kFlags, kMapTypeNames);
    name_bits(CallPart::Argument::kFlags, kMapFlagNames);
  }
  void bits(std::uint64_t, std::span<const FlagName> names) {
    name_bits(CallPart::Argument::kFlags, names);
  }
  void choice(std::integral auto, std::span<const FlagName> names) {
    if (part_.argument != CallPart::Argument::kChoice) return;
    for (const FlagName& name : names) {
      if (widened(name.bits) == part_.value) words_ = name.name;
    }
  }

  [[nodiscard]] std::string take() {
    return words_.empty() ? fmt::format("{:#x}", part_.value) : std::move(words_);
  }

 private:
  void name_bits(CallPart::Argument argument, std::span<const FlagName> names) {
    if (part_.argument != argument) return;
    for (const FlagName& name : names) {
      if (name.bits == 0 || !has_all(part_.value, name.bits)) continue;
      words_ += fmt::format("{}{}", words_.empty() ? "" : "|", name.name);
    }
  }
  const CallPart& part_;
  std::string words_;
};

template <std::size_t... I>
Syscall call_of_index(std::size_t index, std::index_sequence<I...> /*all*/) {
  Syscall call;
  ((I == index ? static_cast<void>(call.emplace<I>()) : static_cast<void>(0)), ...);
  return call;
}

}  // namespace

bool is_of(const Syscall& call, const CallPart& part) {
  if (call.index() != part.call) return false;
  if (part.argument == CallPart::Argument::kAny) return true;
  Match match{part};
  visit_fields(call, match);
  return match.is_met();
}

bool is_of_any(const Syscall& call, std::span<const CallPart> parts) {
  return std::ranges::any_of(parts, [&](const CallPart& part) { return is_of(call, part); });
}

std::string text(const CallPart& part) {
  const auto name = call_names()[part.call];
  if (part.argument == CallPart::Argument::kAny) return std::string{name};
  Words words{part};
  const auto call =
      call_of_index(part.call, std::make_index_sequence<std::variant_size_v<Syscall>>{});
  visit_fields(call, words);
  return fmt::format("{} with {}", name, words.take());
}

}  // namespace vmadiff::spec
