// spec: names and hooks of file classes.
#include "spec/file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "spec/kernel_profile.h"

namespace vmadiff::spec {
namespace {

constexpr std::array<std::string_view, kFileClassCount> kClassNames{
    "anon",         "memfd",           "file",       "file-ro",   "zero",        "hugetlb",
    "pfnmap",       "prepared-pfnmap", "unmappable", "two-hooks", "anon-shared", "other",
    "anon-hugetlb", "legacy-file",     "sysv"};

constexpr std::array kMappable{
    FileClass::kMemfd,    FileClass::kFile,      FileClass::kFileReadOnly,   FileClass::kZero,
    FileClass::kHugetlb,  FileClass::kPfnmap,    FileClass::kPreparedPfnmap, FileClass::kUnmappable,
    FileClass::kTwoHooks, FileClass::kLegacyFile};

}  // namespace

std::span<const FileClass> mappable_file_classes() { return kMappable; }

Hooks hooks_of(FileClass cls, const KernelProfile& profile) {
  const bool prepare = profile.mmap_prepare == MmapPrepare::kPresent;
  switch (cls) {
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kPreparedPfnmap:
      return {.mmap = !prepare, .mmap_prepare = prepare};
    case FileClass::kTwoHooks:
      return {.mmap = true, .mmap_prepare = prepare};
    case FileClass::kZero: {
      const bool zero_prepares = prepare && profile.zero_hook == ZeroHook::kPrepare;
      return {.mmap = !zero_prepares, .mmap_prepare = zero_prepares};
    }
    case FileClass::kMemfd:
    case FileClass::kHugetlb:
    case FileClass::kAnonHugetlb:
    case FileClass::kPfnmap:
    case FileClass::kLegacyFile:
    case FileClass::kSysv:
      return {.mmap = true, .mmap_prepare = false};
    case FileClass::kNone:
    case FileClass::kUnmappable:
    case FileClass::kAnonShared:
    case FileClass::kOther:
      break;
  }
  return {};
}

std::string_view name(FileClass cls) { return kClassNames[static_cast<std::size_t>(cls)]; }

std::string text(FileId file) {
  if (file.cls == FileClass::kNone || file.cls == FileClass::kAnonShared ||
      file.cls == FileClass::kAnonHugetlb) {
    return std::string{name(file.cls)};
  }
  const auto number = file.cls == FileClass::kSysv ? segment_of(file) : file.number;
  return fmt::format("{}:{}", name(file.cls), number);
}

std::optional<FileId> file_from_text(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = text.substr(colon + 1);
  for (const FileClass cls : kMappable) {
    if (name(cls) != text.substr(0, colon)) continue;
    std::uint32_t value = 0;
    const auto* end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc{} || stop != end || value >= kFilesPerClass) return std::nullopt;
    if (number.size() > 1 && number.front() == '0') return std::nullopt;
    return FileId{cls, value};
  }
  return std::nullopt;
}

}  // namespace vmadiff::spec
