// intake: where the memory of a real program lies in a trace. Its address space is a few islands in
// a sea of nothing; each is moved as a whole, by a multiple of a huge page, in the order in which
// they lie: what was adjacent stays so, what was apart stays apart, and what was aligned stays
// aligned. The break is moved to where that of a trace begins.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "intake/page_set.h"
#include "spec/units.h"

namespace vmadiff::intake {

/// Where a trace's break begins (spec::Setup::standard()).
[[nodiscard]] spec::Address trace_break();

class Relocation {
 public:
  /// `used`: all that the program ever named or was given. `heap`: from the beginning of its break
  /// to the highest that it ever was; empty where it is not known. Fails where the islands have no
  /// room.
  [[nodiscard]] static std::expected<Relocation, std::string> make(const PageSet& used,
                                                                   spec::Range heap);

  /// Addresses beside all islands stay as they are.
  [[nodiscard]] spec::Address operator()(spec::Address address) const;
  /// Of the break, which may be asked to be anywhere.
  [[nodiscard]] spec::Address break_at(spec::Address address) const;
  /// Whether memory that was adjacent to the break is not any more.
  [[nodiscard]] bool parts_heap() const { return parts_heap_; }

 private:
  struct Island {
    spec::Range from;
    spec::Address to = 0;
  };
  std::vector<Island> islands_;  ///< ascending
  spec::Address break_from_ = 0;
  bool parts_heap_ = false;
};

}  // namespace vmadiff::intake
