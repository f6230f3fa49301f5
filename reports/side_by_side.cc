// reports: layouts beside each other.
#include "reports/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "reports/vma_lines.h"

namespace vmadiff::reports {
namespace {

using properties::View;
using spec::Vma;

std::vector<Vma> made_by_sequence(const spec::Snapshot& snapshot) {
  std::vector<Vma> out;
  for (const Vma& vma : snapshot.vmas) {
    if (vma.file.cls != spec::FileClass::kOther) out.push_back(vma);
  }
  return out;
}

/// Numbers of a system's own become those of their first appearance: two systems that agree up to
/// renaming agree in these.
std::vector<Vma> renumbered(std::vector<Vma> vmas) {
  std::map<spec::AnonVmaId, spec::AnonVmaId> anon_vmas{{spec::kNoAnonVma, spec::kNoAnonVma}};
  std::map<spec::FileClass, std::map<std::uint32_t, std::uint32_t>> objects;
  for (Vma& vma : vmas) {
    const auto next = static_cast<spec::AnonVmaId>(anon_vmas.size());
    vma.anon_vma = anon_vmas.try_emplace(vma.anon_vma, next).first->second;
    const bool is_own = vma.file.cls == spec::FileClass::kAnonShared ||
                        vma.file.cls == spec::FileClass::kAnonHugetlb;
    if (!is_own) continue;
    auto& numbers = objects[vma.file.cls];
    const auto number = static_cast<std::uint32_t>(numbers.size());
    vma.file.number = numbers.try_emplace(vma.file.number, number).first->second;
  }
  return vmas;
}

/// VMAs that stand on one line: those that begin at the same address.
struct Row {
  std::optional<Vma> left;
  std::optional<Vma> right;
};

std::vector<Row> rows(const std::vector<Vma>& left, const std::vector<Vma>& right) {
  std::vector<Row> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < left.size() || j < right.size()) {
    const bool take_left =
        i < left.size() && (j == right.size() || left[i].start <= right[j].start);
    const bool take_right =
        j < right.size() && (i == left.size() || right[j].start <= left[i].start);
    Row row;
    if (take_left) row.left = left[i++];
    if (take_right) row.right = right[j++];
    out.push_back(row);
  }
  return out;
}

void append_counters(std::string& out, const View& left, const View& right) {
  struct Field {
    std::string_view name;
    std::uint64_t spec::Counters::* value;
  };
  static constexpr std::array kFields{
      Field{"map_count", &spec::Counters::map_count}, Field{"total_vm", &spec::Counters::total_vm},
      Field{"locked_vm", &spec::Counters::locked_vm}, Field{"data_vm", &spec::Counters::data_vm},
      Field{"stack_vm", &spec::Counters::stack_vm},   Field{"exec_vm", &spec::Counters::exec_vm}};
  const auto observes = both(left.observes, right.observes);
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!(observes.counters || (observes.counter_sums && i < 2))) continue;
    const auto a = left.snapshot.counters.*kFields[i].value;
    const auto b = right.snapshot.counters.*kFields[i].value;
    if (a != b) out += fmt::format("! {} {} | {}\n", kFields[i].name, a, b);
  }
  if (!observes.brk_and_merge) return;
  if (left.snapshot.brk != right.snapshot.brk) {
    out += fmt::format("! brk {:x} | {:x}\n", left.snapshot.brk, right.snapshot.brk);
  }
  if (left.snapshot.merge_any != right.snapshot.merge_any) {
    out += fmt::format("! merge-any {} | {}\n", left.snapshot.merge_any, right.snapshot.merge_any);
  }
}

/// What there is to say of a VMA beyond its line.
Hidden all_that_is_set(const Vma& vma, const spec::Observes& seen) {
  Hidden out = 0;
  if (seen.anon_pgoff && vma.file.is_none()) out |= kHiddenOffset;
  if (seen.anon_pgoff && vma.own_pgoff != 0) out |= kHiddenOwnOffset;
  if (seen.anon_vma && vma.anon_vma != spec::kNoAnonVma) out |= kHiddenAnonVma;
  if (seen.policy && vma.policy != spec::MemPolicy{}) out |= kHiddenPolicy;
  if (seen.userfaultfd && vma.userfaultfd != 0) out |= kHiddenUserfaultfd;
  return out;
}

/// What keeps each VMA of a side apart from its neighbours.
std::vector<Hidden> hidden_of(const std::vector<Vma>& vmas, const spec::Observes& seen) {
  std::vector<Hidden> out(vmas.size(), 0);
  for (std::size_t i = 1; i < vmas.size(); ++i) {
    const Hidden between = hidden_between(vmas[i - 1], vmas[i], seen);
    out[i - 1] |= between;
    out[i] |= between;
  }
  return out;
}

/// One of two layouts: what is compared of it, and what it shows besides, so that its own
/// neighbours are told apart even where the other system cannot see how.
class Side {
 public:
  Side(std::vector<Vma> vmas, const spec::Observes& common, const spec::Observes& own)
      : vmas_(std::move(vmas)),
        compared_(hidden_of(vmas_, common)),
        shown_(hidden_of(vmas_, own)),
        own_(own) {}
  [[nodiscard]] const std::vector<Vma>& vmas() const { return vmas_; }
  [[nodiscard]] Hidden compared(std::size_t i) const { return compared_[i]; }
  [[nodiscard]] std::string text(std::size_t i, Hidden parts) const {
    auto out = text_with(vmas_[i], parts | shown_[i]);
    if (i != 0) out += unseen_between(vmas_[i - 1], vmas_[i], own_);
    return out;
  }

 private:
  std::vector<Vma> vmas_;
  std::vector<Hidden> compared_;
  std::vector<Hidden> shown_;
  spec::Observes own_;
};

std::string one_column(const View& view) {
  std::string out = fmt::format("  {}\n", view.system);
  // What one view shows is looked at for what it is: all that is known of it.
  for (const Vma& vma : made_by_sequence(view.snapshot)) {
    out += fmt::format("  {}\n", text_with(vma, all_that_is_set(vma, view.observes)));
  }
  return out;
}

/// The column count of a picture; more does not fit on a line.
constexpr spec::Address kPicturePages = 96;

/// Around what the picture is drawn: where the layouts first differ, else what the call names.
std::optional<spec::Address> point_of_interest(const std::vector<View>& views,
                                               const spec::Syscall& call) {
  if (views.size() > 1) {
    for (const Row& row :
         rows(made_by_sequence(views[0].snapshot), made_by_sequence(views[1].snapshot))) {
      if (row.left && row.right && spec::text(*row.left) == spec::text(*row.right)) continue;
      return row.left ? row.left->start : row.right->start;
    }
  }
  const auto range = spec::named_ranges(call).first;
  return range ? std::optional{range->start} : std::nullopt;
}

/// The VMAs of all views that hang together with `point`: no gap of over 16 pages between them.
spec::Range cluster(const std::vector<View>& views, spec::Address point) {
  constexpr spec::Address kGap = 16 * spec::kPageSize;
  spec::Range range{point, point + spec::kPageSize};
  for (bool grew = true; grew;) {
    grew = false;
    for (const View& view : views) {
      for (const Vma& vma : made_by_sequence(view.snapshot)) {
        const bool near = vma.start <= range.end + kGap && range.start <= vma.end + kGap;
        if (!near || (vma.start >= range.start && vma.end <= range.end)) continue;
        range = {std::min(range.start, vma.start), std::max(range.end, vma.end)};
        grew = true;
      }
    }
  }
  return range;
}

std::string drawn(const View& view, spec::Range range) {
  std::string out((range.end - range.start) >> spec::kPageShift, '.');
  std::size_t letter = 0;
  for (const Vma& vma : made_by_sequence(view.snapshot)) {
    if (!vma.range().overlaps(range)) continue;
    const auto first = (vma.start - range.start) >> spec::kPageShift;
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(first), vma.pages(),
                static_cast<char>('A' + letter++ % 26));
  }
  return out;
}

}  // namespace

std::string side_by_side(const std::vector<View>& views) {
  if (views.empty()) return {};
  if (views.size() == 1) return one_column(views.front());
  const View& left = views[0];
  const View& right = views[1];
  const auto observes = both(left.observes, right.observes);
  struct Line {
    std::string left;
    std::string right;
    bool differs = false;
  };
  std::vector<Line> lines;
  const Side left_side{renumbered(made_by_sequence(left.snapshot)), observes, left.observes};
  const Side right_side{renumbered(made_by_sequence(right.snapshot)), observes, right.observes};
  std::size_t i = 0;
  std::size_t j = 0;
  for (const Row& row : rows(left_side.vmas(), right_side.vmas())) {
    // Details only where they are what differs: the lines are long enough without.
    Hidden parts = 0;
    if (row.left) parts |= left_side.compared(i);
    if (row.right) parts |= right_side.compared(j);
    if (row.left && row.right && spec::text(*row.left) == spec::text(*row.right)) {
      parts |= hidden_difference(*row.left, *row.right, observes);
    }
    Line line;
    line.differs =
        !row.left || !row.right || text_with(*row.left, parts) != text_with(*row.right, parts);
    if (row.left) line.left = left_side.text(i++, parts);
    if (row.right) line.right = right_side.text(j++, parts);
    lines.push_back(std::move(line));
  }
  const auto title_left = fmt::format("expected ({})", left.system);
  const auto title_right = fmt::format("actual ({})", right.system);
  std::size_t width = title_left.size();
  for (const Line& line : lines) width = std::max(width, line.left.size());
  std::string out = fmt::format("  {:<{}} | {}\n", title_left, width, title_right);
  for (const Line& line : lines) {
    const char mark = line.differs ? '!' : ' ';
    out += fmt::format("{} {:<{}} |{}{}\n", mark, line.left, width, line.right.empty() ? "" : " ",
                       line.right);
  }
  append_counters(out, left, right);
  return out;
}

std::string picture(const std::vector<View>& views, const spec::Syscall& call) {
  const auto point = point_of_interest(views, call);
  if (!point || *point > ~spec::Address{0} - (spec::Address{1} << 32)) return {};
  const auto range = cluster(views, spec::page_down(*point));
  const auto pages = (range.end - range.start) >> spec::kPageShift;
  if (pages > kPicturePages || pages < 2) return {};
  std::string ruler;
  while (ruler.size() < pages) ruler += fmt::format("{:<10}", ruler.size());
  std::string out = fmt::format("  pages from {:#x}\n  {:8} {}\n", range.start, "",
                                ruler.substr(0, ruler.find_last_not_of(' ') + 1));
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto* const name = views.size() == 1 ? "seen" : (i == 0 ? "expected" : "actual");
    out += fmt::format("  {:<8} {}\n", name, drawn(views[i], range));
  }
  return out;
}

}  // namespace vmadiff::reports
