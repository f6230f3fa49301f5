// cli: what could stand next on a command line that is being typed. The shells' scripts only ask
// for it, so that all of them know what this program knows: commands, options, and what is here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_text.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

struct Candidate {
  std::string word;
  std::string help;  ///< may be empty
};

struct Completion {
  std::vector<Candidate> candidates;
  bool files = false;  ///< besides, any file: the shell knows those best
};

/// `words` is what stands behind "vmadiff"; the last of them, which may be empty, is the one that
/// is being typed. Of words that make no sense nothing is known.
[[nodiscard]] Completion complete(const CommandText& top, std::span<const std::string> words);

/// The shells that can be given a script.
[[nodiscard]] std::vector<std::string> completion_shells();

struct PrintCompletions {
  std::string shell;  ///< of completion_shells()
};
/// The script of that shell.
process::ExitStatus print_completions(const PrintCompletions& options);

struct CompleteWords {
  std::vector<std::string> words;
};
/// For the scripts: a candidate a line, a tab and its help behind it; ":files" where files do.
process::ExitStatus complete_words(const CompleteWords& options);

}  // namespace vmadiff::cli
