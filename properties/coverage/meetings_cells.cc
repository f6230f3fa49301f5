// properties: which pairs and triples there are, and those that cannot meet.
#include <fmt/format.h>

#include <algorithm>

#include "properties/coverage/meetings.h"

namespace vmadiff::properties {
namespace {

constexpr std::array<UnmeetablePair, 0> kUnmeetable{};

bool is_unmeetable(std::string_view first, std::string_view second) {
  return std::ranges::any_of(kUnmeetable, [&](const UnmeetablePair& u) {
    return (u.first.empty() || u.first == first) && (u.second.empty() || u.second == second);
  });
}

std::vector<Pair> make_pairs() {
  std::vector<Pair> out;
  for (std::size_t first = 0; first < shapes().size(); ++first) {
    for (std::size_t second = 0; second < shapes().size(); ++second) {
      if (!is_unmeetable(shapes()[first].name, shapes()[second].name))
        out.push_back({first, second});
    }
  }
  return out;
}

std::vector<std::array<Family, 3>> make_triples() {
  std::vector<std::array<Family, 3>> out;
  for (std::size_t a = 0; a < kFamilyCount; ++a) {
    for (std::size_t b = a + 1; b < kFamilyCount; ++b) {
      for (std::size_t c = b + 1; c < kFamilyCount; ++c) {
        out.push_back({static_cast<Family>(a), static_cast<Family>(b), static_cast<Family>(c)});
      }
    }
  }
  return out;
}

/// Arguments that can differ alone where both calls succeed, in the order of the call.
struct ArgumentsOf {
  std::string_view call;
  std::vector<std::string_view> names;  ///< "": cannot differ, since it must be 0
};

const std::vector<ArgumentsOf>& arguments() {
  static const std::vector<ArgumentsOf> kArguments{
      {"mmap", {"address", "length", "protection", "flags", "file", "offset"}},
      {"munmap", {"address", "length"}},
      {"mprotect", {"address", "length", "protection"}},
      {"brk", {"address"}},
      {"madvise", {"address", "length", "advice"}},
      {"prctl", {"option", "argument"}},
      {"touch", {"address", "length", "access"}},
      {"mremap", {"address", "length", "new length", "flags", "new address"}},
      {"mlock", {"address", "length"}},
      {"mlock2", {"address", "length", "flags"}},
      {"munlock", {"address", "length"}},
      {"mlockall", {"flags"}},
      {"munlockall", {}},
      {"mseal", {"address", "length"}},
      {"pkey_mprotect", {"address", "length", "protection"}},
      {"remap_file_pages", {"address", "length", "", "page offset", "flags"}},
      {"setrlimit", {"resource", "limit"}},
      {"fork", {}},
      {"exec", {}},
      {"exit", {}},
      {"uffd_register", {"address", "length", "mode", "userfaultfd"}},
      {"uffd_unregister", {"address", "length", "userfaultfd"}},
      {"mbind", {"address", "length", "mode", "mode flags", "nodes", "flags"}},
      {"set_mempolicy", {"mode", "mode flags", "nodes"}},
      {"set_vma_name", {"address", "length", "name"}},
      {"uffd_open", {"userfaultfd", "features"}},
      {"uffd_close", {"userfaultfd"}},
      {"shmat", {"segment", "address", "flags"}},
      {"shmdt", {"address"}},
      {"pkey_alloc", {"", ""}},
      {"pkey_free", {""}},
      {"msync", {"address", "length", "flags"}},
      {"add_seals", {"file", "seals"}},
      {"process_madvise", {"address", "length", "second address", "second length", "advice", ""}},
      {"uffd_writeprotect", {"address", "length", "mode", "userfaultfd"}},
      {"uffd_rwprotect", {"address", "length", "mode", "userfaultfd"}},
  };
  return kArguments;
}

std::vector<Repetition> make_repetitions() {
  std::vector<Repetition> out;
  for (std::size_t call = 0; call < arguments().size(); ++call) {
    for (std::size_t i = 0; i < arguments()[call].names.size(); ++i) {
      if (!arguments()[call].names[i].empty()) out.push_back({call, i});
    }
  }
  return out;
}

}  // namespace

std::span<const UnmeetablePair> unmeetable_pairs() { return kUnmeetable; }

std::span<const Pair> meetable_pairs() {
  static const auto kMeetablePairs = make_pairs();
  return kMeetablePairs;
}

std::span<const std::array<Family, 3>> meetable_triples() {
  static const auto kMeetableTriples = make_triples();
  return kMeetableTriples;
}

std::span<const Repetition> meetable_repetitions() {
  static const auto kRepetitions = make_repetitions();
  return kRepetitions;
}

std::string text(const Pair& pair) {
  return fmt::format("{}; {}", shapes()[pair.first].name, shapes()[pair.second].name);
}

std::string text(const std::array<Family, 3>& families) {
  return fmt::format("{}, {}, {}", name(families[0]), name(families[1]), name(families[2]));
}

std::string text(const Repetition& repetition) {
  const auto& of_call = arguments()[repetition.call];
  return fmt::format("{}: another {}", of_call.call, of_call.names[repetition.argument]);
}

}  // namespace vmadiff::properties
