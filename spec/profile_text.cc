// spec: profiles as text.
#include "spec/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "spec/behaviours.h"

namespace vmadiff::spec {
namespace {

std::string listed(auto&& items, auto name) {
  std::string out;
  for (const auto& item : items) out += fmt::format("{}{}", out.empty() ? "" : ", ", name(item));
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kBetween = " \t,";
  std::vector<std::string_view> words;
  while (true) {
    const auto start = text.find_first_not_of(kBetween);
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(kBetween), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::expected<void, std::string> read_difference(std::string_view word, KernelProfile& profile) {
  const auto equals = word.find('=');
  const auto behaviour = std::ranges::find(behaviours(), word.substr(0, equals), &Behaviour::name);
  if (behaviour == behaviours().end() || equals == std::string_view::npos) {
    return std::unexpected(
        fmt::format("'{}': expected BEHAVIOUR=VALUE with one of {}", word,
                    listed(behaviours(), [](const Behaviour& b) { return b.name; })));
  }
  std::vector<std::string_view> values;
  for (std::size_t value = 0; value < behaviour->count; ++value)
    values.push_back(behaviour->value_name(value));
  const auto value = std::ranges::find(values, word.substr(equals + 1));
  if (value == values.end()) {
    return std::unexpected(fmt::format("'{}': expected {}= with one of {}", word, behaviour->name,
                                       listed(values, [](std::string_view v) { return v; })));
  }
  behaviour->set(profile, static_cast<std::size_t>(value - values.begin()));
  return {};
}

}  // namespace

std::string profile_text(const KernelProfile& profile) {
  std::string out{profile.name};
  const auto named = profile_named(profile.name);
  if (!named) return out;
  for (const Behaviour& behaviour : behaviours()) {
    const auto value = behaviour.get(profile);
    if (value == behaviour.get(*named)) continue;
    out += fmt::format(" {}={}", behaviour.name, behaviour.value_name(value));
  }
  return out;
}

std::expected<KernelProfile, std::string> read_profile_text(std::string_view text) {
  const auto words = words_of(text);
  const auto name = words.empty() ? std::string_view{} : words.front();
  auto profile = profile_named(name);
  if (!profile) {
    return std::unexpected(
        fmt::format("unknown profile '{}': expected {}", name,
                    listed(profiles(), [](const KernelProfile& p) { return p.name; })));
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto twice = [&](std::string_view earlier) {
      return earlier.substr(0, earlier.find('=')) == words[i].substr(0, words[i].find('='));
    };
    if (std::ranges::any_of(words.begin() + 1, words.begin() + static_cast<std::ptrdiff_t>(i),
                            twice))
      return std::unexpected(fmt::format("'{}': that behaviour is set twice", words[i]));
    if (auto read = read_difference(words[i], *profile); !read)
      return std::unexpected(read.error());
  }
  return *profile;
}

}  // namespace vmadiff::spec
