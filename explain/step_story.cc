// explain: telling one step.
#include "explain/step_story.h"

#include <fmt/format.h>

#include <algorithm>

#include "explain/boundary.h"
#include "explain/flag_names.h"
#include "explain/ksm_flag.h"
#include "reports/vma_lines.h"

namespace vmadiff::explain {
namespace {

using spec::Snapshot;
using spec::Vma;

std::string vmas(std::size_t count) {
  return count == 1 ? "one VMA" : fmt::format("{} VMAs", count);
}

std::string capital(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text;
}

/// Of VMAs of one state those that the other has not, each with what tells it from its neighbours
/// and from what lay at its place.
std::vector<std::string> lines_only_in(const Snapshot& one, const Snapshot& other) {
  std::vector<std::string> out;
  const auto& all = one.vmas;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::ranges::find(other.vmas, all[i]) != other.vmas.end()) continue;
    reports::Hidden parts = 0;
    if (i != 0) parts |= reports::hidden_between(all[i - 1], all[i], {});
    if (i + 1 < all.size()) parts |= reports::hidden_between(all[i], all[i + 1], {});
    const Vma* there = vma_at(other, all[i].start);
    if (there != nullptr && there->range() == all[i].range()) {
      parts |= reports::hidden_difference(all[i], *there, {});
    }
    out.push_back(reports::text_with(all[i], parts));
  }
  return out;
}

/// Whether the call is about a range, and that is empty.
bool names_nothing(const spec::Syscall& call) {
  return std::visit(
      [](const auto& c) {
        if constexpr (requires { c.length; }) return c.length == 0;
        return false;
      },
      call);
}

/// Why a call that succeeded has changed nothing.
struct WhyNothing {
  const Moment& m;

  std::string operator()(const spec::Munmap&) const { return "nothing was mapped there"; }
  std::string operator()(const spec::Mprotect&) const { return permitted(); }
  std::string operator()(const spec::PkeyMprotect&) const { return permitted(); }
  std::string operator()(const spec::Madvise& c) const {
    const bool is_about_flags =
        c.advice <= spec::kMadvSequential ||
        (c.advice >= spec::kMadvDontfork && c.advice <= spec::kMadvKeeponfork);
    return is_about_flags ? "the memory is as the advice wants it, or cannot be so, and of what "
                            "does not change nothing is asked"
                          : "the advice is about pages, of which no VMA knows";
  }
  std::string operator()(const spec::Prctl& c) const {
    if (c.option == spec::kPrGetMemoryMerge || c.option == spec::kPrGetMdwe ||
        c.option == spec::kPrGetThpDisable) {
      return "it only asks";
    }
    if (c.option == spec::kPrSetMdwe) return "MDWE is for later calls: what is mapped stays";
    if (c.option == spec::kPrSetThpDisable) return "huge pages are off already";
    return m.before.merge_any == m.after.merge_any ? "KSM is as it is wanted for the process"
                                                   : "no VMA's flag has to change";
  }
  std::string operator()(const spec::Touch&) const {
    return "each page could be accessed, and no VMA needs an anon_vma for it that it has not";
  }
  std::string operator()(const spec::Mremap&) const { return "the memory is where and as it was"; }
  std::string operator()(const spec::Mlock&) const { return locked(); }
  std::string operator()(const spec::Mlock2&) const { return locked(); }
  std::string operator()(const spec::Munlock&) const { return locked(); }
  std::string operator()(const spec::Mlockall& c) const {
    return (c.flags & spec::kMclCurrent) == 0 ? "it is for what is mapped from now on" : locked();
  }
  std::string operator()(const spec::Munlockall&) const { return locked(); }
  std::string operator()(const spec::Mseal&) const { return "all of it is sealed already"; }
  std::string operator()(const spec::Setrlimit&) const {
    return "a limit is for later calls: what is mapped stays";
  }
  std::string operator()(const spec::SetMempolicy&) const {
    return "the policy is the task's own, and about pages of later faults";
  }
  std::string operator()(const spec::Mbind&) const { return "it has that policy already"; }
  std::string operator()(const spec::SetVmaName& c) const {
    return c.name.is_none() ? "none of it has a name" : "it has that name already";
  }
  std::string operator()(const spec::UffdRegister&) const { return "it is registered already"; }
  std::string operator()(const spec::UffdUnregister&) const { return "none of it is registered"; }
  std::string operator()(const spec::UffdWriteprotect&) const {
    return "marks are on pages, of which no VMA knows";
  }
  std::string operator()(const spec::UffdRwprotect&) const {
    return "marks are on pages, of which no VMA knows";
  }
  std::string operator()(const spec::UffdOpen&) const {
    return "nothing is registered with it yet";
  }
  std::string operator()(const spec::UffdClose&) const { return "nothing was registered with it"; }
  std::string operator()(const spec::Msync&) const {
    return "pages are written back, of which no VMA knows";
  }
  std::string operator()(const spec::AddSeals&) const {
    return "seals are for later calls: what is mapped stays";
  }
  std::string operator()(const spec::ProcessMadvise& c) const {
    return (*this)(spec::Madvise{c.addr, c.length, c.advice});
  }
  std::string operator()(const spec::Fork&) const { return "the parent keeps all that it has"; }
  std::string operator()(const spec::Exec&) const {
    return "there was the program and nothing else";
  }
  std::string operator()(const spec::Mmap&) const {
    return "what is mapped now is as what it replaces";
  }
  std::string operator()(const spec::RemapFilePages&) const {
    return "what is mapped now is as what it replaces";
  }
  std::string operator()(const spec::Brk&) const {
    return m.before.brk == m.after.brk ? "the break stays where it is"
                                       : "the break moves within its page";
  }
  std::string operator()(const spec::Exit&) const { return "the process is gone"; }
  std::string operator()(const spec::Shmat&) const {
    return "what is attached now is as what it replaces";
  }
  std::string operator()(const spec::Shmdt&) const {
    return "what is left of the attachment is sealed, and of errors nothing is said (shmdt)";
  }
  std::string operator()(const spec::PkeyAlloc&) const {
    return "a key is the process's, and in no VMA before pkey_mprotect gives it to one";
  }
  std::string operator()(const spec::PkeyFree&) const {
    return "the VMAs that have the key keep it";
  }

 private:
  static std::string permitted() {
    return "the memory has these permissions already, and of what does not change nothing is asked";
  }
  static std::string locked() {
    return "the memory is locked, or not, as it is wanted, or cannot be locked (VM_SPECIAL, huge "
           "pages, droppable)";
  }
};

/// Whether the VMAs that change are all where they were.
bool keeps_ranges(const Moment& m) {
  return std::ranges::equal(m.before.vmas, m.after.vmas, {}, &Vma::range, &Vma::range);
}

std::string headline(const StepStory& story, const Moment& m) {
  const auto gone = story.gone.size();
  const auto come = story.come.size();
  if (gone == 0 && come == 0) {
    return fmt::format("No VMA changes: {}.", names_nothing(m.call)
                                                  ? std::string{"the range is empty"}
                                                  : std::visit(WhyNothing{m}, m.call));
  }
  if (gone == 0) return capital(fmt::format("{} {} new.", vmas(come), come == 1 ? "is" : "are"));
  if (come == 0) return capital(fmt::format("{} {}.", vmas(gone), gone == 1 ? "goes" : "go"));
  if (gone == 1 && come == 1) return "One VMA changes.";
  if (gone == come) {
    return fmt::format("{} VMAs {}.", gone,
                       keeps_ranges(m) ? "change" : fmt::format("become {} others", come));
  }
  return capital(fmt::format("{} {} {}.", vmas(gone), gone == 1 ? "becomes" : "become",
                             come == 1 ? "one" : fmt::format("{}", come)));
}

/// KSM's part in new memory.
void tell_ksm(const Moment& m, StepStory& out) {
  const auto* mmap = std::get_if<spec::Mmap>(&m.call);
  const auto at = mmap != nullptr ? m.outcome.value() : spec::page_up(m.before.brk);
  const Vma* made = vma_at(m.after, at);
  if (made == nullptr) return;
  const auto ksm = ksm_flag_of(m.call, *made, m.after.merge_any, m.profile);
  if (!ksm) return;
  const bool has = (made->flags & spec::kVmMergeable) != 0;
  switch (ksm->when) {
    case KsmFlag::When::kBeforeMerge:
      out.sentences.push_back(
          fmt::format("The memory has VM_MERGEABLE before the merge is tried: {}.", ksm->why));
      return;
    case KsmFlag::When::kAfterMerge:
      out.sentences.push_back(
          has ? fmt::format("VM_MERGEABLE comes after the merge is tried: {}.", ksm->why)
              : fmt::format("VM_MERGEABLE would come after the merge is tried, and only on a VMA "
                            "that is new: what has joined one has its flags ({}).",
                            ksm->why));
      return;
    case KsmFlag::When::kNever:
      out.sentences.push_back(fmt::format("It never has VM_MERGEABLE: {}.", ksm->why));
  }
}

/// Whose anon_vma a VMA has got.
void tell_anon_vmas(const Moment& m, StepStory& out) {
  for (const Vma& vma : m.after.vmas) {
    const Vma* was = vma_at(m.before, vma.start);
    if (was == nullptr || was->anon_vma == vma.anon_vma || was->range() != vma.range()) continue;
    if (was->anon_vma != spec::kNoAnonVma) continue;
    const auto owner = std::ranges::find_if(
        m.before.vmas, [&vma](const Vma& other) { return other.anon_vma == vma.anon_vma; });
    const auto here = fmt::format("{:x}-{:x}", vma.start, vma.end);
    out.sentences.push_back(
        owner == m.before.vmas.end()
            ? fmt::format("{} gets an anon_vma of its own: it has a page of its own now, and no "
                          "neighbour has one to share (anon_vma_prepare).",
                          here)
            : fmt::format("{} takes over the anon_vma of {:x}-{:x}, with which it could be one but "
                          "for permissions (find_mergeable_anon_vma).",
                          here, owner->start, owner->end));
  }
}

/// What the call as such did, where VMAs do not say it.
struct OfCall {
  const Moment& m;
  StepStory& out;

  void operator()(const spec::Mmap& c) const {
    const bool is_given = (c.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0;
    if (!is_given && m.outcome.value() != c.addr) {
      out.sentences.push_back(fmt::format(
          "The kernel has chosen the address, {:#x} (get_unmapped_area).", m.outcome.value()));
    }
    const spec::Range range{m.outcome.value(), m.outcome.value() + spec::page_up(c.length)};
    const auto replaced = std::ranges::count_if(
        m.before.vmas, [range](const Vma& vma) { return vma.range().overlaps(range); });
    if (replaced != 0) {
      out.sentences.push_back(fmt::format("What {} had there is unmapped first.",
                                          vmas(static_cast<std::size_t>(replaced))));
    }
    tell_ksm(m, out);
  }
  void operator()(const spec::Brk& c) const {
    if (m.after.brk != m.before.brk) {
      out.sentences.push_back(
          fmt::format("The break moves from {:#x} to {:#x}.", m.before.brk, m.after.brk));
      if (m.after.brk > m.before.brk) tell_ksm(m, out);
      const auto old_end = spec::page_up(m.before.brk);
      if (spec::page_up(m.after.brk) > old_end && old_end <= m.setup.start_brk) {
        out.sentences.emplace_back(
            "The first pages of a heap ask no neighbour whether they may join it (do_brk_flags).");
      }
    } else if (c.addr < m.setup.start_brk) {
      out.sentences.push_back(fmt::format(
          "It asks where the break is, which never lies below {:#x}.", m.setup.start_brk));
    }
  }
  void operator()(const spec::Prctl& c) const {
    if (c.option != spec::kPrSetMemoryMerge || m.before.merge_any == m.after.merge_any) return;
    out.sentences.push_back(
        m.after.merge_any
            ? "KSM is on for the process: each VMA that may have VM_MERGEABLE gets it, and so will "
              "new memory (ksm_enable_merge_any)."
            : "KSM is off for the process: every VMA loses VM_MERGEABLE (ksm_disable_merge_any).");
    out.sentences.emplace_back("It merges nothing, though neighbours may be alike now.");
  }
  void operator()(const spec::Mremap& c) const {
    if (m.outcome.value() != c.addr) {
      const bool keeps = (c.flags & spec::kMremapDontunmap) != 0;
      const auto length = std::min(spec::page_up(c.length), spec::page_up(c.new_length));
      out.sentences.push_back(fmt::format(
          "The pages of {:x}-{:x} move to {:#x}, and the memory takes its offset along{} "
          "(move_vma).",
          c.addr, c.addr + length, m.outcome.value(),
          keeps ? "; its source stays mapped and empty" : ""));
    } else if (spec::page_up(c.new_length) > spec::page_up(c.length)) {
      out.sentences.emplace_back("It grows where it is (expand_vma_in_place).");
    }
  }
  void operator()(const spec::Exec&) const {
    out.sentences.emplace_back(
        "All that was mapped is gone; the program is there as in the beginning (execve).");
    if (m.after.merge_any) {
      out.sentences.emplace_back("KSM stays on for the process over exec (ksm_execve).");
    }
  }
  void operator()(const spec::Fork&) const {
    out.sentences.push_back(fmt::format("Process {} is made.", m.outcome.value()));
  }
  void operator()(const spec::Exit&) const { out.sentences.emplace_back("The process ends."); }
  void operator()(const spec::Mlockall& c) const {
    if ((c.flags & spec::kMclFuture) != 0) {
      out.sentences.emplace_back("What is mapped from now on is locked, too (MCL_FUTURE).");
    }
  }
  void operator()(const auto&) const {}
};

}  // namespace

void tell_changes(const Snapshot& before, const Snapshot& after, StepStory& out) {
  out.gone = lines_only_in(before, after);
  out.come = lines_only_in(after, before);
}

void tell_success(const Moment& m, StepStory& out) {
  tell_changes(m.before, m.after, out);
  const bool ends = std::holds_alternative<spec::Exit>(m.call);
  if (!ends) out.sentences.push_back(headline(out, m));
  std::visit(OfCall{m, out}, m.call);
  tell_anon_vmas(m, out);
}

void tell_child(const Snapshot& parent, const Snapshot& child, StepStory& out) {
  std::size_t own = 0;
  for (const Vma& vma : child.vmas) own += vma.anon_vma_links > 1 ? 1U : 0U;
  out.sentences.push_back(fmt::format(
      "It has {} of its parent's {}, and the same offsets; {} came through fork with an anon_vma, "
      "which then joins with nothing that has none (anon_vma_fork).",
      child.vmas.size(), vmas(parent.vmas.size()), own == 0 ? "none" : fmt::format("{}", own)));
  for (const Vma& vma : parent.vmas) {
    const Vma* copy = vma_at(child, vma.start);
    const auto range = fmt::format("{:x}-{:x}", vma.start, vma.end);
    if (copy == nullptr) {
      out.sentences.push_back(
          fmt::format("{} is not copied: {}.", range, flag_names(vma.flags & spec::kVmDontcopy)));
    } else if (copy->flags != vma.flags) {
      out.sentences.push_back(fmt::format("{} is copied without {} (dup_mmap).", range,
                                          flag_names(vma.flags & ~copy->flags)));
    }
  }
}

}  // namespace vmadiff::explain
