// spec: VMA flags as smaps and maps write them.
#include "spec/flags.h"

#include <array>
#include <charconv>
#include <system_error>

namespace vmadiff::spec {
namespace {

constexpr std::array kCodes{
    FlagName{kVmRead, "rd"},        FlagName{kVmWrite, "wr"},       FlagName{kVmExec, "ex"},
    FlagName{kVmShared, "sh"},      FlagName{kVmMayread, "mr"},     FlagName{kVmMaywrite, "mw"},
    FlagName{kVmMayexec, "me"},     FlagName{kVmMayshare, "ms"},    FlagName{kVmGrowsdown, "gd"},
    FlagName{kVmUffdMissing, "um"}, FlagName{kVmPfnmap, "pf"},      FlagName{kVmMaybeGuard, "gu"},
    FlagName{kVmUffdWp, "uw"},      FlagName{kVmLocked, "lo"},      FlagName{kVmIo, "io"},
    FlagName{kVmSeqRead, "sr"},     FlagName{kVmRandRead, "rr"},    FlagName{kVmDontcopy, "dc"},
    FlagName{kVmDontexpand, "de"},  FlagName{kVmLockonfault, "lf"}, FlagName{kVmAccount, "ac"},
    FlagName{kVmNoreserve, "nr"},   FlagName{kVmHugetlb, "ht"},     FlagName{kVmSync, "sf"},
    FlagName{kVmArch1, "ar"},       FlagName{kVmWipeonfork, "wf"},  FlagName{kVmDontdump, "dd"},
    FlagName{kVmSoftdirty, "sd"},   FlagName{kVmMixedmap, "mm"},    FlagName{kVmHugepage, "hg"},
    FlagName{kVmNohugepage, "nh"},  FlagName{kVmMergeable, "mg"},   FlagName{kVmUffdMinor, "ui"},
    FlagName{kVmDroppable, "dp"},   FlagName{kVmUffdRwp, "ur"},     FlagName{kVmSealed, "sl"},
};

constexpr std::string_view kKeyWord = "key=";

/// The flags of "key=3"; none where the word is something else.
VmFlags pkey_from_word(std::string_view word) {
  if (!word.starts_with(kKeyWord)) return 0;
  word.remove_prefix(kKeyWord.size());
  std::int32_t key = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, key);
  if (error != std::errc{} || stop != end || key <= 0 || key >= kPkeyCount) return 0;
  return with_pkey(0, key);
}

}  // namespace

std::span<const FlagName> vm_flag_codes() { return kCodes; }

std::string vm_flags_text(VmFlags flags) {
  std::string out;
  for (const auto& [bits, code] : kCodes) {
    if ((flags & bits) == 0 || bits == kVmSoftdirty) continue;
    if (!out.empty()) out += ' ';
    out += code;
  }
  if (const auto key = pkey_of(flags); key != 0) {
    if (!out.empty()) out += ' ';
    out += kKeyWord;
    out += std::to_string(key);
  }
  return out;
}

VmFlags vm_flags_from_text(std::string_view text, std::string* unknown) {
  VmFlags flags = 0;
  while (!text.empty()) {
    const auto begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const auto word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(word.size());
    VmFlags found = pkey_from_word(word);
    for (const auto& [bits, code] : kCodes) {
      if (word == code) found = bits;
    }
    flags |= found;
    if (found == 0 && unknown != nullptr) {
      if (!unknown->empty()) *unknown += ' ';
      *unknown += word;
    }
  }
  return flags;
}

std::string permissions_text(VmFlags flags) {
  return {(flags & kVmRead) != 0 ? 'r' : '-', (flags & kVmWrite) != 0 ? 'w' : '-',
          (flags & kVmExec) != 0 ? 'x' : '-', (flags & kVmMayshare) != 0 ? 's' : 'p'};
}

}  // namespace vmadiff::spec
