// fuzz: how libFuzzer of fuzz_differential chooses what it changes next, unless it is told
// otherwise.
#include <string>
#include <vector>

/// Not by its entropic schedule, which weighs how rare an input's features are: there are thousands
/// of them here, it took a third of the time and more, and reached less in the same time
/// (docs/performance.md). Whoever wants it says -entropic=1.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::string schedule = "-entropic=0";
  static std::vector<char*> words;
  words.assign(*argv, *argv + *argc);
  words.insert(words.begin() + 1, schedule.data());
  words.push_back(nullptr);
  *argc = static_cast<int>(words.size()) - 1;
  *argv = words.data();
  return 0;
}
