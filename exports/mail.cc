// exports: a trace as a mail.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "exports/exports.h"
#include "exports/map_picture.h"
#include "reports/quoting.h"
#include "reports/trace.h"
#include "reports/vma_lines.h"
#include "spec/sequence.h"
#include "spec/trace_text.h"

namespace vmadiff::exports {
namespace {

using reports::Reproduction;

constexpr std::size_t kColumns = 75;
constexpr std::size_t kIndent = 2;

/// Lines of at most `columns` columns, each behind `indent` spaces.
std::string paragraph(std::string_view text, std::size_t indent = 0, std::size_t hanging = 0) {
  std::string out;
  const auto columns = kColumns - indent - hanging;
  for (const auto& words : reports::wrapped(text, columns)) {
    // A word can be longer than a line.
    auto line = reports::printable_line(words);
    do {
      out += fmt::format("{:{}}{}\n", "", out.empty() ? indent : indent + hanging,
                         line.substr(0, columns));
      line.erase(0, columns);
    } while (!line.empty());
  }
  return out;
}

/// The story as paragraphs: its lines run on, an empty one parts them.
std::string story_of(const Reproduction& r) {
  std::string out;
  std::string text;
  const auto end_paragraph = [&] {
    if (!text.empty()) out += (out.empty() ? "" : "\n") + paragraph(text);
    text.clear();
  };
  for (const std::string& line : r.story) {
    if (line.empty()) {
      end_paragraph();
    } else {
      text += (text.empty() ? "" : " ") + line;
    }
  }
  end_paragraph();
  return out;
}

/// A line of the trace. What is too long goes on behind a backslash, as trace text allows.
std::string trace_line(std::string text) {
  std::string out;
  std::size_t indent = kIndent;
  while (text.size() + indent > kColumns) {
    const auto room = kColumns - indent - 2;  // for " \"
    auto cut = text.rfind(' ', room);
    if (cut == std::string::npos || cut == 0) {
      cut = text.rfind('|', room - 1);
      cut = cut == std::string::npos ? room : cut + 1;
    }
    // A name in quotes is one word, whatever is in it.
    if (std::ranges::count(text.substr(0, cut), '"') % 2 != 0) {
      const auto opens = text.rfind('"', cut);
      const auto before = opens == 0 ? std::string::npos : text.rfind(' ', opens);
      cut = before != std::string::npos && before != 0 ? before
                                                       : text.find(' ', text.find('"', opens + 1));
      if (cut == std::string::npos) break;
    }
    out += fmt::format("{:{}}{} \\\n", "", indent, text.substr(0, cut));
    text.erase(0, text[cut] == ' ' ? cut + 1 : cut);
    indent = 2 * kIndent;
  }
  return out + fmt::format("{:{}}{}\n", "", indent, text);
}

std::string trace_of(const Reproduction& r) {
  // A comment cannot go on in another line.
  std::string out = fmt::format("  # profile: {}\n", r.profile);
  if (!r.own_setup.empty()) out += fmt::format("  # setup: {}\n", r.own_setup);
  for (const auto& step : r.steps)
    out += trace_line(spec::text(spec::Step{step.process, step.call, step.expected}));
  return out;
}

/// The last step that leaves its process another layout than it had: its index.
std::optional<std::size_t> last_change(const Reproduction& r) {
  for (std::size_t i = r.steps.size(); i-- > 1;) {
    if (!r.steps[i].layout) continue;
    for (std::size_t j = i; j-- > 0;) {
      if (r.steps[j].process != r.steps[i].process || !r.steps[j].layout) continue;
      if (r.layouts[*r.steps[j].layout] != r.layouts[*r.steps[i].layout]) return i;
      break;
    }
  }
  return std::nullopt;
}

const std::vector<spec::Vma>& layout_before(const Reproduction& r, std::size_t step) {
  static const std::vector<spec::Vma> none;
  for (std::size_t j = step; j-- > 0;) {
    if (r.steps[j].process == r.steps[step].process && r.steps[j].layout)
      return r.layouts[*r.steps[j].layout];
  }
  return none;
}

std::string vma_list(const std::vector<spec::Vma>& vmas) {
  std::string out;
  char letter = 'A';
  for (const std::string& line : reports::lines_of(vmas, spec::Observes{})) {
    out += paragraph(fmt::format("{} {}", letter, line), kIndent, 2 * kIndent);
    letter = letter == 'Z' ? 'A' : static_cast<char>(letter + 1);
  }
  return out.empty() ? "  nothing is mapped\n" : out;
}

std::string picture_of(const Reproduction& r) {
  std::string out;
  for (const auto& end : r.ends) {
    out += fmt::format("\nWhat is mapped at the end{}:\n\n",
                       r.ends.size() > 1 ? fmt::format(", process {}", end.process) : "");
    out += vma_list(r.layouts[end.layout]);
  }
  const auto changed = last_change(r);
  if (!changed) return out;
  const auto& step = r.steps[*changed];
  out += fmt::format("\nBefore and after call {}, the last that changes the layout:\n\n",
                     *changed + 1);
  out += trace_line(spec::text(spec::Step{step.process, step.call, step.expected}));
  const auto& before = layout_before(r, *changed);
  const auto picture =
      map_picture({{"before", &before}, {"after", &r.layouts[*step.layout]}}, kColumns - kIndent);
  out += '\n';
  for (std::size_t at = 0; at < picture.size();) {
    const auto end = picture.find('\n', at);
    const auto line = picture.substr(at, end - at);
    out += line.empty() ? "\n" : fmt::format("  {}\n", line);
    at = end + 1;
  }
  return out;
}

}  // namespace

Written mail(const Reproduction& r, std::string_view machine) {
  auto subject = fmt::format("mm/vma: {} ({})", reports::printable_line(r.name), r.profile);
  if (subject.size() + 9 > kColumns) subject.resize(kColumns - 9);
  std::string out = fmt::format("Subject: {}\n\n", subject) + story_of(r);
  if (!machine.empty()) out += "\n" + paragraph(fmt::format("Machine: {}", machine));
  out += picture_of(r);
  out +=
      "\nTo run it: save the lines below as x.trace, then\n\n"
      "  vmadiff replay --systems host x.trace\n"
      "  vmadiff export c x.trace -o x.c && cc x.c -o x && ./x\n\n";
  return out + trace_of(r);
}

}  // namespace vmadiff::exports
