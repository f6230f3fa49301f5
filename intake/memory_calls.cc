// intake: reading the arguments of memory calls.
#include "intake/memory_calls.h"

#include <fmt/format.h>

#include <array>
#include <tuple>
#include <utility>

#include "spec/trace_names.h"

namespace vmadiff::intake {
namespace {

using spec::FlagName;

constexpr std::array kProtNoneName{FlagName{0, "PROT_NONE"}};
constexpr std::array kMapAliases{FlagName{0, "MAP_FILE"},
                                 FlagName{spec::kMapAnonymous, "MAP_ANON"}};
constexpr std::array kPrctlOthers{FlagName{spec::kPrSetVma, "PR_SET_VMA"}};
constexpr std::array kOtherLimits{
    FlagName{0, "RLIMIT_CPU"},       FlagName{1, "RLIMIT_FSIZE"},
    FlagName{4, "RLIMIT_CORE"},      FlagName{5, "RLIMIT_RSS"},
    FlagName{6, "RLIMIT_NPROC"},     FlagName{7, "RLIMIT_NOFILE"},
    FlagName{10, "RLIMIT_LOCKS"},    FlagName{11, "RLIMIT_SIGPENDING"},
    FlagName{12, "RLIMIT_MSGQUEUE"}, FlagName{13, "RLIMIT_NICE"},
    FlagName{14, "RLIMIT_RTPRIO"},   FlagName{15, "RLIMIT_RTTIME"}};

/// Reads arguments in order; the first that is not as expected is the error.
class Arguments {
 public:
  explicit Arguments(const StraceCall& call) : call_(call) {}

  std::uint64_t number(std::string_view what) {
    const auto value = number_of(next());
    if (!value) fail(what, "a number");
    return value.value_or(0);
  }
  std::uint64_t bits(std::string_view what,
                     std::initializer_list<std::span<const FlagName>> tables) {
    const auto value = bits_of(next(), tables);
    if (!value) fail(what, "names of flags or a number");
    return value.value_or(0);
  }
  std::uint64_t prot() { return bits("the protection", {spec::prot_names(), kProtNoneName}); }
  DescriptorWord descriptor() {
    auto word = descriptor_of(next());
    if (!word) fail("the descriptor", "a number");
    return std::move(word).value_or(DescriptorWord{});
  }
  std::string_view text() { return next(); }
  [[nodiscard]] bool failed_with(std::string_view error) const {
    return call_.result.kind == StraceResult::Kind::kError && call_.result.error == error;
  }
  [[nodiscard]] bool at_end() const { return at_ >= call_.arguments.size(); }
  void skip() { ++at_; }
  void fail(std::string_view what, std::string_view expected) {
    if (error_.empty()) {
      error_ = fmt::format("{}: {} is '{}': expected {}", call_.name, what, last_, expected);
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::string_view next() {
    last_ = at_ < call_.arguments.size() ? std::string_view{call_.arguments[at_]} : "";
    ++at_;
    return last_;
  }
  const StraceCall& call_;
  std::size_t at_ = 0;
  std::string_view last_;
  std::string error_;
};

MemoryCall mmap(Arguments& in) {
  spec::Mmap call;
  call.addr = in.number("the address");
  call.length = in.number("the length");
  call.prot = in.prot();
  call.flags = in.bits("the flags", {spec::map_type_names(), spec::map_flag_names(), kMapAliases});
  auto descriptor = in.descriptor();
  call.offset = in.number("the offset");
  MemoryCall out{call, std::nullopt, std::nullopt};
  if ((call.flags & spec::kMapAnonymous) == 0) out.descriptor = std::move(descriptor);
  return out;
}

template <typename Call>
MemoryCall ranged(Arguments& in) {
  Call call;
  call.addr = in.number("the address");
  call.length = in.number("the length");
  if constexpr (requires { call.prot; }) call.prot = in.prot();
  if constexpr (std::is_same_v<Call, spec::Madvise>) {
    call.advice = static_cast<std::int32_t>(in.bits("the advice", {spec::kAdviceNames}));
  }
  if constexpr (std::is_same_v<Call, spec::PkeyMprotect>) {
    call.pkey = static_cast<std::int32_t>(in.number("the key"));
  }
  if constexpr (std::is_same_v<Call, spec::RemapFilePages>) call.pgoff = in.number("the offset");
  if constexpr (std::is_same_v<Call, spec::Mlock2>) {
    call.flags = in.bits("the flags", {spec::kMlockNames});
  }
  if constexpr (std::is_same_v<Call, spec::Msync>) {
    call.flags = in.bits("the flags", {spec::kMsyncNames});
  }
  if constexpr (std::is_same_v<Call, spec::Mseal>) call.flags = in.bits("the flags", {});
  if constexpr (std::is_same_v<Call, spec::RemapFilePages>) {
    call.flags = in.bits("the flags", {spec::map_flag_names()});
  }
  return {call, std::nullopt, std::nullopt};
}

MemoryCall mremap(Arguments& in) {
  spec::Mremap call;
  call.addr = in.number("the address");
  call.length = in.number("the old length");
  call.new_length = in.number("the new length");
  call.flags = in.bits("the flags", {spec::kMremapNames});
  if (!in.at_end()) call.new_addr = in.number("the new address");
  return {call, std::nullopt, std::nullopt};
}

/// prctl(PR_SET_VMA, …), behind that.
MemoryCall set_vma_name(Arguments& in) {
  constexpr std::array kOptions{FlagName{spec::kPrSetVmaAnonName, "PR_SET_VMA_ANON_NAME"}};
  if (bits_of(in.text(), {kOptions}) != spec::kPrSetVmaAnonName) return {};
  // So answers a kernel without names whatever it is asked, and nothing changes.
  if (in.failed_with("EINVAL")) return {};
  spec::SetVmaName call;
  call.addr = in.number("the address");
  call.length = in.number("the length");
  auto literal = in.text();
  if (literal.ends_with("...")) {
    return {{}, {}, "names of anonymous memory that strace has cut off (strace -s 80)"};
  }
  if (literal.size() >= 2 && literal.starts_with('"') && literal.ends_with('"')) {
    const auto name = spec::name_of_literal(literal.substr(1, literal.size() - 2));
    if (name) {
      call.name = *name;
    } else {
      in.fail("the name", name.error());
    }
  } else if (literal != "NULL" && number_of(literal) != 0) {
    call.name = spec::VmaName::unreadable();
  }
  return {call, std::nullopt, std::nullopt};
}

MemoryCall prctl(Arguments& in) {
  const auto word = in.text();
  const auto option = bits_of(word, {spec::kPrctlNames, kPrctlOthers});
  if (!option) return {};
  switch (*option) {
    case spec::kPrSetMemoryMerge:
    case spec::kPrGetMemoryMerge:
    case spec::kPrSetMdwe:
    case spec::kPrGetMdwe: {
      spec::Prctl call{.option = *option};
      if (!in.at_end()) call.arg2 = in.bits("an argument", {spec::kMdweNames});
      if (!in.at_end()) call.arg3 = in.number("an argument");
      if (!in.at_end()) call.arg4 = in.number("an argument");
      if (!in.at_end()) call.arg5 = in.number("an argument");
      return {call, std::nullopt, std::nullopt};
    }
    case spec::kPrSetVma:
      return set_vma_name(in);
    case spec::kPrSetThpDisable:
      return {{}, {}, "prctl(PR_SET_THP_DISABLE)"};
    default:
      return {};
  }
}

MemoryCall limit(Arguments& in, std::string_view resource_word, std::string_view value) {
  if (value == "NULL") return {};
  const auto resource = bits_of(resource_word, {spec::kRlimitNames, kOtherLimits});
  if (!resource) {
    in.fail("the resource", "an RLIMIT_* or a number");
    return {};
  }
  spec::Setrlimit call{.resource = *resource};
  if (spec::unmodelled_reason(spec::Syscall{call})) return {};
  const auto soft = field_of(value, "rlim_cur");
  const auto limit = soft ? number_of(*soft) : std::nullopt;
  if (!limit) {
    in.fail("the limit", "{rlim_cur=NUMBER, …}");
    return {};
  }
  call.limit = *limit;
  // A trace's hard limits of these two are 8 MiB.
  constexpr std::uint64_t kHard = std::uint64_t{8} << 20;
  const bool is_bounded = *resource == spec::kRlimitStack || *resource == spec::kRlimitMemlock;
  if (is_bounded && *limit > kHard) {
    return {{}, {}, "a limit of the stack or of locked memory over 8 MiB, a trace's hard limit"};
  }
  return {call, std::nullopt, std::nullopt};
}

/// "MPOL_BIND|MPOL_F_STATIC_NODES" as mode and its flags.
std::pair<std::uint16_t, std::uint64_t> policy(Arguments& in) {
  const auto bits = in.bits("the mode", {spec::kPolicyNames, spec::kPolicyFlagNames});
  constexpr std::uint64_t kFlags =
      spec::kMpolNumaBalancing | spec::kMpolRelativeNodes | spec::kMpolStaticNodes;
  return {static_cast<std::uint16_t>(bits & ~kFlags), bits & kFlags};
}

/// "[0x1]", "{0x1}", "[0000000000000001]", "NULL", "[]": one word of nodes.
std::optional<std::uint64_t> nodes(std::string_view text) {
  if (text == "NULL" || text == "[]" || text == "{}") return 0;
  if (text.size() < 3 || (text.front() != '[' && text.front() != '{')) return std::nullopt;
  const auto inside = text.substr(1, text.size() - 2);
  if (inside.starts_with("0x")) return number_of(inside);
  return number_of(fmt::format("0x{}", inside));
}

MemoryCall without_nodes() { return {{}, {}, "a memory policy whose nodes are more than a word"}; }

MemoryCall mbind(Arguments& in) {
  spec::Mbind call;
  call.addr = in.number("the address");
  call.length = in.number("the length");
  std::tie(call.mode, call.mode_flags) = policy(in);
  const auto mask = nodes(in.text());
  in.skip();
  call.flags = in.bits("the flags", {spec::kMbindNames});
  if (!mask) return without_nodes();
  call.nodes = *mask;
  return {call, std::nullopt, std::nullopt};
}

MemoryCall set_mempolicy(Arguments& in) {
  spec::SetMempolicy call;
  std::tie(call.mode, call.mode_flags) = policy(in);
  const auto mask = nodes(in.text());
  if (!mask) return without_nodes();
  call.nodes = *mask;
  return {call, std::nullopt, std::nullopt};
}

/// Whose keys they are is not kept.
std::optional<std::string> why_not_kept(const spec::Syscall& call) {
  const auto* pkey = std::get_if<spec::PkeyMprotect>(&call);
  if (pkey != nullptr && pkey->pkey != spec::kNoPkey) {
    return fmt::format("protection key {}", pkey->pkey);
  }
  return spec::unmodelled_reason(call);
}

MemoryCall read(const std::string& name, Arguments& in) {
  if (name == "mmap") return mmap(in);
  if (name == "munmap") return ranged<spec::Munmap>(in);
  if (name == "mprotect") return ranged<spec::Mprotect>(in);
  if (name == "brk") return {spec::Brk{in.number("the address")}, {}, {}};
  if (name == "madvise") return ranged<spec::Madvise>(in);
  if (name == "prctl") return prctl(in);
  if (name == "mremap") return mremap(in);
  if (name == "mlock") return ranged<spec::Mlock>(in);
  if (name == "mlock2") return ranged<spec::Mlock2>(in);
  if (name == "munlock") return ranged<spec::Munlock>(in);
  if (name == "mlockall")
    return {spec::Mlockall{in.bits("the flags", {spec::kMlockallNames})}, {}, {}};
  if (name == "munlockall") return {spec::Munlockall{}, {}, {}};
  if (name == "mseal") return ranged<spec::Mseal>(in);
  if (name == "msync") return ranged<spec::Msync>(in);
  if (name == "pkey_mprotect") return ranged<spec::PkeyMprotect>(in);
  if (name == "remap_file_pages") return ranged<spec::RemapFilePages>(in);
  if (name == "mbind") return mbind(in);
  if (name == "set_mempolicy") return set_mempolicy(in);
  if (name == "setrlimit") {
    const auto resource = in.text();
    return limit(in, resource, in.text());
  }
  in.skip();  // prlimit64: of which process; others' limits are seldom set
  const auto resource = in.text();
  return limit(in, resource, in.text());
}

}  // namespace

std::expected<MemoryCall, std::string> memory_call(const StraceCall& call) {
  Arguments in{call};
  auto out = read(call.name, in);
  if (!in.error().empty()) return std::unexpected(in.error());
  if (out.call) {
    if (auto reason = why_not_kept(*out.call)) {
      out.call.reset();
      out.not_kept = *std::move(reason);
    }
  }
  return out;
}

std::optional<spec::Outcome> outcome_of(const StraceResult& result) {
  if (result.is_value()) return spec::Outcome::ok(result.value);
  if (result.kind == StraceResult::Kind::kUnknown) return std::nullopt;
  const auto error = spec::errno_from_name(result.error);
  return error ? std::optional{spec::Outcome::fail(*error)} : std::nullopt;
}

std::optional<std::string> other_change(const StraceCall& call) {
  if (!call.result.is_value()) return std::nullopt;
  const auto& arguments = call.arguments;
  if (call.name == "ioctl") {
    const bool is_userfaultfd =
        arguments.size() > 1 && arguments[1].find("UFFDIO_") != std::string::npos;
    if (!is_userfaultfd) return std::nullopt;
    return "ioctls of a userfaultfd";
  }
  if (call.name == "personality") {
    constexpr std::uint64_t kReadImpliesExec = 0x400000;
    constexpr std::array kNames{FlagName{kReadImpliesExec, "READ_IMPLIES_EXEC"}};
    const auto bits = arguments.empty() ? std::nullopt : bits_of(arguments[0], {kNames});
    const bool is_set = bits && *bits != 0xffffffff && (*bits & kReadImpliesExec) != 0;
    if (!is_set) return std::nullopt;
    return "personality(READ_IMPLIES_EXEC)";
  }
  return fmt::format("{}, which a trace cannot say", call.name);
}

}  // namespace vmadiff::intake
