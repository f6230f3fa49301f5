// cli: the command line as data: what completions and the manual page are made of. Knows nothing of
// how it is parsed.
#pragma once

#include <string>
#include <vector>

namespace vmadiff::cli {

struct OptionText {
  std::vector<std::string> names;  ///< "--output", "-o": the long ones first; none where positional
  std::string positional;          ///< "file"; empty where it has names
  std::string help;
  std::string default_value;  ///< empty where there is none, or help says it
  bool takes_value = false;
  bool takes_several = false;
  bool is_required = false;
};

struct CommandText {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<OptionText> options;
  std::vector<CommandText> commands;
};

/// The whole command line, vmadiff itself at the top.
[[nodiscard]] CommandText command_text();

}  // namespace vmadiff::cli
