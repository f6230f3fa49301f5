// properties: the mix of protections, types and files.
#include "properties/generate/looks.h"

namespace vmadiff::properties {
namespace {

using namespace spec;  // NOLINT: this file is little but spec's constants

// Read-write is by far the most common, and what merges; the others are there to change to.
constexpr std::array<std::uint64_t, 12> kProtsInUse{kProtRead | kProtWrite,
                                                    kProtRead | kProtWrite,
                                                    kProtRead | kProtWrite,
                                                    kProtRead | kProtWrite,
                                                    kProtRead | kProtWrite,
                                                    kProtRead,
                                                    kProtRead,
                                                    kProtRead,
                                                    kProtNone,
                                                    kProtWrite,
                                                    kProtRead | kProtExec,
                                                    kProtRead | kProtWrite | kProtExec};

}  // namespace

Looks::Looks(Random& random, const GeneratorOptions& options) : options_(options) {
  for (Look& look : looks_) look = fresh(random);
}

Look Looks::any(Random& random) const {
  return random.percent(85) ? random.of(looks_) : fresh(random);
}

std::uint64_t Looks::any_prot(Random& random) const {
  if (random.percent(40)) return random.of(looks_).prot;
  if (random.percent(3)) return kProtExec;
  return random.of(kProtsInUse);
}

Look Looks::fresh(Random& random) const {
  Look look{.prot = random.of(kProtsInUse), .flags = kMapPrivate, .file = {}};
  if (random.percent(2)) look.prot = kProtExec;
  const auto kind = random.below(100);
  if (kind < 50 || options_.file_classes.empty()) {
    look.flags |= kMapAnonymous;
  } else if (kind < 58) {
    look.flags = kMapShared | kMapAnonymous;
  } else if (kind < 61) {
    look.flags = kMapDroppable | kMapAnonymous;
  } else {
    const auto cls = options_.file_classes[random.below(options_.file_classes.size())];
    const std::uint64_t files = options_.files_per_class < 2 ? 1 : 2;
    look.file = {cls, static_cast<std::uint32_t>(random.below(files))};
    if (random.percent(30)) look.flags = random.percent(80) ? kMapShared : kMapSharedValidate;
  }
  if (random.percent(20)) look.flags |= kMapNoreserve;
  if (random.percent(5)) look.flags |= kMapStack;
  return look;
}

}  // namespace vmadiff::properties
