// properties: the names.
#include "properties/generate/names.h"

#include <array>
#include <string>

namespace vmadiff::properties {

using spec::VmaName;

namespace {

VmaName name_of_length(std::size_t length) { return VmaName::of(std::string(length, 'n')); }

}  // namespace

VmaName any_vma_name(Random& random) {
  static const std::array kNames{VmaName{},        VmaName{},
                                 VmaName::of("a"), VmaName::of("a"),
                                 VmaName::of("a"), VmaName::of("b"),
                                 VmaName::of(""),  name_of_length(spec::kVmaNameLengthMax)};
  return random.of(kNames);
}

VmaName odd_vma_name(Random& random) {
  switch (random.below(4)) {
    case 0:
      return name_of_length(spec::kVmaNameLengthMax + random.below(3));
    case 1:
      return VmaName::unreadable();
    default: {
      // Each character there is, by itself and at an end.
      const auto byte = static_cast<char>(1 + random.below(255));
      const std::string name(1, byte);
      return VmaName::of(random.percent(50) ? name : "a" + name);
    }
  }
}

}  // namespace vmadiff::properties
