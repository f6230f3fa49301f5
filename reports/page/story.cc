// reports/page: stories.
#include "reports/page/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "reports/json.h"
#include "reports/page/json_fields.h"
#include "spec/file.h"
#include "spec/snapshot.h"

namespace vmadiff::reports {
namespace {

using nlohmann::ordered_json;
using spec::Address;

/// What says where a VMA is, or is numbered by the system.
constexpr std::array<std::string_view, 6> kOfThePlace{
    "start", "end", "page_offset", "own_page_offset", "anon_vma", "anon_vma_links"};

bool is_of_the_place(std::string_view key) {
  return std::ranges::find(kOfThePlace, key) != kOfThePlace.end();
}

/// A number as JSON has it here: hex text.
Address number(const ordered_json& object, const char* key) {
  const auto text = word(object, key);
  Address value = 0;
  if (text.starts_with("0x"))
    std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  return value;
}

/// VMAs that were there before the calls are not shown, here as elsewhere.
bool is_of_before(const ordered_json& vma) {
  static const auto before = fmt::format("{}:", spec::name(spec::FileClass::kOther));
  return word(vma, "backing").starts_with(before);
}

/// A VMA, and its anon_vma as its own system would have it had it numbered them in the order in
/// which they come.
struct SeenVma {
  const ordered_json* json = nullptr;
  std::uint64_t anon_vma = 0;
};

std::vector<SeenVma> made_by_calls(const ordered_json& state) {
  std::vector<SeenVma> out;
  std::map<std::uint64_t, std::uint64_t> numbers{{0, 0}};
  const auto* const vmas = list(state, "vmas");
  if (vmas == nullptr) return out;
  for (const ordered_json& vma : *vmas) {
    if (!vma.is_object() || number(vma, "start") >= number(vma, "end") || is_of_before(vma))
      continue;
    const auto anon_vma = count(vma, "anon_vma");
    out.push_back({&vma, numbers.try_emplace(anon_vma, numbers.size()).first->second});
  }
  return out;
}

/// Whether two objects are equal in all that both have.
bool agree(const ordered_json& a, const ordered_json& b) {
  for (const auto& [key, value] : a.items()) {
    const auto other = b.find(key);
    if (other != b.end() && *other != value) return false;
  }
  return true;
}

/// The same of two VMAs. One that shows its anon_vma shows all there is; what such a VMA does not
/// have it lacks.
bool agree(const SeenVma& a, const SeenVma& b) {
  const bool see_all = a.json->contains("anon_vma") && b.json->contains("anon_vma");
  if (see_all && (a.anon_vma != b.anon_vma || a.json->size() != b.json->size())) return false;
  for (const auto& [key, value] : a.json->items()) {
    if (key == "anon_vma") continue;
    const auto other = b.json->find(key);
    if (other == b.json->end()) {
      if (see_all) return false;
      continue;
    }
    if (*other == value) continue;
    // A kernel shows offsets in bytes, modulo 2^64.
    const bool is_same =
        !see_all && key == "page_offset" &&
        spec::same_offset_in_bytes(number(*a.json, "page_offset"), number(*b.json, "page_offset"));
    if (!is_same) return false;
  }
  return true;
}

ordered_json facts_of(const ordered_json& state) {
  ordered_json out = ordered_json::object();
  for (const auto& [key, value] : state.items()) {
    if (key == "counters" && value.is_object()) {
      out.update(value);
    } else if (key == "brk" || key == "merge_any") {
      out[key] = value;
    }
  }
  return out;
}

/// One system's side, ready to be compared.
struct Side {
  const SeenState* seen = nullptr;
  std::vector<SeenVma> vmas;
  ordered_json facts;
};

bool agree(const Side& a, const Side& b) {
  if (a.seen->outcome != b.seen->outcome || a.seen->state.is_null() != b.seen->state.is_null())
    return false;
  return agree(a.facts, b.facts) &&
         std::ranges::equal(a.vmas, b.vmas,
                            [](const auto& x, const auto& y) { return agree(x, y); });
}

std::set<Address> boundaries(const std::vector<SeenVma>& vmas) {
  std::set<Address> out;
  for (const SeenVma& vma : vmas) {
    out.insert(number(*vma.json, "start"));
    out.insert(number(*vma.json, "end"));
  }
  return out;
}

std::vector<Address> without(const std::set<Address>& from, const std::set<Address>& what) {
  std::vector<Address> out;
  std::ranges::set_difference(from, what, std::back_inserter(out));
  return out;
}

std::vector<std::size_t> differing(const std::vector<SeenVma>& vmas,
                                   const std::vector<SeenVma>& others) {
  std::multimap<Address, const SeenVma*> by_start;
  for (const SeenVma& other : others) by_start.emplace(number(*other.json, "start"), &other);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < vmas.size(); ++i) {
    const auto [first, last] = by_start.equal_range(number(*vmas[i].json, "start"));
    const bool has_equal =
        std::any_of(first, last, [&](const auto& entry) { return agree(vmas[i], *entry.second); });
    if (!has_equal) out.push_back(i);
  }
  return out;
}

std::size_t put(std::map<std::string, std::size_t>& index, std::vector<ordered_json>& list,
                const ordered_json& object) {
  const auto [at, is_new] = index.try_emplace(dumped(object), list.size());
  if (is_new) list.push_back(object);
  return at->second;
}

}  // namespace

std::optional<std::size_t> Story::first_difference() const {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    if (step.views.size() > 1) return i;
    if (!step.views.empty() && !step.asserted.empty() && step.asserted != step.views[0].outcome)
      return i;
  }
  return std::nullopt;
}

std::size_t StoryMaker::place_of(Bar bar, const ordered_json& kind, const ordered_json& detail) {
  bar.kind = put(kinds_, story_.kinds, kind);
  bar.detail = put(details_, story_.details, detail);
  const auto [at, is_new] = bars_.try_emplace(bar, story_.bars.size());
  if (is_new) story_.bars.push_back(bar);
  return at->second;
}

std::size_t StoryMaker::place_of(std::vector<std::size_t> layout) {
  const auto [at, is_new] = layouts_.try_emplace(layout, story_.layouts.size());
  if (is_new) {
    places_ += layout.size();
    story_.layouts.push_back(std::move(layout));
  }
  return at->second;
}

std::size_t StoryMaker::place_of(const ordered_json& vma) {
  const auto [known, is_new] = vmas_.try_emplace(dumped(vma), 0);
  if (!is_new) return known->second;
  ordered_json kind = ordered_json::object();
  ordered_json detail = ordered_json::object();
  for (const auto& [key, value] : vma.items()) {
    if (!is_of_the_place(key)) {
      kind[key] = value;
    } else if (key != "start" && key != "end") {
      detail[key] = value;
    }
  }
  known->second =
      place_of(Bar{.start = number(vma, "start"), .end = number(vma, "end")}, kind, detail);
  return known->second;
}

std::size_t StoryMaker::layout_of(const ordered_json& state) {
  std::vector<std::size_t> layout;
  for (const SeenVma& vma : made_by_calls(state)) layout.push_back(place_of(*vma.json));
  return place_of(std::move(layout));
}

void StoryMaker::add(SeenStep step) {
  StoryStep out{step.process,
                std::move(step.call),
                std::move(step.asserted),
                std::move(step.comments),
                std::move(step.named),
                {}};
  std::vector<Side> sides;  // one for each view: that of its first system
  for (const SeenState& seen : step.seen) {
    Side side{&seen, made_by_calls(seen.state), facts_of(seen.state)};
    const auto same =
        std::ranges::find_if(sides, [&](const Side& other) { return agree(side, other); });
    if (same != sides.end()) {
      out.views[static_cast<std::size_t>(same - sides.begin())].systems.push_back(seen.system);
      continue;
    }
    StoryView view{.systems = {seen.system},
                   .outcome = seen.outcome,
                   .layout = {},
                   .facts = side.facts,
                   .extra = {},
                   .missing = {},
                   .differing = {}};
    if (!seen.state.is_null()) view.layout = layout_of(seen.state);
    if (!sides.empty() && view.layout && out.views[0].layout) {
      const auto expected = boundaries(sides[0].vmas);
      const auto actual = boundaries(side.vmas);
      view.extra = without(actual, expected);
      view.missing = without(expected, actual);
      view.differing = differing(side.vmas, sides[0].vmas);
      if (out.views.size() == 1) out.views[0].differing = differing(sides[0].vmas, side.vmas);
    }
    out.views.push_back(std::move(view));
    sides.push_back(std::move(side));
  }
  story_.steps.push_back(std::move(out));
  keep_within_bounds();
}

void StoryMaker::keep_within_bounds() {
  auto& steps = story_.steps;
  if (steps.size() > 2 * bounds_.steps) {
    const auto dropped = steps.size() - bounds_.steps;
    steps.erase(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(dropped));
    story_.left_out += dropped;
    without_ -= std::min(without_, dropped);
  }
  if (places_ <= 2 * bounds_.places) return;
  std::size_t first = steps.size();
  std::set<std::size_t> used;
  for (std::size_t places = 0; first > 0; --first) {
    for (const StoryView& view : steps[first - 1].views) {
      if (view.layout && used.insert(*view.layout).second)
        places += story_.layouts[*view.layout].size();
    }
    if (places > bounds_.places) break;
  }
  // The last is kept whatever its size.
  forget_layouts_before(std::min(first, steps.size() - 1));
}

void StoryMaker::forget_layouts_before(std::size_t first) {
  StoryMaker fresh;
  const auto taken_over = [&](std::size_t layout) {
    std::vector<std::size_t> out;
    for (const std::size_t place : story_.layouts[layout]) {
      const Bar& bar = story_.bars[place];
      out.push_back(fresh.place_of(bar, story_.kinds[bar.kind], story_.details[bar.detail]));
    }
    return fresh.place_of(std::move(out));
  };
  for (std::size_t i = 0; i < story_.steps.size(); ++i) {
    for (StoryView& view : story_.steps[i].views) {
      if (!view.layout) continue;
      view.layout = i < first ? std::nullopt : std::optional{taken_over(*view.layout)};
    }
  }
  story_.kinds = std::move(fresh.story_.kinds);
  story_.details = std::move(fresh.story_.details);
  story_.bars = std::move(fresh.story_.bars);
  story_.layouts = std::move(fresh.story_.layouts);
  kinds_ = std::move(fresh.kinds_);
  details_ = std::move(fresh.details_);
  bars_ = std::move(fresh.bars_);
  layouts_ = std::move(fresh.layouts_);
  vmas_.clear();
  places_ = fresh.places_;
  without_ = first;
}

Story StoryMaker::take() {
  Story out = std::move(story_);
  if (out.left_out != 0) {
    out.notes.push_back(fmt::format(
        "The first {} calls are left out: a page shows the last of a long trace.", out.left_out));
  }
  if (without_ != 0) {
    out.notes.push_back(
        fmt::format("Calls {} to {} have no picture: they are many, and so are the VMAs.",
                    out.left_out + 1, out.left_out + without_));
  }
  if (!out.steps.empty()) out.shown = out.first_difference().value_or(out.steps.size() - 1);
  *this = StoryMaker{{}, bounds_};
  return out;
}

std::vector<Address> boundaries_named_in(std::string_view text, const std::vector<Bar>& layout) {
  std::vector<Address> out;
  for (std::size_t i = 1; i < layout.size(); ++i) {
    const Bar& prev = layout[i - 1];
    const Bar& next = layout[i];
    if (prev.end == next.start &&
        text.contains(fmt::format("{:08x}-{:08x}", prev.start, prev.end)) &&
        text.contains(fmt::format("{:08x}-{:08x}", next.start, next.end))) {
      out.push_back(next.start);
    }
  }
  return out;
}

}  // namespace vmadiff::reports
