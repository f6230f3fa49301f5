// compare: calls by their kind.
#include "compare/call_pattern.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vmadiff::compare {
namespace {

constexpr std::uint64_t kFixed = spec::kMapFixed | spec::kMapFixedNoreplace;

/// What counts of a call.
struct Kind {
  std::vector<std::uint64_t> flags;    ///< such a call has these bits at least
  std::vector<std::uint64_t> choices;  ///< and these values
  std::vector<std::string> words;      ///< the same for people
};

/// Collects it from a call's fields.
class KindReader {
 public:
  void range(spec::Address, spec::Address) {}
  void address(spec::Address) {}
  void length(spec::Address) {}
  void optional_address(spec::Address) {}
  void prot(std::uint64_t) {}
  void offset(std::uint64_t) {}
  void number(std::uint64_t) {}
  void unused(std::uint64_t) {}
  /// Given or taken away, or refused.
  void vma_name(spec::VmaName name) {
    kind_.choices.push_back(name.is_none() ? 0 : name.is_unreadable() ? 2 : 1);
  }

  void map_flags(std::uint64_t flags) {
    is_anonymous_ = (flags & spec::kMapAnonymous) != 0;
    const auto type = flags & spec::kMapType;
    kind_.choices.push_back(type);
    // Whoever gives the address is told from who lets the kernel choose, not MAP_FIXED from
    // MAP_FIXED_NOREPLACE.
    const bool is_fixed = (flags & kFixed) != 0;
    kind_.flags.push_back((flags & ~(spec::kMapType | kFixed)) | (is_fixed ? 0 : kFixed));
    name_of(type, spec::map_type_names());
    names_of(flags & ~(spec::kMapType | kFixed), spec::map_flag_names());
  }
  void file(const spec::FileId& file) {
    if (is_anonymous_ || file.is_none()) return kind_.choices.push_back(0);
    // What has pages of its own is one kind, whatever holds them.
    const bool has_pages = file.cls == spec::FileClass::kMemfd ||
                           file.cls == spec::FileClass::kFile ||
                           file.cls == spec::FileClass::kFileReadOnly;
    const auto cls = has_pages ? spec::FileClass::kFile : file.cls;
    kind_.choices.push_back(static_cast<std::uint64_t>(cls) + 1);
    kind_.words.emplace_back(spec::name(cls));
  }
  void access(spec::Access access) {
    kind_.choices.push_back(static_cast<std::uint64_t>(access));
    kind_.words.emplace_back(access == spec::Access::kRead ? "READ" : "WRITE");
  }
  void bits(std::uint64_t value, std::span<const spec::FlagName> names) {
    kind_.flags.push_back(value);
    names_of(value, names);
  }
  void choice(auto value, std::span<const spec::FlagName> names) {
    kind_.choices.push_back(static_cast<std::uint64_t>(value));
    name_of(static_cast<std::uint64_t>(value), names);
  }
  /// On or off, as prctl's.
  void optional_number(std::uint64_t value) { kind_.choices.push_back(value); }

  Kind take() { return std::move(kind_); }

 private:
  void name_of(std::uint64_t value, std::span<const spec::FlagName> names) {
    for (const spec::FlagName& flag : names) {
      if (flag.bits == value) kind_.words.emplace_back(flag.name);
    }
  }
  void names_of(std::uint64_t value, std::span<const spec::FlagName> names) {
    for (const spec::FlagName& flag : names) {
      if (flag.bits != 0 && (value & flag.bits) == flag.bits) kind_.words.emplace_back(flag.name);
    }
  }

  Kind kind_;
  bool is_anonymous_ = false;
};

Kind kind_of_call(const spec::Syscall& call) {
  KindReader reader;
  spec::visit_fields(call, reader);
  return reader.take();
}

/// Whether `call` is such a call as `wanted`.
bool is_such(const spec::Syscall& wanted, const spec::Syscall& call) {
  if (wanted.index() != call.index()) return false;
  const auto a = kind_of_call(wanted);
  const auto b = kind_of_call(call);
  return a.choices == b.choices &&
         std::ranges::equal(a.flags, b.flags, [](std::uint64_t least, std::uint64_t flags) {
           return (flags & least) == least;
         });
}

/// The calls by which leave_out goes: what must stand before, and what is taken out; nothing where
/// all is plain.
std::optional<CallPattern> special(const CallPattern& pattern) {
  CallPattern calls;
  for (const spec::Syscall& call : pattern) {
    if (!is_plain(call)) calls.push_back(call);
  }
  return calls.empty() ? std::nullopt : std::optional{std::move(calls)};
}

std::string text_of(const spec::Syscall& call) {
  const auto words = kind_of_call(call).words;
  return fmt::format("{}({})", spec::name(call),
                     words.empty() ? "" : fmt::format("{}", fmt::join(words, "|")));
}

}  // namespace

CallPattern pattern_of(const spec::Sequence& sequence) {
  CallPattern pattern;
  for (const spec::Step& step : sequence) pattern.push_back(step.call);
  return pattern;
}

bool is_plain(const spec::Syscall& call) {
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) {
    constexpr auto kAny = kFixed | spec::kMapNoreserve;
    return (mmap->flags & ~kAny) == (spec::kMapPrivate | spec::kMapAnonymous) &&
           (mmap->flags & kFixed) != 0;
  }
  if (const auto* touch = std::get_if<spec::Touch>(&call))
    return touch->access == spec::Access::kWrite;
  return std::holds_alternative<spec::Munmap>(call) || std::holds_alternative<spec::Mprotect>(call);
}

bool is_in(const CallPattern& pattern, const spec::Sequence& sequence) {
  auto wanted = pattern.begin();
  for (const spec::Step& step : sequence) {
    if (wanted != pattern.end() && is_such(*wanted, step.call)) ++wanted;
  }
  return wanted == pattern.end();
}

void leave_out(const CallPattern& pattern, spec::Sequence& sequence) {
  const auto calls = special(pattern);
  if (!calls) return;
  std::size_t seen = 0;
  std::erase_if(sequence, [&](const spec::Step& step) {
    if (seen + 1 == calls->size()) return is_such(calls->back(), step.call);
    if (is_such((*calls)[seen], step.call)) ++seen;
    return false;
  });
}

std::string left_out_text(const CallPattern& pattern) {
  const auto calls = special(pattern);
  if (!calls) return {};
  auto out = text_of(calls->back());
  for (std::size_t i = calls->size() - 1; i-- > 0;)
    out += fmt::format(" behind {}", text_of((*calls)[i]));
  return out;
}

}  // namespace vmadiff::compare
