// intake: reading syzkaller's text: one call a line, "r0 = NAME$VARIANT(ARGUMENTS) (PROPERTIES)",
// pointers as "&(ADDRESS/LENGTH)=WHAT IT POINTS TO".
#include "intake/syz_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "intake/collection.h"
#include "intake/memory_calls.h"
#include "intake/open_files.h"
#include "intake/strace_names.h"
#include "intake/text.h"

namespace vmadiff::intake {
namespace {

using spec::Address;

/// Where pointers of a program's text begin, and what the executor has mapped there.
constexpr Address kDataStart = 0x7f0000000000;
constexpr Address kDataBytes = Address{16} << 20;

std::size_t behind_quotes(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      return at + 1;
    }
  }
  return text.size();
}

/// The arguments behind a `(`, and whether there was a `)`.
std::optional<std::vector<std::string>> split(std::string_view text) {
  std::vector<std::string> out;
  std::size_t depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\'' || c == '"' || c == '`') {
      at = behind_quotes(text, at);
      continue;
    }
    const bool ends = c == ')' && depth == 0;
    if (ends || (c == ',' && depth == 0)) {
      const auto argument = trimmed(text.substr(begin, at - begin));
      if (!argument.empty() || !out.empty()) out.emplace_back(argument);
      begin = at + 1;
    }
    if (ends) return out;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth != 0) --depth;
    ++at;
  }
  return std::nullopt;
}

/// "&(0x7f0000000000/0x1000)=nil" in its two parts; others have no second.
std::pair<std::string, std::string> pointer(const std::string& argument) {
  if (!argument.starts_with("&(")) return {argument, {}};
  const auto end = argument.find_first_of("/)");
  const auto equals = argument.find(")=");
  if (end == std::string::npos) return {argument, {}};
  return {argument.substr(2, end - 2),
          equals == std::string::npos ? std::string{} : argument.substr(equals + 2)};
}

/// "'./file0\x00'" as strace would write the string.
std::string quoted(const std::string& text) {
  const auto end = text.find("\\x00");
  const auto last = end == std::string::npos ? text.rfind('\'') : end;
  return text.size() < 2 || last == std::string::npos || last < 1
             ? "\"\""
             : fmt::format("\"{}\"", text.substr(1, last - 1));
}

struct SyzCall {
  std::string variable;  ///< "r0", or empty
  StraceCall call;       ///< arguments as strace would write them
};

class Reader {
 public:
  Reader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  std::expected<ImportedSyz, std::string> read() {
    image_ = gathered_.new_image();
    map_data();
    const auto before = gathered_.size();
    auto text = text_;
    while (!text.empty()) {
      const auto newline = text.find('\n');
      const auto line = trimmed(text.substr(0, newline));
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
      ++line_;
      if (line.empty() || line.starts_with('#')) continue;
      if (auto taken = take(line); !taken) return std::unexpected(taken.error());
    }
    if (gathered_.size() == before) {
      return std::unexpected(fmt::format(
          "{}:1: no memory call in the whole program: expected lines like 'mmap(&(0x7f0000000000/"
          "0x1000)=nil, 0x1000, 0x3, 0x32, 0xffffffffffffffff, 0x0)'",
          name_));
    }
    auto made = std::move(gathered_).finish();
    if (!made) return std::unexpected(fmt::format("{}: {}", name_, made.error()));
    ImportedSyz out{std::move(made->trace), losses_.list()};
    std::vector<std::string> head{
        "# From a program of syzkaller's. What it wrote to memory is not touched here."};
    for (const std::string& note : made->notes) head.push_back("# " + note);
    for (const Loss& loss : out.losses) {
      head.push_back(fmt::format("# not kept: {} (first {}:{}, {} times)", loss.what, name_,
                                 loss.first.line, loss.count));
    }
    auto& first = out.trace.comments.front();
    first.insert(first.begin(), head.begin(), head.end());
    return out;
  }

 private:
  using Done = std::expected<void, std::string>;

  /// The data area between two pages that nothing may touch.
  void map_data() {
    gathered_.comment("what syzkaller's executor maps first");
    const auto map = [&](Address at, Address length, std::uint64_t prot) {
      add(spec::Mmap{.addr = at,
                     .length = length,
                     .prot = prot,
                     .flags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
                     .file = {}});
    };
    map(kDataStart - spec::kPageSize, spec::kPageSize, spec::kProtNone);
    map(kDataStart, kDataBytes, spec::kProtRead | spec::kProtWrite | spec::kProtExec);
    map(kDataStart + kDataBytes, spec::kPageSize, spec::kProtNone);
    gathered_.comment("the program");
  }

  void add(const spec::Syscall& call, std::optional<FileIndex> file = std::nullopt) {
    gathered_.add({image_, {0, call, std::nullopt}, file, false});
  }

  [[nodiscard]] std::unexpected<std::string> bad(std::string_view what) const {
    return std::unexpected(fmt::format("{}:{}: {}", name_, line_, what));
  }

  std::expected<SyzCall, std::string> parse(std::string_view line) const {
    SyzCall out;
    const auto equals = line.find(" = ");
    const auto open_at = line.find('(');
    if (equals != std::string_view::npos && equals < open_at && line.starts_with('r')) {
      out.variable = line.substr(0, equals);
      line = trimmed(line.substr(equals + 3));
    }
    const auto open = line.find('(');
    if (open == 0 || open == std::string_view::npos) {
      return bad(fmt::format("'{}': expected 'CALL(ARGUMENTS)'", line.substr(0, 40)));
    }
    const auto name = line.substr(0, open);
    out.call.name = name.substr(0, name.find('$'));
    auto arguments = split(line.substr(open + 1));
    if (!arguments) return bad(fmt::format("{}: the arguments have no end: expected ')'", name));
    for (std::size_t i = 0; i < arguments->size(); ++i) {
      const auto [address, target] = pointer((*arguments)[i]);
      const bool is_mask = out.call.name == "mbind" || out.call.name == "set_mempolicy";
      if (target.starts_with('\'')) {
        out.call.arguments.push_back(quoted(target));
      } else if (is_mask && target.starts_with("0x")) {
        out.call.arguments.push_back(fmt::format("[{}]", target));
      } else if (target.starts_with('{') && out.call.name == "prlimit64") {
        out.call.arguments.push_back(limit_of(target));
      } else {
        out.call.arguments.push_back(address);
      }
    }
    return out;
  }

  /// "{0x1000, 0x2000}" as strace writes it.
  static std::string limit_of(const std::string& text) {
    const auto comma = text.find(',');
    return fmt::format("{{rlim_cur={}}}", trimmed(std::string_view{text}.substr(1, comma - 1)));
  }

  Done take(std::string_view line) {
    auto parsed = parse(line);
    if (!parsed) return std::unexpected(parsed.error());
    auto& [variable, call] = *parsed;
    const auto kind = call_kind(call.name);
    if (!kind) return {};
    switch (*kind) {
      case CallKind::kDescriptor:
        open(call, variable);
        return {};
      case CallKind::kMemory:
        return take_memory(call);
      case CallKind::kProcess:
      case CallKind::kNotKept:
        losses_.add(fmt::format("{}: left out", call.name), {0, line_});
        return {};
    }
    return {};
  }

  void open(const StraceCall& call, const std::string& variable) {
    if (variable.empty()) return;
    const auto& arguments = call.arguments;
    if (call.name.starts_with("dup") && !arguments.empty() && variables_.contains(arguments[0])) {
      variables_[variable] = variables_[arguments[0]];
      return;
    }
    gathered_.files().push_back(opened_by(call).value_or(OpenFile{}));
    variables_[variable] = gathered_.files().size() - 1;
  }

  /// The result of an earlier call is not known: that of an mmap, say, as an address.
  static bool uses_result(const std::string& argument) {
    return argument.size() > 1 && argument[0] == 'r' && argument[1] >= '0' && argument[1] <= '9';
  }

  Done take_memory(StraceCall call) {
    constexpr std::size_t kDescriptorAt = 4;
    std::string descriptor;
    if (call.name == "mmap" && call.arguments.size() > kDescriptorAt) {
      descriptor = std::exchange(call.arguments[kDescriptorAt], "-1");
    }
    if (std::ranges::any_of(call.arguments, uses_result)) {
      losses_.add(fmt::format("{} of what an earlier call gave: left out", call.name), {0, line_});
      return {};
    }
    auto read = memory_call(call);
    if (!read) return bad(read.error());
    if (read->not_kept) {
      losses_.add(fmt::format("{}: left out", *read->not_kept), {0, line_});
      return {};
    }
    if (!read->call) return {};
    std::optional<FileIndex> file;
    const bool names_file = read->descriptor && number_of(descriptor) != ~std::uint64_t{0};
    if (names_file) {
      const auto at = variables_.find(descriptor);
      const bool is_file =
          at != variables_.end() && gathered_.files()[at->second].cls != spec::FileClass::kNone;
      if (!is_file) {
        losses_.add("mappings of a descriptor that is no file: left out", {0, line_});
        return {};
      }
      file = at->second;
      OpenFile& opened = gathered_.files()[*file];
      const auto& mmap = std::get<spec::Mmap>(*read->call);
      opened.is_used = true;
      // What does not fit is refused by mmap, as it is here.
      constexpr std::uint64_t kFar = std::uint64_t{1} << 40;
      if (mmap.offset < kFar && mmap.length < kFar) {
        opened.offset_end = std::max(opened.offset_end, mmap.offset + mmap.length);
      }
    }
    add(*read->call, file);
    return {};
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t line_ = 0;
  std::size_t image_ = 0;
  Collection gathered_;
  Losses losses_;
  std::map<std::string, FileIndex> variables_;
};

}  // namespace

std::expected<ImportedSyz, std::string> import_syz(const std::string& name, std::string_view text) {
  return Reader{name, text}.read();
}

}  // namespace vmadiff::intake
