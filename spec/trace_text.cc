// spec: printing traces. The syntax is strace's; flags that have no name are a trailing hex number.
#include "spec/trace_text.h"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <iterator>

#include "spec/trace_names.h"

namespace vmadiff::spec {
namespace {

/// Small numbers are counts and flags, the others addresses and lengths.
std::string number_text(std::uint64_t value) {
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
  if (out.empty()) out = number_text(type);
  return named_bits(flags & ~kMapType, map_flag_names(), std::move(out));
}

std::string file_text(FileId file) { return file.is_none() ? std::string{"-1"} : text(file); }

/// Writes the arguments one by one.
class Print {
 public:
  explicit Print(std::string& out) : out_(out) {}
  void range(Address addr, Address length) {
    add(pointer(addr));
    add(number_text(length));
  }
  void address(Address a) { add(pointer(a)); }
  void optional_address(Address a) { add(pointer(a)); }
  void length(Address l) { add(number_text(l)); }
  void offset(std::uint64_t o) { add(number_text(o)); }
  void prot(std::uint64_t p) { add(prot_text(p)); }
  void map_flags(std::uint64_t f) { add(map_flags_text(f)); }
  void file(FileId f) { add(file_text(f)); }
  void access(Access a) { add(a == Access::kWrite ? "WRITE" : "READ"); }
  void bits(std::uint64_t value, std::span<const FlagName> names) {
    add(value == 0 ? "0" : named_bits(value, names, {}));
  }
  template <std::integral T>
  void choice(T value, std::span<const FlagName> names) {
    for (const auto& [known, text] : names) {
      if (static_cast<T>(known) == value) return add(text);
    }
    add(fmt::format("{}", value));
  }
  void number(std::uint64_t n) { add(n == kRlimInfinity ? "RLIM_INFINITY" : number_text(n)); }
  void optional_number(std::uint64_t n) { add(number_text(n)); }
  void unused(std::uint64_t n) { add(number_text(n)); }
  void vma_name(VmaName n) { add(argument_text(n)); }

 private:
  void add(std::string_view argument) {
    if (!is_first_) out_ += ", ";
    is_first_ = false;
    out_ += argument;
  }
  std::string& out_;
  bool is_first_ = true;
};

}  // namespace

std::string text(const Syscall& call) {
  std::string out{std::holds_alternative<SetVmaName>(call) ? kSetVmaNameHead : name(call)};
  out += std::holds_alternative<SetVmaName>(call) ? ", " : "(";
  Print print{out};
  visit_fields(call, print);
  out += ')';
  return out;
}

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
