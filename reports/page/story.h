// reports/page: how does one look at it? This file: a story, which is one trace or one finding as
// a page shows it: the calls, what each system gave, and the layouts. It is made of what the
// systems' states are as JSON (reports/json.h), so that a finding that is read from its file and
// one that was found just now are shown alike, and an attribute that VMAs get one day is shown,
// too. It knows no system: who ran the calls puts in what they gave.
//
// Layouts hang together: most VMAs stay where they are from call to call. So each different VMA is
// kept once, and a layout is a list of their places.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "spec/units.h"

namespace vmadiff::reports {

/// What one system gave, and its state afterwards.
struct SeenState {
  std::string system;
  std::string outcome;           ///< as spec::text says it
  nlohmann::ordered_json state;  ///< as to_json(Snapshot, Observes); null where none was seen
};

/// One call with all that is known of it.
struct SeenStep {
  unsigned process = 0;
  std::string call;      ///< as trace text, without a result
  std::string asserted;  ///< the result that the trace states; empty where it states none
  std::vector<std::string> comments;  ///< lines that stand before it
  std::vector<spec::Range> named;     ///< bytes; what the call names
  std::vector<SeenState> seen;        ///< the expected one first
};

/// A VMA: its place, and by their places in the story's lists what it is and what else is known.
struct Bar {
  spec::Address start = 0;  ///< bytes; [start, end)
  spec::Address end = 0;
  std::size_t kind = 0;
  std::size_t detail = 0;
  friend auto operator<=>(const Bar&, const Bar&) = default;
};

/// What one or several systems, which agree in all that both show, gave in a step.
struct StoryView {
  std::vector<std::string> systems;
  std::string outcome;
  std::optional<std::size_t> layout;  ///< nothing: not seen, or left out of a long story
  nlohmann::ordered_json facts;       ///< counters, brk, merge_any
  /// Boundaries that should not be there, and those that are missing: ascending addresses.
  std::vector<spec::Address> extra;
  std::vector<spec::Address> missing;
  std::vector<std::size_t>
      differing;  ///< places in the layout of VMAs that are not as in the other
};

struct StoryStep {
  unsigned process = 0;
  std::string call;
  std::string asserted;
  std::vector<std::string> comments;
  std::vector<spec::Range> named;
  std::vector<StoryView> views;  ///< the expected one first; none where nobody ran it
};

/// What of a story is a claim that does not hold.
struct StoryFinding {
  std::string claim;        ///< the property's name
  std::string sentence;     ///< what is claimed; empty for a claim that this program does not know
  std::string explanation;  ///< what was found
  std::string fingerprint;
  std::string known;     ///< why the profile breaks it by its nature, or empty
  std::string run_seed;  ///< as the JSON has it
  std::string log;       ///< what a system that died left behind, or empty
};

struct Story {
  std::string title;
  std::string path;  ///< of the trace's file, for commands; or empty
  std::vector<std::string> comments;
  std::vector<std::pair<std::string, std::string>> facts;  ///< profile, systems, set-up, seeds, …
  std::vector<std::string> notes;                          ///< what is left out, each a sentence
  std::optional<StoryFinding> finding;
  std::size_t left_out = 0;  ///< so many calls come before the first that is kept
  std::vector<StoryStep> steps;
  std::vector<nlohmann::ordered_json> kinds;    ///< what two VMAs differ in wherever they are
  std::vector<nlohmann::ordered_json> details;  ///< what depends on the place or is numbered
  std::vector<Bar> bars;
  std::vector<std::vector<std::size_t>> layouts;  ///< places in `bars`, ascending by address
  std::size_t shown = 0;  ///< the step to show first: where it shows, else the last

  /// The first step whose views differ, or whose result is not as asserted.
  [[nodiscard]] std::optional<std::size_t> first_difference() const;
};

/// Up to twice as much is kept, before it is cut to this: a page of a million calls is none.
struct StoryBounds {
  std::size_t steps = 4000;
  std::size_t places = 200'000;  ///< VMAs in all different layouts; the first layouts go
};

/// Puts a story together, call by call. Of a very long one the last calls are kept.
class StoryMaker {
 public:
  explicit StoryMaker(Story head = {}, const StoryBounds& bounds = {})
      : story_(std::move(head)), bounds_(bounds) {}
  void add(SeenStep step);
  /// What was put in; the maker is then empty.
  [[nodiscard]] Story take();

 private:
  [[nodiscard]] std::size_t layout_of(const nlohmann::ordered_json& state);
  [[nodiscard]] std::size_t place_of(const nlohmann::ordered_json& vma);
  [[nodiscard]] std::size_t place_of(Bar bar, const nlohmann::ordered_json& kind,
                                     const nlohmann::ordered_json& detail);
  [[nodiscard]] std::size_t place_of(std::vector<std::size_t> layout);
  void keep_within_bounds();
  /// The first steps' layouts go, and so does what only they had.
  void forget_layouts_before(std::size_t first);

  Story story_;
  StoryBounds bounds_;
  std::map<std::string, std::size_t> kinds_;
  std::map<std::string, std::size_t> details_;
  std::map<Bar, std::size_t> bars_;
  std::unordered_map<std::string, std::size_t> vmas_;  ///< places of bars, by the VMA's JSON
  std::map<std::vector<std::size_t>, std::size_t> layouts_;
  std::size_t places_ = 0;   ///< in all layouts
  std::size_t without_ = 0;  ///< the first steps, whose layouts were given up
};

/// Boundaries of a layout that the text speaks of as of two VMAs that stay apart: "A-B … B-C" in
/// the form of /proc/PID/maps.
[[nodiscard]] std::vector<spec::Address> boundaries_named_in(std::string_view text,
                                                             const std::vector<Bar>& layout);

}  // namespace vmadiff::reports
