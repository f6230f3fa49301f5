// properties: changing one part of a call.
#include "properties/generate/variation.h"

#include <array>
#include <utility>

#include "properties/generate/names.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr std::array<std::uint64_t, 6> kAnyProts{
    spec::kProtNone,
    spec::kProtRead,
    spec::kProtRead | spec::kProtWrite,
    spec::kProtWrite,
    spec::kProtRead | spec::kProtExec,
    spec::kProtRead | spec::kProtWrite | spec::kProtExec};
/// Those that make memory another kind, rather than another place.
constexpr std::array<std::uint64_t, 6> kMapFlags{
    spec::kMapNoreserve, spec::kMapLocked, spec::kMapGrowsdown,
    spec::kMapPopulate,  spec::kMapStack,  spec::kMapFixedNoreplace | spec::kMapFixed};

struct CountParts {
  std::uint64_t parts = 0;
  void range(Address, Address) { parts += 2; }
  void address(Address) { ++parts; }
  void length(Address) { ++parts; }
  void optional_address(Address) { ++parts; }
  void offset(Address) { ++parts; }
  void number(std::uint64_t) { ++parts; }
  void optional_number(std::uint64_t) { ++parts; }
  void unused(std::uint64_t) {}
  void vma_name(spec::VmaName) { ++parts; }
  void prot(std::uint64_t) { ++parts; }
  void map_flags(std::uint64_t) { ++parts; }
  void file(spec::FileId) { ++parts; }
  void access(spec::Access) { ++parts; }
  void bits(std::uint64_t, std::span<const spec::FlagName>) { ++parts; }
  template <typename T>
  void choice(T, std::span<const spec::FlagName>) {
    ++parts;
  }
};

/// Changes the part whose turn it is.
class ChangePart {
 public:
  ChangePart(Random& random, std::uint64_t turn) : random_(random), turn_(turn) {}

  void range(Address& start, Address& length) {
    address(start);
    this->length(length);
  }
  void address(Address& a) {
    if (is_turn()) a += random_.percent(50) ? spec::kPageSize : 0 - spec::kPageSize;
  }
  void optional_address(Address& a) { address(a); }
  void length(Address& l) {
    if (is_turn())
      l = l > spec::kPageSize && random_.percent(50) ? l - spec::kPageSize : l + spec::kPageSize;
  }
  void offset(Address& o) {
    if (is_turn())
      o = o >= spec::kPageSize && random_.percent(50) ? o - spec::kPageSize : o + spec::kPageSize;
  }
  /// Masks of nodes, numbers of pages and sizes.
  void number(std::uint64_t& n) {
    if (is_turn()) n ^= std::uint64_t{1} << random_.below(random_.percent(80) ? 4 : 16);
  }
  void optional_number(std::uint64_t& n) { number(n); }
  void unused(std::uint64_t&) {}
  void vma_name(spec::VmaName& n) {
    if (is_turn()) n = any_vma_name(random_);
  }
  void prot(std::uint64_t& p) {
    if (is_turn()) p = random_.of(kAnyProts);
  }
  void map_flags(std::uint64_t& f) {
    if (!is_turn()) return;
    if (random_.percent(15) &&
        ((f & spec::kMapType) == spec::kMapPrivate || (f & spec::kMapType) == spec::kMapShared)) {
      f ^= spec::kMapPrivate ^ spec::kMapShared;
    } else {
      f ^= random_.of(kMapFlags);
    }
  }
  void file(spec::FileId& f) {
    if (is_turn() && !f.is_none()) f.number ^= 1;
  }
  void access(spec::Access& a) {
    if (is_turn()) a = a == spec::Access::kRead ? spec::Access::kWrite : spec::Access::kRead;
  }
  void bits(std::uint64_t& value, std::span<const spec::FlagName> names) {
    if (is_turn() && !names.empty()) value ^= random_.of(names).bits;
  }
  template <typename T>
  void choice(T& value, std::span<const spec::FlagName> names) {
    if (is_turn() && !names.empty()) value = static_cast<T>(random_.of(names).bits);
  }

 private:
  bool is_turn() { return turn_-- == 0; }

  Random& random_;
  std::uint64_t turn_;
};

}  // namespace

void change_one_part(spec::Syscall& call, Random& random) {
  CountParts count;
  spec::visit_fields(std::as_const(call), count);
  if (count.parts == 0) return;
  const spec::Syscall was = call;
  // Where a range is, is the least of what calls of a kind differ in.
  const std::uint64_t first = count.parts > 2 && random.percent(70) ? 2 : 0;
  ChangePart change{random, first + random.below(count.parts - first)};
  spec::visit_fields(call, change);
  if (spec::unmodelled_reason(call)) call = was;
}

void move_beside(spec::Syscall& call, Random& random) {
  std::visit(
      [&](auto& c) {
        if constexpr (requires { c.addr, c.length; }) {
          const bool behind = random.percent(60);
          const Address step = spec::page_up(c.length);
          c.addr += behind ? step : 0 - step;
          // What continues a file goes on in it.
          if constexpr (requires { c.offset; }) {
            if (behind) c.offset += c.offset != 0 || !c.file.is_none() ? step : 0;
            if (!behind && c.offset >= step) c.offset -= step;
          }
        }
      },
      call);
}

}  // namespace vmadiff::properties
