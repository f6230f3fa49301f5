// nightly: what is known.
#include "nightly/known.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmadiff::nightly {
namespace {

using nlohmann::ordered_json;

constexpr int kKnownVersion = 1;

Known known_of(const ordered_json& json) {
  return {.key = json.at("key"),
          .name = json.at("name"),
          .claims = json.at("claims"),
          .explanation = json.at("explanation"),
          .stages = json.at("stages"),
          .calls = json.at("calls"),
          .by_nature = json.at("by_nature"),
          .reproducible = json.at("reproducible"),
          .replays = json.at("replays"),
          .suffixes = json.at("files"),
          .first_night = json.at("first_night"),
          .last_night = json.at("last_night"),
          .gone_since = json.at("gone_since"),
          .again = json.at("again")};
}

void add(std::vector<std::string>& list, const std::string& word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(word);
}

}  // namespace

ordered_json to_json(const Known& known) {
  return {{"key", known.key},
          {"name", known.name},
          {"claims", known.claims},
          {"explanation", known.explanation},
          {"stages", known.stages},
          {"calls", known.calls},
          {"by_nature", known.by_nature},
          {"reproducible", known.reproducible},
          {"replays", known.replays},
          {"files", known.suffixes},
          {"first_night", known.first_night},
          {"last_night", known.last_night},
          {"gone_since", known.gone_since},
          {"again", known.again}};
}

std::expected<KnownFindings, spec::ToolFault> KnownFindings::load(const Places& places) {
  KnownFindings out;
  out.places_ = places;
  const auto json = read_json(places.known());
  if (!json) return std::unexpected(json.error());
  if (json->is_null()) return out;
  try {
    if (json->at("version") != kKnownVersion) throw std::out_of_range{"version"};
    for (const auto& one : json->at("findings")) out.all_.push_back(known_of(one));
  } catch (const std::exception& error) {
    return std::unexpected(spec::ToolFault{fmt::format(
        "{}: expected the list of known findings, as this vmadiff writes it: {} (move it away, and "
        "all that is found is new)",
        places.known().string(), error.what())});
  }
  return out;
}

Known* KnownFindings::find(std::string_view key) {
  const auto at = std::ranges::find(all_, key, &Known::key);
  return at == all_.end() ? nullptr : &*at;
}

Result KnownFindings::save() const {
  ordered_json out{
      {"type", "known"}, {"version", kKnownVersion}, {"findings", ordered_json::array()}};
  for (const Known& known : all_) out["findings"].push_back(to_json(known));
  return write_json(places_.known(), out);
}

Result KnownFindings::file(const Found& found, std::string_view night) {
  Known* known = find(found.key);
  const bool is_shorter = known == nullptr || found.calls < known->calls || known->suffixes.empty();
  if (is_shorter) {
    if (auto made = make_directory(places_.findings()); !made) return made;
    const auto name = known == nullptr ? found.name : known->name;
    for (const auto& [suffix, from] : found.files) {
      if (auto copied = copy_whole(from, places_.findings() / (name + suffix)); !copied)
        return copied;
    }
  }
  if (known == nullptr) {
    all_.push_back({.key = found.key,
                    .name = found.name,
                    .claims = {},
                    .explanation = {},
                    .stages = {},
                    .calls = 0,
                    .suffixes = {},
                    .first_night = std::string{night},
                    .last_night = {},
                    .gone_since = {}});
    known = &all_.back();
  }
  if (!known->gone_since.empty() && known->gone_since != night) {
    known->first_night = night;
    known->again = true;
  }
  known->gone_since.clear();
  known->last_night = night;
  add(known->claims, found.claim);
  add(known->stages, found.stage);
  if (is_shorter) {
    known->explanation = found.explanation;
    known->calls = found.calls;
    known->by_nature = found.by_nature;
    known->reproducible = found.reproducible;
    known->replays = found.replays;
    for (const auto& [suffix, from] : found.files) add(known->suffixes, suffix);
  }
  return save();
}

Result KnownFindings::note_gone(std::string_view key, std::string_view night) {
  Known* const known = find(key);
  // What this very night has seen is there, whatever a replay says.
  if (known == nullptr || !known->gone_since.empty() || known->last_night == night) return {};
  known->gone_since = night;
  return save();
}

Result KnownFindings::note_shows(std::string_view key, std::string_view night) {
  Known* const known = find(key);
  if (known == nullptr) return {};
  if (!known->gone_since.empty() && known->gone_since != night) {
    known->first_night = night;
    known->again = true;
  }
  known->gone_since.clear();
  known->last_night = night;
  return save();
}

}  // namespace vmadiff::nightly
