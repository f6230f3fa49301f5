// kernel: an apt of our own: its lists, its sources and its settings lie in a directory of ours,
// and what is asked of the machine's apt is only which mirrors it has and how they are reached
// (proxies, passwords). It reads every suite of Debian's, verified by Debian's keyring, and
// installs nothing.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/descriptor.h"
#include "kernel/store/command.h"
#include "kernel/store/debian_mirrors.h"
#include "kernel/store/package_list.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// For who shows how far it is, and may want it to end. Each may be empty.
struct AptWatch {
  std::function<void(std::string_view what)> on_step;  ///< what begins now, in a line
  std::function<void(int percent)> on_progress;        ///< of the step
  std::function<bool()> interrupted;
};

/// A package, and where it is to be had.
struct OfferedPackage {
  Package package;
  std::string mirror;
  std::string suite;
};

/// One at a time has the directory: another process waits in open().
class AptState {
 public:
  static constexpr const char* kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

  /// Makes the directory where it is not there, and brings the lists up to date.
  [[nodiscard]] static std::expected<AptState, spec::ToolFault> open(
      const std::filesystem::path& directory, AptWatch watch,
      const std::string& keyring = kKeyring);

  /// Suites that are not read, each with the reason.
  [[nodiscard]] const std::vector<std::string>& left_out() const { return left_out_; }

  /// The packages of all suites whose name begins so, suite by suite. One that several suites have
  /// is there several times.
  [[nodiscard]] std::expected<std::vector<OfferedPackage>, spec::ToolFault> packages(
      std::string_view beginning) const;

  /// Brings a package's file into a directory; gives its path. What does not have the SHA-256 of
  /// the verified list is refused.
  [[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> download(
      const OfferedPackage& offered, const std::filesystem::path& into) const;

 private:
  AptState(std::filesystem::path directory, AptWatch watch, std::string keyring)
      : directory_(std::move(directory)), watch_(std::move(watch)), keyring_(std::move(keyring)) {}

  [[nodiscard]] std::expected<void, spec::ToolFault> lock();
  [[nodiscard]] std::expected<void, spec::ToolFault> write_settings() const;
  [[nodiscard]] std::expected<DebianMirrors, spec::ToolFault> machines_mirrors() const;
  [[nodiscard]] std::expected<void, spec::ToolFault> update();
  /// An apt program. It has our settings where its words name them.
  [[nodiscard]] std::expected<CommandResult, spec::ToolFault> run(
      std::vector<std::string> words) const;

  std::filesystem::path directory_;
  AptWatch watch_;
  std::string keyring_;
  Descriptor lock_;
  std::vector<std::string> left_out_;
};

}  // namespace vmadiff::kernel
