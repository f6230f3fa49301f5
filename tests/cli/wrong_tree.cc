// tests of cli: making a source that is wrong.
#include "wrong_tree.h"

#include <gtest/gtest.h>

#include <fstream>
#include <system_error>
#include <utility>

#include "command_run.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_source.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

void link_to_each(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  std::error_code there;
  for (const auto& entry : fs::directory_iterator{from})
    fs::create_symlink(entry.path(), to / entry.path().filename(), there);
}

}  // namespace

std::expected<WrongTree, std::string> WrongTree::make(const fs::path& at) {
  const auto source = kernel::find_source("linux-7.3");
  if (!source) return std::unexpected(source.error());
  for (const char* program : {"make", "gcc", "flex", "bison", "bc"}) {
    if (kernel::program_path(program).empty())
      return std::unexpected(std::string{program} + " is not installed");
  }
  std::error_code error;
  fs::create_directories(at / "mm", error);  // no link then
  link_to_each(*source, at);
  link_to_each(*source / "mm", at / "mm");
  return WrongTree{at, *source};
}

void WrongTree::insert(const std::string& file, std::string_view here,
                       std::string_view more) const {
  auto text = content(source_ / "mm" / file);
  const auto found = text.find(here);
  ASSERT_NE(found, std::string::npos) << file << " has no " << here;
  text.insert(found + here.size(), more);
  // A link would be written through.
  fs::remove(directory_ / "mm" / file);
  std::ofstream{directory_ / "mm" / file, std::ios::binary} << text;
}

}  // namespace vmadiff::tests
