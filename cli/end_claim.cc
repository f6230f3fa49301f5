// cli: reading claims of a trace's end.
#include "cli/end_claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "cli/profile_spans.h"
#include "reports/vma_lines.h"
#include "spec/trace_names.h"

namespace vmadiff::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r";

/// The permissions, and what they may become: every list of flags that smaps shows has one of them.
constexpr spec::VmFlags kInEachList = spec::kVmAccessFlags | spec::kVmShared | spec::kVmMayread |
                                      spec::kVmMaywrite | spec::kVmMayexec | spec::kVmMayshare;

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  Number value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool is_permissions(std::string_view word) {
  constexpr std::string_view kLetters = "rwx";
  if (word.size() != 4 || (word[3] != 'p' && word[3] != 's')) return false;
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    if (word[i] != '-' && word[i] != kLetters[i]) return false;
  }
  return true;
}

/// As /proc/PID/maps writes them: no word for a backing is so long and of such digits only.
bool is_offset(std::string_view word) {
  return word.size() >= 8 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_backing(std::string_view word) {
  using spec::FileClass;
  const auto is_segment = [](std::string_view text) {
    for (std::uint32_t i = 0; i < spec::kFilesPerClass; ++i) {
      if (text == spec::text(spec::attachment(i, false, 0))) return true;
    }
    return false;
  };
  return word == spec::name(FileClass::kNone) || word == spec::name(FileClass::kAnonShared) ||
         word == spec::name(FileClass::kAnonHugetlb) || spec::file_from_text(word).has_value() ||
         is_segment(word);
}

/// A name as maps writes it, not flags.
bool begins_name(std::string_view rest) {
  return rest.starts_with("[anon:") || rest.starts_with("[anon_shmem:");
}

/// Reads words from the left.
class ClaimWords {
 public:
  explicit ClaimWords(std::string_view text) : text_(text) { skip(); }
  [[nodiscard]] bool is_empty() const { return at_ == text_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] std::string_view peek() const {
    const auto rest = text_.substr(at_);
    return rest.substr(0, rest.find_first_of(kBlanks));
  }
  std::string_view next() {
    const auto word = peek();
    drop(word.size());
    return word;
  }
  void drop(std::size_t bytes) {
    at_ += bytes;
    skip();
  }
  /// The words "PREFIX …" in front, if they are that.
  bool take(std::string_view words) {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(words)) return false;
    const auto behind = rest.substr(words.size());
    if (!behind.empty() && kBlanks.find(behind.front()) == std::string_view::npos) return false;
    drop(words.size());
    return true;
  }

 private:
  void skip() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  std::string_view text_;
  std::size_t at_ = 0;
};

std::unexpected<EndClaimError> wrong(std::size_t at, std::string message) {
  return std::unexpected(EndClaimError{at, std::move(message)});
}

using Read = std::expected<void, EndClaimError>;

Read read_range(ClaimWords& words, VmaClaim& out) {
  const auto at = words.at();
  const auto word = words.next();
  const auto dash = word.find('-');
  const auto start = number_of<spec::Address>(word.substr(0, dash), 16);
  const auto end = dash == std::string_view::npos
                       ? std::nullopt
                       : number_of<spec::Address>(word.substr(dash + 1), 16);
  if (!start || !end || *start >= *end || *start % spec::kPageSize != 0 ||
      *end % spec::kPageSize != 0) {
    return wrong(
        at, fmt::format("expected whole pages as START-END in hex, none or gone, got '{}'", word));
  }
  out.range = {*start, *end};
  return {};
}

Read read_flags(ClaimWords& words, VmaClaim& out) {
  const auto at = words.at();
  const auto rest = words.rest();
  const auto close = rest.find(']');
  if (close == std::string_view::npos) return wrong(at, "expected ']' behind the flags");
  FlagsClaim flags;
  spec::VmFlags keys = 0;
  ClaimWords list{rest.substr(1, close - 1)};
  while (!list.is_empty()) {
    const auto here = at + 1 + list.at();
    const auto word = list.next();
    const bool is_not = word.starts_with('-');
    const auto code = word.substr(is_not ? 1 : 0);
    // A key is several bits of one field: it is that one, or the line does not hold.
    if (const auto key = spec::vm_flags_from_text(code) & spec::kVmPkeyMask; key != 0 && !is_not) {
      if (keys != 0) return wrong(here, "memory has one protection key");
      keys = key;
      continue;
    }
    const auto known = spec::vm_flag_codes();
    const auto flag = std::ranges::find(known, code, &spec::FlagName::name);
    if (flag == known.end() || flag->bits == spec::kVmSoftdirty) {
      return wrong(here,
                   fmt::format("expected a flag as smaps names it (rd, mg, -mg …; sd is never "
                               "looked at), got '{}'",
                               word));
    }
    (is_not ? flags.clear : flags.set) |= flag->bits;
  }
  if ((flags.set & flags.clear) != 0) return wrong(at, "a flag is there or it is not");
  flags.is_whole = (flags.set & kInEachList) != 0;
  if (flags.is_whole && flags.clear != 0) {
    return wrong(at,
                 "a list with rd, wr, ex, sh, mr, mw, me or ms has all flags: what is not in it is "
                 "not there");
  }
  flags.set |= keys;
  if (keys != 0 && !flags.is_whole) flags.clear |= spec::kVmPkeyMask & ~keys;
  if (flags.set == 0 && flags.clear == 0) return wrong(at, "expected flags between the brackets");
  out.flags = flags;
  words.drop(close + 1);
  return {};
}

Read read_policy(ClaimWords& words, VmaClaim& out) {
  spec::MemPolicy policy;
  const auto at = words.at();
  auto names = words.next();
  for (bool is_first = true; is_first || !names.empty(); is_first = false) {
    const auto bar = std::min(names.find('|'), names.size());
    const auto name = names.substr(0, bar);
    names.remove_prefix(std::min(bar + 1, names.size()));
    const auto find = [&name](const auto& table) -> std::optional<std::uint64_t> {
      const auto row = std::ranges::find(table, name, &spec::FlagName::name);
      if (row == table.end()) return std::nullopt;
      return row->bits;
    };
    const auto bits = is_first ? find(spec::kPolicyNames) : find(spec::kPolicyFlagNames);
    if (!bits) return wrong(at, fmt::format("expected a policy, MPOL_…, got '{}'", name));
    auto& part = is_first ? policy.mode : policy.flags;
    part = static_cast<std::uint16_t>(part | *bits);
  }
  const auto read_mask = [&words](std::string_view before, std::uint16_t& mask) -> Read {
    const auto here = words.at();
    const auto value =
        words.take(before) ? number_of<std::uint16_t>(words.next(), 16) : std::nullopt;
    if (!value) return wrong(here, fmt::format("expected '{} MASK'", before));
    mask = *value;
    return {};
  };
  if (auto read = read_mask("nodes", policy.nodes); !read) return read;
  if (policy.flags != 0) {
    if (auto read = read_mask("of", policy.asked); !read) return read;
  }
  out.policy = policy;
  return {};
}

Read read_anon_vma(ClaimWords& words, VmaClaim& out) {
  const auto at = words.at();
  const auto number = number_of<spec::AnonVmaId>(words.next(), 10);
  if (!number || *number == spec::kNoAnonVma) return wrong(at, "expected the anon_vma's number");
  AnonVmaClaim claim{.number = *number, .links = 1};
  if (words.rest().starts_with('(')) {
    const auto here = words.at();
    const auto links = number_of<std::uint32_t>(words.next().substr(1), 10);
    if (!links || !words.take("links)")) return wrong(here, "expected '(N links)'");
    claim.links = *links;
  }
  out.anon_vma = claim;
  return {};
}

template <typename Number>
Read read_number(ClaimWords& words, int base, std::optional<Number>& out) {
  const auto at = words.at();
  out = number_of<Number>(words.next(), base);
  if (!out) return wrong(at, base == 16 ? "expected a number in hex" : "expected a number");
  return {};
}

Read read_name(ClaimWords& words, VmaClaim& out) {
  const auto close = words.rest().find(']');
  if (close == std::string_view::npos) return wrong(words.at(), "expected ']' behind the name");
  out.name = words.rest().substr(0, close + 1);
  words.drop(close + 1);
  return {};
}

/// One of the parts that stand where a line would not say what keeps its VMA apart.
Read read_hidden(ClaimWords& words, VmaClaim& out) {
  if (words.take("own pgoff")) return read_number(words, 16, out.own_pgoff);
  if (words.take("pgoff")) return read_number(words, 16, out.pgoff);
  if (words.take("object")) return read_number(words, 10, out.object);
  if (words.take("no anon_vma")) {
    out.anon_vma = AnonVmaClaim{};
    return {};
  }
  if (words.take("anon_vma")) return read_anon_vma(words, out);
  if (words.take("no name")) {
    out.name = std::string{};
    return {};
  }
  if (begins_name(words.rest())) return read_name(words, out);
  if (words.take("no policy")) {
    out.policy = spec::MemPolicy{};
    return {};
  }
  if (words.take("policy")) return read_policy(words, out);
  if (words.take("no userfaultfd")) {
    out.userfaultfd = 0;
    return {};
  }
  if (words.take("userfaultfd")) {
    if (auto read = read_number(words, 10, out.userfaultfd); !read) return read;
    ++*out.userfaultfd;
    return {};
  }
  // Said of the layout, not of the VMA: nothing is claimed by it.
  for (const auto note : {reports::kNothingKeepsApart, reports::kNothingSeenKeepsApart}) {
    if (words.take(note.substr(1))) return {};
  }
  return wrong(words.at(),
               fmt::format("expected, in this order, PERMISSIONS, OFFSET (eight digits), BACKING, "
                           "[FLAGS] and what layout prints behind them, got '{}'",
                           words.peek()));
}

Read read_vma(ClaimWords& words, VmaClaim& out) {
  if (auto read = read_range(words, out); !read) return read;
  if (is_permissions(words.peek())) out.permissions = words.next();
  if (is_offset(words.peek())) out.offset = number_of<std::uint64_t>(words.next(), 16);
  if (is_backing(words.peek())) out.backing = words.next();
  if (words.rest().starts_with('[') && !begins_name(words.rest())) {
    if (auto read = read_flags(words, out); !read) return read;
  }
  while (!words.is_empty()) {
    if (auto read = read_hidden(words, out); !read) return read;
  }
  return {};
}

}  // namespace

std::optional<std::string_view> end_claim_text(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  if (!line.starts_with("#=") || line.starts_with("#==")) return std::nullopt;
  return line.substr(2);
}

std::expected<EndClaim, EndClaimError> read_end_claim(std::string_view text) {
  EndClaim claim;
  ClaimWords words{text};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!words.is_empty() && !is_digit(words.rest().front())) {
    const auto at = words.at();
    const auto colon = words.rest().find(':');
    if (colon == std::string_view::npos) {
      return wrong(at, "expected 'PROCESS START-END …' or 'PROFILE: PROCESS START-END …'");
    }
    auto names = read_profile_spans(words.rest().substr(0, colon));
    if (!names) return wrong(at, names.error());
    claim.profiles = *std::move(names);
    words.drop(colon + 1);
  }
  const auto at = words.at();
  const auto word = words.next();
  const auto process = number_of<spec::ProcessId>(word, 10);
  if (!process || *process >= spec::kProcessCountMax) {
    return wrong(at, fmt::format("expected a process's number, 0 to {}, got '{}'",
                                 spec::kProcessCountMax - 1, word));
  }
  claim.process = *process;
  const auto rest = words.rest();
  claim.text = rest.substr(0, rest.find_last_not_of(kBlanks) + 1);
  if (claim.text == "none" || claim.text == "gone") {
    claim.kind = claim.text == "none" ? EndClaim::Kind::kNone : EndClaim::Kind::kGone;
  } else if (auto read = read_vma(words, claim.vma); !read) {
    return std::unexpected(read.error());
  }
  return claim;
}

std::optional<EndContradiction> contradiction_in(const std::vector<EndClaim>& claims) {
  std::set<std::string_view> profiles{""};
  for (const EndClaim& claim : claims)
    profiles.insert(claim.profiles.begin(), claim.profiles.end());
  for (const std::string_view profile : profiles) {
    const auto together = claims_under(claims, profile);
    for (std::size_t i = 1; i < together.size(); ++i) {
      const EndClaim& one = *together[i - 1];
      const EndClaim& other = *together[i];
      if (one.process != other.process) continue;
      const auto second = std::max(one.line, other.line);
      const auto first = std::min(one.line, other.line);
      if (one.kind != EndClaim::Kind::kVma || other.kind != EndClaim::Kind::kVma) {
        return EndContradiction{
            second, fmt::format("line {} says another thing of process {}: none and gone stand "
                                "alone",
                                first, one.process)};
      }
      if (one.vma.range.end > other.vma.range.start) {
        return EndContradiction{
            second, fmt::format("what it says of process {} overlaps line {}", one.process, first)};
      }
    }
  }
  return std::nullopt;
}

std::vector<const EndClaim*> claims_under(const std::vector<EndClaim>& claims,
                                          std::string_view profile) {
  const auto names_it = [profile](const EndClaim& claim) {
    return std::ranges::find(claim.profiles, profile) != claim.profiles.end();
  };
  std::set<spec::ProcessId> named;
  for (const EndClaim& claim : claims) {
    if (names_it(claim)) named.insert(claim.process);
  }
  std::vector<const EndClaim*> out;
  for (const EndClaim& claim : claims) {
    const bool is_said = named.contains(claim.process) ? names_it(claim) : claim.profiles.empty();
    if (is_said) out.push_back(&claim);
  }
  std::ranges::sort(out, {}, [](const EndClaim* claim) {
    return std::tuple{claim->process, claim->vma.range.start, claim->line};
  });
  return out;
}

}  // namespace vmadiff::cli
