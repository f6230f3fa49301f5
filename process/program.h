// process: another program, run with its output in files. It and all that it starts end with this
// process, however this one ends: a keeper stands between them, which sees it go.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/system.h"

namespace vmadiff::process {

struct Program {
  std::vector<std::string> words;   ///< the program's file, or its name to be found in PATH, first
  std::filesystem::path directory;  ///< to run it in; empty: the present one
  std::filesystem::path out;        ///< made anew
  std::filesystem::path err;        ///< made anew
  std::vector<std::pair<std::string, std::string>> environment;  ///< besides the present one
};

/// One that runs. It is killed where it still does at the end of the object's life.
class RunningProgram {
 public:
  /// The error says why there can be no process. A program that is not there ends with status 127.
  [[nodiscard]] static std::expected<RunningProgram, spec::ToolFault> start(const Program& program);
  RunningProgram(RunningProgram&& other) noexcept;
  RunningProgram& operator=(RunningProgram&& other) = delete;
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  ~RunningProgram();

  /// Its wait status, where it ends within that time.
  [[nodiscard]] std::optional<int> look(std::chrono::milliseconds time);
  /// SIGINT, to the program alone.
  void ask_to_end() const;
  /// SIGKILL, to it and what it started. look() then gives its wait status.
  void kill() const;

 private:
  RunningProgram() = default;

  pid_t keeper_ = -1;
  pid_t program_ = -1;
  int life_ = -1;    ///< open as long as it may live
  int status_ = -1;  ///< where the keeper says how it ended
};

}  // namespace vmadiff::process
