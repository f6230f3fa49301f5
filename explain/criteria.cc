// explain: the conditions of a merge, one by one.
#include "explain/criteria.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "explain/flag_names.h"
#include "properties/claims/merge_due.h"
#include "reports/vma_lines.h"

namespace vmadiff::explain {
namespace {

using spec::Vma;
using spec::VmFlags;

struct Row {
  std::string_view name;
  std::string_view source;
};
constexpr std::array kRows{Row{"special", "vma_merge_new_range, vma_merge_existing_range"},
                           Row{"flags", "is_mergeable_vma"},
                           Row{"userfaultfd", "is_mergeable_vm_userfaultfd_ctx"},
                           Row{"policy", "can_vma_merge_before, can_vma_merge_after"},
                           Row{"name", "anon_vma_name_eq"},
                           Row{"file", "is_mergeable_vma"},
                           Row{"offset", "can_vma_merge_before, can_vma_merge_after"},
                           Row{"own offset", "can_vma_merge_before, can_vma_merge_after"},
                           Row{"anon_vma", "is_mergeable_anon_vma"}};

Answer special(const Pair& pair) {
  const auto flags = pair.range.flags & spec::kVmSpecial;
  return {
      Criterion::kSpecial, flags == 0,
      flags == 0 ? "the range is not special" : fmt::format("the range is {}", flag_names(flags))};
}

/// What one has and the other has not, of these flags.
std::string differing(const Pair& pair, VmFlags asked) {
  const auto only = [asked](const Vma& a, const Vma& b) {
    return flag_names(a.flags & ~b.flags & asked);
  };
  const auto range = only(pair.range, pair.neighbour);
  const auto neighbour = only(pair.neighbour, pair.range);
  std::string out;
  if (!range.empty()) out += fmt::format("only the range has {}", range);
  if (!neighbour.empty()) {
    out += fmt::format("{}only the neighbour has {}", out.empty() ? "" : ", ", neighbour);
  }
  return out;
}

Answer flags(const Pair& pair) {
  auto text = differing(pair, ~(spec::kVmSticky | spec::kVmUffd | spec::kVmPkeyMask));
  const auto range_key = spec::pkey_of(pair.range.flags);
  const auto key = spec::pkey_of(pair.neighbour.flags);
  if (range_key != key) {
    text += fmt::format("{}the range has the protection key {}, the neighbour {}",
                        text.empty() ? "" : ", ", range_key, key);
  }
  return {Criterion::kFlags, text.empty(), text.empty() ? "the same" : text};
}

Answer userfaultfd(const Pair& pair) {
  auto text = differing(pair, spec::kVmUffd);
  const auto range = pair.range.userfaultfd;
  const auto neighbour = pair.neighbour.userfaultfd;
  if (text.empty() && range != 0 && neighbour != 0 && range != neighbour) {
    text = fmt::format("the range is of userfaultfd {}, the neighbour of {}", range - 1,
                       neighbour - 1);
  }
  const bool is_any = ((pair.range.flags | pair.neighbour.flags) & spec::kVmUffd) != 0;
  return {Criterion::kUserfaultfd, text.empty(),
          !text.empty() ? text
          : is_any      ? "both are registered"
                        : "neither is registered"};
}

Answer policy(const Pair& pair) {
  if (pair.range.policy == pair.neighbour.policy) {
    const bool is_none = pair.range.policy == spec::MemPolicy{};
    return {Criterion::kPolicy, true, is_none ? "neither has one" : "the same"};
  }
  const auto words = [](const Vma& vma) {
    return reports::text_with(vma, reports::kHiddenPolicy).substr(spec::text(vma).size() + 1);
  };
  return {
      Criterion::kPolicy, false,
      fmt::format("the range has {}, the neighbour {}", words(pair.range), words(pair.neighbour))};
}

Answer vma_name(const Pair& pair) {
  const auto words = [](const Vma& vma) {
    return vma.name.is_none() ? std::string{"none"} : spec::name_text(vma);
  };
  if (pair.range.name == pair.neighbour.name) {
    return {Criterion::kName, true, pair.range.name.is_none() ? "neither has one" : "the same"};
  }
  return {
      Criterion::kName, false,
      fmt::format("the range has {}, the neighbour {}", words(pair.range), words(pair.neighbour))};
}

Answer file(const Pair& pair) {
  const bool holds = pair.range.file == pair.neighbour.file;
  if (holds) {
    return {Criterion::kFile, true,
            pair.range.file.is_none() ? "neither has one" : spec::text(pair.range.file)};
  }
  const auto range = spec::text(pair.range.file);
  const auto neighbour = spec::text(pair.neighbour.file);
  if (range == neighbour) return {Criterion::kFile, false, "each has an object of its own"};
  return {Criterion::kFile, false,
          fmt::format("the range is of {}, the neighbour of {}", range, neighbour)};
}

Answer offset(const Pair& pair) {
  const auto& low = pair.low();
  const auto wanted = low.pgoff + low.pages();
  if (wanted == pair.high().pgoff) return {Criterion::kOffset, true, "it goes on"};
  return {Criterion::kOffset, false,
          fmt::format("what lies below ends at page {:#x}, what lies above begins at page {:#x}",
                      wanted, pair.high().pgoff)};
}

Answer own_offset(const Pair& pair) {
  const auto low = pair.low().own_pgoff;
  const auto high = pair.high().own_pgoff;
  if (low != 0 && high != 0 && low + pair.low().pages() == high) {
    return {Criterion::kOwnOffset, true, "it goes on"};
  }
  return {Criterion::kOwnOffset, false,
          fmt::format("that of the pages below ends at page {:#x}, that of those above begins at "
                      "page {:#x}",
                      low + pair.low().pages(), high)};
}

Answer anon_vma(const Pair& pair, spec::AnonVmaMerge rule) {
  const bool holds = properties::can_join_anon_vmas(pair.neighbour, pair.range, rule);
  const auto range = pair.range.anon_vma;
  const auto neighbour = pair.neighbour.anon_vma;
  const auto answer = [holds](std::string text) {
    return Answer{Criterion::kAnonVma, holds, std::move(text)};
  };
  if (range == neighbour) {
    return answer(range == spec::kNoAnonVma ? "neither has one" : "both have the same");
  }
  if (range != spec::kNoAnonVma && neighbour != spec::kNoAnonVma) {
    return answer("each has one of its own");
  }
  const bool is_ranges = range != spec::kNoAnonVma;
  const std::string_view owner = is_ranges ? "the range" : "the neighbour";
  const auto links = is_ranges ? pair.range.anon_vma_links : pair.neighbour.anon_vma_links;
  if (links > 1) return answer(fmt::format("only {} has one, and came through fork", owner));
  if (!holds) return answer("only the range has one, and just a neighbour's may be taken over");
  return answer(fmt::format("only {} has one, made in this process", owner));
}

}  // namespace

std::string_view name(Criterion criterion) {
  return kRows.at(static_cast<std::size_t>(criterion)).name;
}

std::string_view source(Criterion criterion) {
  return kRows.at(static_cast<std::size_t>(criterion)).source;
}

std::vector<Answer> answers_for(const Pair& pair, spec::AnonVmaMerge rule) {
  std::vector<Answer> answers{special(pair), flags(pair), userfaultfd(pair), policy(pair)};
  const bool is_named = !pair.range.name.is_none() || !pair.neighbour.name.is_none();
  if (is_named) answers.push_back(vma_name(pair));
  answers.push_back(file(pair));
  answers.push_back(offset(pair));
  if (pair.low().own_pgoff != 0 || pair.high().own_pgoff != 0) {
    answers.push_back(own_offset(pair));
  }
  answers.push_back(anon_vma(pair, rule));
  return answers;
}

bool all_hold(const std::vector<Answer>& answers) {
  return std::ranges::all_of(answers, &Answer::holds);
}

}  // namespace vmadiff::explain
