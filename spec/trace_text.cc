// spec: printing traces. The syntax is strace's; flags that have no name are a trailing hex number.
#include "spec/trace_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "spec/trace_names.h"

namespace vmadiff::spec {
namespace {

/// Small numbers are counts and flags, the others addresses and lengths.
std::string number(std::uint64_t value) {
  return value < 10 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string pointer(Address value) {
  return value == 0 ? std::string{"NULL"} : fmt::format("{:#x}", value);
}

void append_flag(std::string& out, std::string_view flag) {
  if (!out.empty()) out += '|';
  out += flag;
}

/// Names the bits that `names` knows; what is left over is appended in hex.
std::string named_bits(std::uint64_t value, std::span<const FlagName> names, std::string out) {
  for (const auto& [bits, flag] : names) {
    if ((value & bits) != bits) continue;
    append_flag(out, flag);
    value &= ~bits;
  }
  if (value != 0) append_flag(out, fmt::format("{:#x}", value));
  return out;
}

std::string prot_text(std::uint64_t prot) {
  return prot == kProtNone ? std::string{"PROT_NONE"} : named_bits(prot, prot_names(), {});
}

std::string map_flags_text(std::uint64_t flags) {
  const std::uint64_t type = flags & kMapType;
  std::string out;
  for (const auto& [value, flag] : map_type_names()) {
    if (value == type) out = flag;
  }
  if (out.empty()) out = number(type);
  return named_bits(flags & ~kMapType, map_flag_names(), std::move(out));
}

std::string file_text(FileId file) { return file.is_none() ? std::string{"-1"} : text(file); }

std::string advice_text(std::int32_t advice) {
  for (const auto& [value, flag] : advice_names()) {
    if (static_cast<std::int32_t>(value) == advice) return std::string{flag};
  }
  return fmt::format("{}", advice);
}

struct Print {
  std::string operator()(const Mmap& c) const {
    return fmt::format("mmap({}, {}, {}, {}, {}, {})", pointer(c.addr), number(c.length),
                       prot_text(c.prot), map_flags_text(c.flags), file_text(c.file),
                       number(c.offset));
  }
  std::string operator()(const Munmap& c) const {
    return fmt::format("munmap({}, {})", pointer(c.addr), number(c.length));
  }
  std::string operator()(const Mprotect& c) const {
    return fmt::format("mprotect({}, {}, {})", pointer(c.addr), number(c.length),
                       prot_text(c.prot));
  }
  std::string operator()(const Brk& c) const { return fmt::format("brk({})", pointer(c.addr)); }
  std::string operator()(const Madvise& c) const {
    return fmt::format("madvise({}, {}, {})", pointer(c.addr), number(c.length),
                       advice_text(c.advice));
  }
  std::string operator()(const Prctl& c) const {
    std::string_view option = "?";  // unmodelled options never reach a printed trace
    for (const auto& [value, flag] : prctl_names()) {
      if (value == c.option) option = flag;
    }
    return fmt::format("prctl({}, {}, {}, {}, {})", option, number(c.arg2), number(c.arg3),
                       number(c.arg4), number(c.arg5));
  }
  std::string operator()(const Touch& c) const {
    return fmt::format("touch({}, {}, {})", pointer(c.addr), number(c.length),
                       c.access == Access::kWrite ? "WRITE" : "READ");
  }
};

}  // namespace

std::string text(const Syscall& call) { return std::visit(Print{}, call); }

std::string text(const Step& step) {
  std::string out;
  if (step.process != 0) out = fmt::format("[pid {}] ", step.process);
  out += text(step.call);
  if (step.expected) {
    out += " = ";
    out += text(*step.expected);
  }
  return out;
}

std::string print_trace(const Trace& trace) {
  std::string out;
  const auto append_comments = [&](std::size_t at) {
    if (at >= trace.comments.size()) return;
    for (const std::string& line : trace.comments[at]) {
      out += line;
      out += '\n';
    }
  };
  for (std::size_t i = 0; i < trace.sequence.size(); ++i) {
    append_comments(i);
    out += text(trace.sequence[i]);
    out += '\n';
  }
  append_comments(trace.sequence.size());
  return out;
}

std::string print_trace(const Sequence& sequence) {
  return print_trace(Trace{.sequence = sequence, .comments = {}, .lines = {}});
}

std::string text(std::string_view file, const ParseError& error) {
  return fmt::format("{}:{}:{}: error: {}", file, error.line, error.column, error.message);
}

}  // namespace vmadiff::spec
