// kernel/tree: a tree as a System: calls become numbers and arguments as the agent's do, and what
// the glue lists becomes a snapshot.
#include "kernel/tree/tree.h"

#include <fmt/format.h>
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>

#include "kernel/agent/protocol.h"
#include "kernel/host/agent_files.h"
#include "kernel/host/program.h"
#include "kernel/tree/object.h"
#include "kernel/tree/sanitizer.h"
#include "kernel/tree/source_lines.h"
#include "spec/errno.h"

namespace vmadiff::kernel {
namespace {

using spec::Errno;
using spec::Outcome;
using spec::ToolFault;

static_assert(VMADIFF_TREE_FIRST_DESCRIPTOR == kFirstFileDescriptor &&
              VMADIFF_TREE_FILES_PER_CLASS == spec::kFilesPerClass &&
              VMADIFF_TREE_PROCESSES == kProcessCountMax);

static_assert(VMADIFF_TREE_UFFD_MINOR == spec::kVmUffdMinor &&
              VMADIFF_TREE_DROPPABLE == spec::kVmDroppable &&
              VMADIFF_TREE_UFFD_RWP == spec::kVmUffdRwp && VMADIFF_TREE_SEALED == spec::kVmSealed);
static_assert(VMADIFF_TREE_USERFAULTFDS == spec::kUserfaultfdCount);

constexpr std::uint64_t kNodeBits = 65;  ///< what the agent says is in a mask of nodes, and one

std::uint64_t argument_of(const void* memory) { return reinterpret_cast<std::uint64_t>(memory); }

vmadiff_tree_vma row_of(const spec::Vma& vma) {
  vmadiff_tree_vma row{};
  row.start = vma.start;
  row.end = vma.end;
  row.flags = vma.flags;
  row.pgoff = vma.pgoff;
  row.file_class = static_cast<unsigned>(vma.file.cls);
  row.file_number = vma.file.number;
  return row;
}

vmadiff_tree_setup words_of(const spec::Setup& setup) {
  const auto page_up = [](spec::Address a) { return spec::page_up(a); };
  return {.mmap_base = setup.mmap_base,
          .legacy_base = page_up(setup.task_size / 3),
          .bottom_up = setup.bottom_up,
          .start_brk = setup.start_brk,
          .brk = setup.initial.brk,
          .mmap_min_addr = setup.mmap_min_addr,
          .placement_min_addr = setup.placement_min_addr,
          .max_map_count = setup.max_map_count,
          .stack_guard_gap = setup.stack_guard_gap,
          .limit_data = setup.limits.data,
          .limit_stack = setup.limits.stack,
          .limit_memlock = setup.limits.memlock,
          .limit_as = setup.limits.as,
          .hard_stack = setup.limits.stack_hard,
          .hard_memlock = setup.limits.memlock_hard,
          .memory_pages = setup.overcommit_pages,
          .nodes = setup.nodes,
          .has_userfaultfd = setup.userfaultfd,
          .has_vma_names = setup.vma_names,
          .may_trace = setup.uffd_event_fork,
          .has_protection_keys = setup.protection_keys,
          .may_set_memory_merge = setup.may_set_memory_merge,
          .maps_zero_page = setup.zero_page,
          .zero_is_noexec = setup.zero_noexec,
          .file_is_noexec = setup.file_noexec};
}

class Faults final : public spec::AllocationFaults {
 public:
  explicit Faults(const TreeObject& object) : object_(&object) {}
  void fail(std::uint64_t number) override { (*object_)->fail_allocation(number); }
  bool cancel() override { return (*object_)->fail_allocation(0) != 0; }

 private:
  const TreeObject* object_;
};

class Tree final : public spec::System {
 public:
  Tree(std::string name, std::filesystem::path path, TreeObject object,
       std::span<std::uint8_t> blocks)
      : name_(std::move(name)),
        path_(std::move(path)),
        object_(std::move(object)),
        blocks_(blocks) {
    count_blocks();
  }

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] spec::Observes observes() const override {
    return {.committed = true, .allocated = true};
  }

  std::expected<void, ToolFault> start(const spec::Setup& setup) override {
    if (is_dead_) {
      auto other = TreeObject::load(path_);
      if (!other) return std::unexpected(other.error());
      object_ = std::move(*other);
      count_blocks();
      is_dead_ = false;
      note_.clear();
      log_.clear();
    }
    // Who is killed writes nothing at its end.
    constexpr std::uint64_t kStartsBetween = 4000;
    if (++starts_ % kStartsBetween == 0) object_->write_coverage();
    setup_ = &setup;
    initial_.clear();
    for (const spec::Vma& vma : setup.initial.vmas) initial_.push_back(row_of(vma));
    const auto words = words_of(setup);
    alive_.assign(1, true);
    const auto begun =
        object_->start(&words, initial_.data(), static_cast<unsigned>(initial_.size()), &at_first_);
    if (begun.broken != nullptr) return std::unexpected(broke("cannot begin", begun.broken));
    if (has_report()) return std::unexpected(broke("cannot begin", note_));
    return {};
  }

  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    if (is_dead_) return Outcome::died();
    if (process >= alive_.size() || !alive_[process]) return Outcome::fail(Errno::kESRCH);
    const auto outcome = made(process, call);
    if (!hears_reports()) return outcome;
    if (!is_dead_) look_at_all();
    return has_report() ? Outcome::died() : outcome;
  }

  std::expected<void, ToolFault> snapshot(spec::ProcessId process, spec::Snapshot& out) override {
    out = {};
    if (is_dead_ || process >= alive_.size() || !alive_[process]) return {};
    list(process, out.vmas);
    vmadiff_tree_state state{};
    object_->state(process, &state);
    out.counters = {.map_count = state.map_count,
                    .total_vm = state.total_vm,
                    .locked_vm = state.locked_vm,
                    .data_vm = state.data_vm,
                    .stack_vm = state.stack_vm,
                    .exec_vm = state.exec_vm};
    out.brk = state.brk;
    constexpr std::array<vmadiff_u64, 6> kGet{spec::kPrGetMemoryMerge};
    const auto merges = object_->call(process, SYS_prctl, kGet.data());
    if (merges.broken != nullptr) return std::unexpected(broke("cannot be asked", merges.broken));
    out.merge_any = merges.value == 1;
    return {};
  }

  std::expected<std::optional<std::int64_t>, ToolFault> left_committed() override {
    return left(&vmadiff_tree_leftovers::committed);
  }

  std::expected<std::optional<std::int64_t>, ToolFault> left_allocated() override {
    const auto allocations = left(&vmadiff_tree_leftovers::allocations);
    const auto writers = left(&vmadiff_tree_leftovers::writers);
    if (!allocations || !writers) return std::nullopt;
    return *allocations + *writers;
  }

  [[nodiscard]] spec::AllocationFaults* allocation_faults() override { return &faults_; }
  [[nodiscard]] std::string_view death_note() const override { return note_; }
  [[nodiscard]] std::string_view death_log() const override { return log_; }

 private:
  void count_blocks() {
    if (blocks_.empty()) return;
    object_->count_blocks(blocks_.data(), static_cast<unsigned>(std::countr_zero(blocks_.size())));
  }

  ToolFault broke(std::string_view how, std::string_view words) {
    is_dead_ = true;
    return {fmt::format("{}: {}: {}", name_, how, words), true};
  }

  std::optional<std::int64_t> left(long long vmadiff_tree_leftovers::* what) {
    if (is_dead_) return std::nullopt;
    vmadiff_tree_leftovers now{};
    const auto ended = object_->leftovers(&now);
    if (ended.broken != nullptr) died(ended.broken);
    if (has_report() || is_dead_) return std::nullopt;
    alive_.assign(alive_.size(), false);
    return now.*what - at_first_.*what;
  }

  Outcome died(std::string_view words) {
    note_ = words;
    is_dead_ = true;
    return Outcome::died();
  }

  /// What a sanitizer has found since the last time is the tree's death.
  bool has_report() {
    const auto report = take_report();
    if (!report) return false;
    log_ = source_lines_.in(*report);
    died(summary_of_report(log_));
    return true;
  }

  /// What stays in an address space and is freed shows at the next look, which is of this call.
  void look_at_all() {
    for (std::size_t process = 0; process < alive_.size(); ++process) {
      if (!alive_[process]) continue;
      seen_.clear();
      list(static_cast<spec::ProcessId>(process), seen_);
    }
  }

  Outcome outcome(const spec::Syscall& call, const vmadiff_tree_result& result) {
    if (result.broken != nullptr) return died(result.broken);
    return outcome_of(call, static_cast<std::uint64_t>(result.value));
  }

  Outcome made(spec::ProcessId process, const spec::Syscall& call) {
    if (std::holds_alternative<spec::Fork>(call)) return fork(process);
    if (std::holds_alternative<spec::Exit>(call)) return exit(process);
    if (std::holds_alternative<spec::Exec>(call)) return outcome(call, object_->exec(process));
    if (const auto* open = std::get_if<spec::UffdOpen>(&call))
      return outcome(call, open_userfaultfd(process, open->userfaultfd, open->features));
    if (const auto* closed = std::get_if<spec::UffdClose>(&call)) return close(process, *closed);
    if (const auto* range = std::get_if<spec::UffdRegister>(&call)) {
      uffdio_register argument{
          .range = {range->addr, range->length}, .mode = range->mode, .ioctls = 0};
      return outcome(call, ioctl(process, range->userfaultfd, UFFDIO_REGISTER, argument));
    }
    if (const auto* range = std::get_if<spec::UffdUnregister>(&call)) {
      uffdio_range argument{range->addr, range->length};
      return outcome(call, ioctl(process, range->userfaultfd, UFFDIO_UNREGISTER, argument));
    }
    if (const auto* touch = std::get_if<spec::Touch>(&call)) return this->touch(process, *touch);
    return system_call(process, call);
  }

  [[nodiscard]] bool has_userfaultfd(spec::ProcessId process, std::uint64_t number) const {
    return number < spec::kUserfaultfdCount &&
           object_->has_userfaultfd(process, static_cast<unsigned>(number)) != 0;
  }

  vmadiff_tree_result open_userfaultfd(spec::ProcessId process, std::uint64_t number,
                                       std::uint64_t features) {
    if (number >= spec::kUserfaultfdCount) return {.value = -EBADF, .broken = nullptr};
    const auto index = static_cast<unsigned>(number);
    const bool was_there = has_userfaultfd(process, number);
    if (!was_there) {
      const auto made = object_->new_userfaultfd(process, index);
      if (made.broken != nullptr || made.value != 0) return made;
    }
    uffdio_api argument{.api = UFFD_API, .features = features, .ioctls = 0};
    const auto result = object_->userfaultfd_ioctl(process, index, UFFDIO_API, &argument);
    if (result.broken != nullptr || result.value == 0 || was_there) return result;
    const auto closed = object_->close_userfaultfd(process, index);
    return closed.broken != nullptr ? closed : result;
  }

  vmadiff_tree_result ioctl(spec::ProcessId process, std::uint64_t number, unsigned request,
                            auto& argument) {
    if (!has_userfaultfd(process, number)) {
      const auto made = open_userfaultfd(process, number, 0);
      if (made.broken != nullptr || made.value != 0) return made;
    }
    return object_->userfaultfd_ioctl(process, static_cast<unsigned>(number), request, &argument);
  }

  Outcome close(spec::ProcessId process, const spec::UffdClose& call) {
    if (!has_userfaultfd(process, call.userfaultfd)) return Outcome::fail(Errno::kEBADF);
    return outcome(call,
                   object_->close_userfaultfd(process, static_cast<unsigned>(call.userfaultfd)));
  }

  Outcome fork(spec::ProcessId process) {
    const auto child = static_cast<unsigned>(alive_.size());
    if (child == kProcessCountMax) return Outcome::fail(Errno::kEAGAIN);
    const auto result = object_->fork(process, child);
    if (result.broken != nullptr) return died(result.broken);
    if (result.value != 0) return Outcome::fail(static_cast<Errno>(-result.value));
    alive_.push_back(true);
    return Outcome::ok(child);
  }

  Outcome exit(spec::ProcessId process) {
    if (process == 0) return Outcome::fail(Errno::kEPERM);
    const auto result = object_->exit(process);
    if (result.broken != nullptr) return died(result.broken);
    alive_[process] = false;
    return Outcome::ok();
  }

  Outcome touch(spec::ProcessId process, const spec::Touch& call) {
    const Record record = record_of(call, setup_->task_size);
    if (record.number == kGive) return outcome_of(call, record.argument[0]);
    for (std::uint64_t page = 0; page < record.argument[1]; ++page) {
      const auto address = record.argument[0] + (page << spec::kPageShift);
      auto result = object_->touch(process, address, record.number == kTouchWrite);
      // pagefault_out_of_memory: the instruction is run again.
      while (result.broken == nullptr && result.value < 0)
        result = object_->touch(process, address, record.number == kTouchWrite);
      if (result.broken != nullptr) return died(result.broken);
      if (result.value != 0) return outcome_of(call, static_cast<std::uint64_t>(result.value));
    }
    return Outcome::ok();
  }

  Outcome system_call(spec::ProcessId process, const spec::Syscall& call) {
    const Record record = record_of(call, setup_->task_size);
    std::array<vmadiff_u64, 6> arguments{};
    std::ranges::copy(record.argument, arguments.begin());
    auto number = record.number;
    std::array<std::uint64_t, 2> words{};
    std::array<std::uint64_t, 4> ranges{};
    switch (record.number) {
      case kSetLimit: {
        const auto& limits = setup_->limits;
        const auto resource = record.argument[0];
        words = {record.argument[1], resource == spec::kRlimitStack     ? limits.stack_hard
                                     : resource == spec::kRlimitMemlock ? limits.memlock_hard
                                                                        : spec::kRlimInfinity};
        number = SYS_setrlimit;
        arguments = {resource, argument_of(words.data())};
        break;
      }
      case kMbind:
        words[0] = record.argument[4];
        number = SYS_mbind;
        arguments = {
            record.argument[0],        record.argument[1], record.argument[2] | record.argument[3],
            argument_of(words.data()), kNodeBits,          record.argument[5]};
        break;
      case kSetMempolicy:
        words[0] = record.argument[2];
        number = SYS_set_mempolicy;
        arguments = {record.argument[0] | record.argument[1], argument_of(words.data()), kNodeBits};
        break;
      case kSetVmaName:
        number = SYS_prctl;
        arguments = {spec::kPrSetVma, spec::kPrSetVmaAnonName, record.argument[0],
                     record.argument[1],
                     record.argument[2] == 0 ? argument_of(record.name) : record.argument[2] - 1};
        break;
      case kProcessMadvise: {
        // Two of the kernel's struct iovec.
        std::copy_n(record.argument, ranges.size(), ranges.begin());
        const bool has_second = ranges[2] != 0 || ranges[3] != 0;
        number = SYS_process_madvise;
        arguments = {0, argument_of(ranges.data()), has_second ? 2U : 1U, record.argument[4],
                     record.argument[5]};
        break;
      }
      default:
        break;
    }
    return outcome(call, object_->call(process, number, arguments.data()));
  }

  void list(spec::ProcessId process, std::vector<spec::Vma>& out) {
    std::array<vmadiff_tree_vma, 64> rows;  // NOLINT: written before it is read
    spec::Address from = 0;
    while (true) {
      const unsigned count =
          object_->vmas(process, from, rows.data(), static_cast<unsigned>(rows.size()));
      for (unsigned i = 0; i < count; ++i) out.push_back(vma_of(rows[i]));
      if (count < rows.size()) return;
      from = rows.back().end;
    }
  }

  spec::Vma vma_of(const vmadiff_tree_vma& row) {
    const auto cls = static_cast<spec::FileClass>(row.file_class);
    spec::Vma vma{.start = row.start,
                  .end = row.end,
                  .flags = row.flags,
                  .pgoff = row.pgoff,
                  .file = {cls, row.file_number},
                  .anon_vma = number_of(row.anon_vma),
                  .anon_vma_links = row.anon_vma_links,
                  .policy = {.mode = static_cast<std::uint16_t>(row.policy_mode),
                             .flags = static_cast<std::uint16_t>(row.policy_flags),
                             .nodes = static_cast<std::uint16_t>(row.policy_nodes),
                             .asked = static_cast<std::uint16_t>(row.policy_asked)},
                  .userfaultfd = row.userfaultfd};
    if (row.name != nullptr) vma.name = spec::VmaName::of(row.name);
    if (!vma.file.is_none() && (row.flags & spec::kVmMayshare) == 0) vma.own_pgoff = row.anon_pgoff;
    return vma;
  }

  /// Identities are addresses there, numbers here.
  spec::AnonVmaId number_of(vmadiff_u64 anon_vma) {
    if (anon_vma == 0) return spec::kNoAnonVma;
    return numbers_.try_emplace(anon_vma, static_cast<spec::AnonVmaId>(numbers_.size() + 1))
        .first->second;
  }

  std::string name_;
  std::filesystem::path path_;
  TreeObject object_;
  std::span<std::uint8_t> blocks_;
  SourceLines source_lines_{path_};
  Faults faults_{object_};
  const spec::Setup* setup_ = nullptr;
  std::vector<vmadiff_tree_vma> initial_;
  std::vector<bool> alive_;  ///< by number
  std::unordered_map<vmadiff_u64, spec::AnonVmaId> numbers_;
  std::uint64_t starts_ = 0;
  vmadiff_tree_leftovers at_first_{};
  bool is_dead_ = false;
  std::string note_;
  std::string log_;              ///< what a sanitizer has said
  std::vector<spec::Vma> seen_;  ///< kept for its memory
};

}  // namespace

std::expected<std::unique_ptr<spec::System>, ToolFault> make_tree(
    std::string name, const std::filesystem::path& object, std::span<std::uint8_t> blocks) {
  auto loaded = TreeObject::load(object);
  if (!loaded) return std::unexpected(loaded.error());
  return std::make_unique<Tree>(std::move(name), object, *std::move(loaded), blocks);
}

HostCapabilities tree_capabilities(const TreeTraits& traits) {
  HostCapabilities has;
  has.can_run = true;
  has.ksm = true;
  has.file_counts.fill(spec::kFilesPerClass);
  for (const spec::Syscall& call : {spec::Syscall{spec::Shmat{}}, spec::Syscall{spec::Shmdt{}}}) {
    has.withheld.push_back({{call.index(), spec::CallPart::Argument::kAny, 0},
                            "ipc/shm.c is not built from the tree"});
  }
  using Argument = spec::CallPart::Argument;
  const auto no_pages = [&has](const spec::Syscall& call, Argument argument, std::uint64_t value) {
    has.withheld.push_back({{call.index(), argument, value}, "there are no pages to tell of"});
  };
  no_pages(spec::UffdRegister{}, Argument::kFlags, spec::kUffdModeMissing);
  no_pages(spec::UffdRegister{}, Argument::kFlags, spec::kUffdModeMinor);
  no_pages(spec::UffdWriteprotect{}, Argument::kAny, 0);
  no_pages(spec::UffdRwprotect{}, Argument::kAny, 0);
  if (!traits.has_mmap_prepare) {
    using spec::FileClass;
    for (const auto cls : {FileClass::kPreparedPfnmap, FileClass::kTwoHooks})
      has.file_counts[static_cast<std::size_t>(cls)] = 0;
  }
  return has;
}

spec::Setup tree_setup(const TreeTraits& traits) {
  auto setup = spec::Setup::standard();
  // A break of the whole address space would be gone through for minutes.
  constexpr std::uint64_t kPages = (std::uint64_t{1} << 30) / spec::kPageSize;
  if (traits.unmerges_by_page) setup.overcommit_pages = kPages;
  return setup;
}

}  // namespace vmadiff::kernel
