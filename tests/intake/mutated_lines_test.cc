// tests of intake: real logs with bytes changed, cut and doubled. Whatever comes, it is a trace
// that reads back or one message; a fixed seed, and a bounded number of tries.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "intake/strace_import.h"
#include "intake/syz_import.h"

namespace vmadiff::intake {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> logs() {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::directory_iterator{fs::path{VMADIFF_SOURCE_DIR} / "tests/intake/logs"}) {
    if (entry.path().string().find(".strace") != std::string::npos) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> out;
  for (const fs::path& path : paths) {
    std::ifstream in{path};
    out.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  }
  return out;
}

std::string mutated(std::string text, std::mt19937& random) {
  const auto at = [&] { return text.empty() ? std::size_t{0} : random() % text.size(); };
  const int changes = 1 + static_cast<int>(random() % 8);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    switch (random() % 5) {
      case 0:
        text[at()] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at(), 1 + random() % 20);
        break;
      case 2:
        text.insert(at(), text.substr(at(), random() % 60));
        break;
      case 3: {  // a sign that means something
        constexpr std::string_view kSigns = "()[]{}<>\"\\,=|/*? 0x-\n";
        text[at()] = kSigns[random() % kSigns.size()];
        break;
      }
      default:
        text.insert(at(), "18446744073709551615");
    }
  }
  return text;
}

TEST(MutatedLines, AreATraceOrOneMessage) {
  const auto all = logs();
  ASSERT_GE(all.size(), 10U);
  std::mt19937 random{1};
  int traces = 0;
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto text = mutated(all[random() % all.size()], random);
    const auto imported = import_strace({{"a.strace", text}});
    if (!imported) {
      ++refused;
      ASSERT_TRUE(imported.error().starts_with("a.strace")) << imported.error();
      continue;
    }
    ++traces;
    const auto printed = spec::print_trace(imported->trace);
    const auto read = spec::parse_trace(printed);
    ASSERT_TRUE(read.errors.empty()) << spec::text("trace", read.errors.front()) << printed;
    ASSERT_EQ(read.trace.sequence, imported->trace.sequence);
  }
  // Both are met often.
  EXPECT_GT(traces, 500);
  EXPECT_GT(refused, 50);
}

TEST(MutatedLines, OfSyzkallerAreATraceOrOneMessage) {
  const std::string program =
      "r0 = memfd_create(&(0x7f0000000000)='x\\x00', 0x0)\n"
      "mmap(&(0x7f0000000000/0x1000)=nil, 0x1000, 0x3, 0x12, r0, 0x0)\n"
      "mbind(&(0x7f0000000000/0x2000)=nil, 0x2000, 0x1, &(0x7f0000000040)=0x1, 0x3, 0x0)\n";
  std::mt19937 random{2};
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto imported = import_syz("a.syz", mutated(program, random));
    if (!imported) {
      ++refused;
      ASSERT_TRUE(imported.error().starts_with("a.syz:")) << imported.error();
      continue;
    }
    const auto read = spec::parse_trace(spec::print_trace(imported->trace));
    ASSERT_TRUE(read.errors.empty());
  }
  EXPECT_GT(refused, 50);
  EXPECT_LT(refused, 2950);
}

}  // namespace
}  // namespace vmadiff::intake
