// kernel: from which mirrors a machine has Debian, and which suites of Debian's we ask of them.
// Text only: apt itself reads the machine's sources, whatever form they have.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::kernel {

struct DebianMirrors {
  std::string main;      ///< "http://mirror/debian"; empty: none
  std::string security;  ///< the same of the security suites
};

/// Out of what "apt-get update --print-uris" prints. Where several mirrors have suites with
/// Debian's names, it is the one with most of them, and of such the first.
[[nodiscard]] DebianMirrors mirrors_in(std::string_view uris);

struct DebianSuite {
  std::string mirror;
  std::string name;
};

/// A mirror as it may be shown, and as apt names it in its errors: without a user and a password.
[[nodiscard]] std::string shown(std::string_view uri);

/// Every suite that may carry kernels, but experimental, which has candidates and no releases.
[[nodiscard]] std::vector<DebianSuite> suites_of(const DebianMirrors& mirrors);

/// As a sources.list has them: packages for amd64 alone, signed by the keyring and by no other.
[[nodiscard]] std::string sources_of(std::span<const DebianSuite> suites, std::string_view keyring);

}  // namespace vmadiff::kernel
