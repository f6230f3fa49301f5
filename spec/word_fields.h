// spec: a call's fields, each as one word, in the order of its arguments. For who goes through
// calls by visit_fields and makes no difference between most kinds of fields.
#pragma once

#include <cstdint>
#include <span>

#include "spec/file.h"
#include "spec/flags.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::spec {

/// Gives every word to Visitor::add. What the visitor declares itself stands in place of what is
/// here; file and vma_name are always its own.
template <typename Visitor>
class WordFields {
 public:
  void range(Address addr, Address length) {
    word(addr);
    word(length);
  }
  void address(Address a) { word(a); }
  void optional_address(Address a) { word(a); }
  void length(Address l) { word(l); }
  void offset(std::uint64_t o) { word(o); }
  void prot(std::uint64_t p) { word(p); }
  void map_flags(std::uint64_t f) { word(f); }
  /// 1 where it writes.
  void access(Access a) { word(a == Access::kWrite ? 1 : 0); }
  void bits(std::uint64_t value, std::span<const FlagName> /*names*/) { word(value); }
  /// A negative one is widened as C would.
  void choice(auto value, std::span<const FlagName> /*names*/) {
    word(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }
  void number(std::uint64_t n) { word(n); }
  void optional_number(std::uint64_t n) { word(n); }
  void unused(std::uint64_t n) { word(n); }

 private:
  friend Visitor;
  WordFields() = default;
  void word(std::uint64_t value) { static_cast<Visitor&>(*this).add(value); }
};

}  // namespace vmadiff::spec
