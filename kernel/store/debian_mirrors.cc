// kernel: from which mirrors a machine has Debian.
#include "kernel/store/debian_mirrors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace vmadiff::kernel {
namespace {

constexpr std::array<std::string_view, 12> kSuites{
    "bookworm", "bookworm-updates", "bookworm-backports", "bookworm-security",
    "trixie",   "trixie-updates",   "trixie-backports",   "trixie-security",
    "forky",    "forky-updates",    "forky-security",     "sid"};
constexpr std::string_view kSecurity = "-security";

/// What a source may call Debian's suites.
bool is_debian(std::string_view suite) {
  constexpr std::array<std::string_view, 9> kNames{"bookworm", "trixie",    "forky",
                                                   "sid",      "unstable",  "testing",
                                                   "stable",   "oldstable", "oldoldstable"};
  for (const std::string_view ending :
       {std::string_view{"-updates"}, std::string_view{"-backports"}, kSecurity}) {
    if (suite.ends_with(ending)) suite.remove_suffix(ending.size());
  }
  return std::ranges::find(kNames, suite) != kNames.end();
}

/// The mirrors in their order, each with the suites that it is asked for.
class Asked {
 public:
  void add(std::string_view mirror, std::string_view suite) {
    auto& suites = suites_[std::string{mirror}];
    if (suites.empty()) order_.emplace_back(mirror);
    suites.emplace(suite);
  }
  [[nodiscard]] std::string most() const {
    const auto at = std::ranges::max_element(
        order_, {}, [this](const std::string& mirror) { return suites_.at(mirror).size(); });
    return at == order_.end() ? std::string{} : *at;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::set<std::string>> suites_;
};

}  // namespace

DebianMirrors mirrors_in(std::string_view uris) {
  // 'http://mirror/debian/dists/bookworm/InRelease' file-name size
  constexpr std::string_view kFolder = "/dists/";
  constexpr std::string_view kEnd = "/InRelease'";
  Asked main;
  Asked security;
  while (!uris.empty()) {
    const auto line = uris.substr(0, uris.find('\n'));
    uris.remove_prefix(std::min(line.size() + 1, uris.size()));
    const auto end = line.find(kEnd);
    const auto folder = line.rfind(kFolder, end);
    if (!line.starts_with('\'') || end == std::string_view::npos ||
        folder == std::string_view::npos)
      continue;
    const auto mirror = line.substr(1, folder - 1);
    const auto begin = folder + kFolder.size();
    const auto suite = line.substr(begin, end - begin);
    if (is_debian(suite)) (suite.ends_with(kSecurity) ? security : main).add(mirror, suite);
  }
  return {.main = main.most(), .security = security.most()};
}

std::string shown(std::string_view uri) {
  constexpr std::string_view kAfterScheme = "://";
  const auto scheme = uri.find(kAfterScheme);
  if (scheme == std::string_view::npos) return std::string{uri};
  const auto host = scheme + kAfterScheme.size();
  const auto at = uri.substr(host, uri.find('/', host) - host).rfind('@');
  if (at == std::string_view::npos) return std::string{uri};
  return std::string{uri.substr(0, host)}.append(uri.substr(host + at + 1));
}

std::vector<DebianSuite> suites_of(const DebianMirrors& mirrors) {
  std::vector<DebianSuite> suites;
  for (const std::string_view name : kSuites) {
    const auto& mirror = name.ends_with(kSecurity) ? mirrors.security : mirrors.main;
    if (!mirror.empty()) suites.push_back({mirror, std::string{name}});
  }
  return suites;
}

std::string sources_of(std::span<const DebianSuite> suites, std::string_view keyring) {
  std::string text;
  for (const DebianSuite& suite : suites) {
    text += fmt::format("deb [signed-by={} arch=amd64 lang=none target=Packages] {} {} main\n",
                        keyring, suite.mirror, suite.name);
  }
  return text;
}

}  // namespace vmadiff::kernel
