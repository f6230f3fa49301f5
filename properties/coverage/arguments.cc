// properties: counts of named arguments.
#include "properties/coverage/arguments.h"

#include <concepts>
#include <span>

#include "spec/trace_names.h"

namespace vmadiff::properties {
namespace {

/// Shows the names of a call's arguments one by one. What has no name, a zero or a number of its
/// own, is left out.
template <typename Show>
class Named {
 public:
  explicit Named(Show show) : show_(std::move(show)) {}
  void range(spec::Address, spec::Address) {}
  void address(spec::Address) {}
  void length(spec::Address) {}
  void optional_address(spec::Address) {}
  void offset(spec::Address) {}
  void number(std::uint64_t) {}
  void optional_number(std::uint64_t) {}
  void unused(std::uint64_t) {}
  void vma_name(spec::VmaName n) { show_(n.is_none() ? "NULL" : "NAME"); }
  void prot(std::uint64_t p) {
    if (p == spec::kProtNone) show_("PROT_NONE");
    bits(p, spec::prot_names());
  }
  void map_flags(std::uint64_t f) {
    choice(f & spec::kMapType, spec::map_type_names());
    bits(f & ~spec::kMapType, spec::map_flag_names());
    is_anonymous_ = (f & spec::kMapAnonymous) != 0;
  }
  void file(spec::FileId f) {
    if (!is_anonymous_ && !f.is_none()) show_(spec::name(f.cls));
  }
  void access(spec::Access a) { show_(a == spec::Access::kWrite ? "WRITE" : "READ"); }
  void bits(std::uint64_t value, std::span<const spec::FlagName> names) {
    for (const auto& [bits, name] : names) {
      if ((value & bits) == bits) show_(name);
    }
  }
  template <std::integral T>
  void choice(T value, std::span<const spec::FlagName> names) {
    for (const auto& [known, name] : names) {
      if (static_cast<T>(known) == value) show_(name);
    }
  }

 private:
  Show show_;
  bool is_anonymous_ = false;
};

}  // namespace

void Arguments::note(const spec::Syscall& call, const spec::Outcome& outcome) {
  ByName& counts = calls_[call.index()];
  Named visitor{[&](std::string_view name) {
    ArgumentCount& count = counts[name];
    ++(outcome.is_ok() ? count.ok : count.failed);
  }};
  spec::visit_fields(call, visitor);
}

void Arguments::add(const Arguments& other) {
  for (std::size_t call = 0; call < calls_.size(); ++call) {
    for (const auto& [name, count] : other.calls_[call]) {
      ArgumentCount& sum = calls_[call][name];
      sum.ok += count.ok;
      sum.failed += count.failed;
    }
  }
}

}  // namespace vmadiff::properties
