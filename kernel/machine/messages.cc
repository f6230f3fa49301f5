// kernel: messages as bytes. Each struct has one function, which shows its fields to a writer or to
// a reader, so that the two cannot differ.
#include "kernel/machine/messages.h"

#include <concepts>
#include <type_traits>

#include "kernel/machine/wire.h"

namespace vmadiff::kernel {
namespace {

/// Shows fields to a writer.
class Put {
 public:
  void operator()(const std::integral auto& value) {
    writer_.number(static_cast<std::uint64_t>(value));
  }
  template <typename T>
    requires std::is_enum_v<T>
  void operator()(const T& value) {
    writer_.number(static_cast<std::uint64_t>(value));
  }
  void operator()(const std::string& text) { writer_.text(text); }
  void operator()(const std::optional<std::int64_t>& value) {
    (*this)(value.has_value());
    (*this)(value.value_or(0));
  }
  void operator()(const spec::VmaName& name) {
    (*this)(name.is_unseen());
    (*this)(!name.is_none());
    (*this)(std::string{name.text()});
  }
  template <typename T>
  void list(const std::vector<T>& elements, auto each) {
    writer_.number(elements.size());
    for (const T& element : elements) each(*this, element);
  }
  std::string take() { return writer_.take(); }

 private:
  Writer writer_;
};

/// Shows fields to a reader.
class Get {
 public:
  explicit Get(std::string_view bytes) : reader_(bytes) {}
  template <std::integral T>
  void operator()(T& value) {
    value = static_cast<T>(reader_.number());
  }
  template <typename T>
    requires std::is_enum_v<T>
  void operator()(T& value) {
    value = static_cast<T>(reader_.number());
  }
  void operator()(std::string& text) { text = reader_.text(); }
  void operator()(std::optional<std::int64_t>& value) {
    const bool is_there = reader_.number() != 0;
    const auto number = static_cast<std::int64_t>(reader_.number());
    value = is_there ? std::optional{number} : std::nullopt;
  }
  void operator()(spec::VmaName& name) {
    const bool is_unseen = reader_.number() != 0;
    const bool is_there = reader_.number() != 0;
    const auto text = reader_.text();
    name = is_unseen  ? spec::VmaName::unseen()
           : is_there ? spec::VmaName::of(text.substr(0, spec::kVmaNameTextMax))
                      : spec::VmaName{};
  }
  template <typename T>
  void list(std::vector<T>& elements, auto each) {
    elements.clear();
    elements.resize(reader_.count());
    for (T& element : elements) each(*this, element);
  }
  [[nodiscard]] bool is_good() const { return reader_.is_good(); }

 private:
  Reader reader_;
};

constexpr auto kScalar = [](auto& show, auto& value) { show(value); };

void show_record(auto& show, auto& record) {
  show(record.number);
  show(record.process);
  // Trailing zeros are many.
  std::uint32_t count = 6;
  while (count > 0 && record.argument[count - 1] == 0) --count;
  show(count);
  for (std::uint32_t i = 0; i < count && i < 6; ++i) show(record.argument[i]);
  if (record.number != kSetVmaName) return;
  for (auto& byte : record.name) show(byte);
}

void show_program(auto& show, auto& program) {
  show(program.distrusted);
  show(program.max_map_count);
  show(program.nr_hugepages);
  show(program.nr_overcommit_hugepages);
  show.list(program.records, [](auto& s, auto& record) { show_record(s, record); });
}

void show_request(auto& show, auto& request) {
  show(request.begins);
  show_program(show, request.program);
  show(request.ends);
  show(request.asks);
  show(request.looks);
}

void show_vma(auto& show, auto& vma) {
  show(vma.start);
  show(vma.end);
  show(vma.flags);
  show(vma.pgoff);
  show(vma.file.cls);
  show(vma.file.number);
  show(vma.name);
}

void show_huge_pages(auto& show, auto& huge_pages) {
  show(huge_pages.free);
  show(huge_pages.reserved);
  show(huge_pages.surplus);
}

void show_snapshot(auto& show, auto& snapshot) {
  show.list(snapshot.vmas, [](auto& s, auto& vma) { show_vma(s, vma); });
  auto& c = snapshot.counters;
  show(c.map_count);
  show(c.total_vm);
  show(c.locked_vm);
  show(c.data_vm);
  show(c.stack_vm);
  show(c.exec_vm);
  show(snapshot.brk);
  show(snapshot.merge_any);
  show_huge_pages(show, snapshot.huge_pages);
}

void show_left(auto& show, auto& left) {
  show(left.committed);
  bool is_known = left.huge_pages.has_value();
  show(is_known);
  auto huge_pages = left.huge_pages.value_or(spec::HugePages{});
  show_huge_pages(show, huge_pages);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(left)>>) {
    left.huge_pages = is_known ? std::optional{huge_pages} : std::nullopt;
  }
}

void show_answer(auto& show, auto& answer) {
  show(answer.run.done);
  show(answer.run.died);
  show(answer.run.how_died);
  show(answer.run.setback);
  show.list(answer.results, kScalar);
  show.list(answer.seen, [](auto& s, auto& seen) {
    s(seen.first);
    show_snapshot(s, seen.second);
  });
  show(answer.bare_nanoseconds);
  show_left(show, answer.left);
  show.list(answer.states, [](auto& s, auto& state) { show_snapshot(s, state); });
}

void show_program_end(auto& show, auto& end) {
  show(end.status);
  show(end.signal);
  show(end.output);
}

void show_setup(auto& show, auto& setup) {
  show_snapshot(show, setup.initial);
  show(setup.task_size);
  show(setup.mmap_base);
  show(setup.bottom_up);
  show(setup.start_brk);
  show(setup.mmap_min_addr);
  show(setup.placement_min_addr);
  show(setup.max_map_count);
  show(setup.stack_guard_gap);
  show(setup.nr_hugepages);
  show(setup.nr_overcommit_hugepages);
  auto& limits = setup.limits;
  show(limits.data);
  show(limits.stack);
  show(limits.memlock);
  show(limits.as);
  show(limits.stack_hard);
  show(limits.memlock_hard);
  show(setup.overcommit_pages);
  show(setup.userfaultfd);
  show(setup.vma_names);
  show(setup.uffd_event_fork);
  show(setup.uffd_kernel_faults);
  show(setup.protection_keys);
  show(setup.nodes);
  show(setup.may_set_memory_merge);
  show(setup.zero_page);
  show(setup.zero_noexec);
  show(setup.file_noexec);
  show.list(setup.reserved, [](auto& s, auto& range) {
    s(range.start);
    s(range.end);
  });
}

void show_introduction(auto& show, auto& introduction) {
  auto& c = introduction.capabilities;
  show(c.can_run);
  show(c.why_not);
  show(c.unmodelled);
  show(c.ksm);
  show(c.ksm_note);
  show.list(c.withheld, [](auto& s, auto& withheld) {
    s(withheld.part.call);
    s(withheld.part.argument);
    s(withheld.part.value);
    s(withheld.how);
  });
  show.list(c.file_classes, kScalar);
  for (auto& count : c.file_counts) show(count);
  show.list(c.unknown_codes, kScalar);
  show.list(c.file_notes, kScalar);
  show(c.release);
  show_setup(show, introduction.setup);
}

}  // namespace

std::string body_of(const Introduction& introduction) {
  Put put;
  show_introduction(put, introduction);
  return put.take();
}

std::string body_of(const std::vector<Request>& requests) {
  Put put;
  put.list(requests, [](auto& s, auto& request) { show_request(s, request); });
  return put.take();
}

std::string body_of(const std::vector<Answer>& answers) {
  Put put;
  put.list(answers, [](auto& s, auto& answer) { show_answer(s, answer); });
  return put.take();
}

std::string body_of(const spec::Snapshot& snapshot) {
  Put put;
  show_snapshot(put, snapshot);
  return put.take();
}

std::string body_of(const ProgramEnd& end) {
  Put put;
  show_program_end(put, end);
  return put.take();
}

std::string body_of(const Left& left) {
  Put put;
  show_left(put, left);
  return put.take();
}

bool read(std::string_view body, Introduction& introduction) {
  Get get{body};
  show_introduction(get, introduction);
  return get.is_good();
}

bool read(std::string_view body, std::vector<Request>& requests) {
  Get get{body};
  get.list(requests, [](auto& s, auto& request) { show_request(s, request); });
  return get.is_good();
}

bool read(std::string_view body, std::vector<Answer>& answers) {
  Get get{body};
  get.list(answers, [](auto& s, auto& answer) { show_answer(s, answer); });
  return get.is_good();
}

bool read(std::string_view body, spec::Snapshot& snapshot) {
  Get get{body};
  show_snapshot(get, snapshot);
  return get.is_good();
}

bool read(std::string_view body, ProgramEnd& end) {
  Get get{body};
  show_program_end(get, end);
  return get.is_good();
}

bool read(std::string_view body, Left& left) {
  Get get{body};
  show_left(get, left);
  return get.is_good();
}

}  // namespace vmadiff::kernel
