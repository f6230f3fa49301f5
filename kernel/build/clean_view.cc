// kernel/build: links to what git knows for sources.
#include "kernel/build/clean_view.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kernel/failed.h"
#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

/// Paths from the tree's top: what is tracked, and what is new and not ignored.
std::expected<std::vector<std::string>, ToolFault> sources_of(const fs::path& tree) {
  const auto remedy =
      "somebody has built in it, and a kernel is not built elsewhere until its objects are gone: "
      "make -C " +
      tree.string() + " mrproper";
  std::error_code error;
  if (!fs::exists(tree / ".git", error)) return failed(tree, remedy);
  const auto listed = run_command(
      {"git", "-C", tree.string(), "ls-files", "-z", "--cached", "--others", "--exclude-standard"});
  if (!listed || listed->status != 0) {
    return failed(tree, remedy + " (git does not say what in it is source: " +
                            (listed ? listed->errors : listed.error().message) + ")");
  }
  std::vector<std::string> paths;
  for (std::string_view rest = listed->output; !rest.empty();) {
    const auto end = std::min(rest.find('\0'), rest.size());
    // What is tracked can be deleted.
    if (const auto path = rest.substr(0, end);
        fs::exists(fs::symlink_status(tree / path, error)) && !fs::is_directory(tree / path, error))
      paths.emplace_back(path);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return paths;
}

}  // namespace

bool was_built_in(const fs::path& tree) {
  std::error_code error;
  return fs::exists(tree / ".config", error) || fs::exists(tree / "include/config", error) ||
         fs::exists(tree / "arch/x86/include/generated", error);
}

std::expected<void, ToolFault> link_sources(const fs::path& tree, const fs::path& view) {
  const auto sources = sources_of(tree);
  if (!sources) return std::unexpected(sources.error());
  std::unordered_set<std::string> wanted{sources->begin(), sources->end()};
  std::error_code error;
  fs::create_directories(view, error);
  std::vector<fs::path> strangers;
  for (auto at = fs::recursive_directory_iterator{view, error};
       !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
    if (!at->is_symlink(error)) continue;
    const auto path = at->path().string().substr(view.string().size() + 1);
    if (fs::read_symlink(at->path(), error) != tree / path || wanted.erase(path) == 0)
      strangers.push_back(at->path());
  }
  if (error) return failed(view, error.message());
  for (const fs::path& stranger : strangers) fs::remove(stranger, error);
  for (const std::string& path : wanted) {
    fs::create_directories((view / path).parent_path(), error);
    fs::create_symlink(tree / path, view / path, error);
    if (error) return failed(view / path, error.message());
  }
  return {};
}

}  // namespace vmadiff::kernel
