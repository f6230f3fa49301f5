// cli: what a shell is given once: it asks `vmadiff complete` at each key.
#include <algorithm>
#include <array>
#include <string_view>

#include "cli/completion.h"
#include "process/output.h"

namespace vmadiff::cli {
namespace {

struct Script {
  std::string_view shell;
  std::string_view text;
};

constexpr std::string_view kBash = R"(# bash: source <(vmadiff completions bash)
_vmadiff() {
  local line typed=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = :files ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$typed")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _vmadiff vmadiff
)";

constexpr std::string_view kZsh = R"(#compdef vmadiff
# zsh: source <(vmadiff completions zsh), or as _vmadiff in a directory of $fpath
_vmadiff() {
  local line files=
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    fi
  done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#candidates )) && _describe -V vmadiff candidates
  [[ -n $files ]] && _files
  return 0
}
if [[ ${funcstack[1]} == _vmadiff ]]; then
  _vmadiff "$@"
else
  compdef _vmadiff vmadiff
fi
)";

constexpr std::string_view kFish = R"(# fish: vmadiff completions fish | source
function __vmadiff_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$typed"
        else
            echo $line
        end
    end
end
complete -c vmadiff -f -a '(__vmadiff_complete)'
)";

constexpr std::array kScripts{Script{"bash", kBash}, Script{"zsh", kZsh}, Script{"fish", kFish}};

}  // namespace

std::vector<std::string> completion_shells() {
  std::vector<std::string> shells;
  for (const Script& script : kScripts) shells.emplace_back(script.shell);
  return shells;
}

process::ExitStatus print_completions(const PrintCompletions& options) {
  const auto* script = std::ranges::find(kScripts, options.shell, &Script::shell);
  if (script == kScripts.end())
    return process::refuse_input(options.shell + ": expected bash, zsh or fish");
  process::print_raw(script->text);
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
