// fuzz: the codec's argument forms (see codec.h for the format).
#include "fuzz/codec_fields.h"

#include <algorithm>
#include <array>
#include <bit>

#include "fuzz/places.h"

namespace vmadiff::fuzz {
namespace {

using spec::kPageSize;

constexpr std::uint64_t kOffsetMask = kPageSize - 1;

constexpr std::array kTypes{spec::kMapPrivate, spec::kMapShared, spec::kMapSharedValidate,
                            spec::kMapDroppable};
constexpr std::array<std::uint64_t, 3> kPlacements{0, spec::kMapFixed, spec::kMapFixedNoreplace};
constexpr std::uint64_t kRawFlags = 0x18;

/// The flags of a byte that is not an escape.
constexpr std::uint64_t map_flags_of(std::uint64_t byte) {
  return kTypes[byte & 3] | ((byte & 0x04) != 0 ? spec::kMapAnonymous : 0) |
         kPlacements[(byte >> 3) & 3] | ((byte & 0x20) != 0 ? spec::kMapNoreserve : 0) |
         ((byte & 0x40) != 0 ? spec::kMapStack : 0) | ((byte & 0x80) != 0 ? spec::kMapSync : 0);
}

/// From this tag on, flags are written as they are.
constexpr std::uint64_t kRawBits = 0xe0;
/// So many of the named flags have a short form.
constexpr std::size_t kShortBits = 6;

/// The flags of a tag: bit i is the i-th name.
std::uint64_t named_bits(std::uint64_t tag, std::span<const spec::FlagName> names) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min(names.size(), kShortBits); ++i) {
    if ((tag >> i & 1) != 0) value |= names[i].bits;
  }
  return value;
}

/// Names that a kernel takes.
constexpr std::array<std::string_view, 5> kPlainNames{"a", "b", "", "heap", "Go: heap"};

/// None, names that are taken, and such as are refused. The order is part of the byte codec: append
/// only, at most 256.
std::span<const spec::VmaName> names() {
  static const auto kNames = [] {
    std::vector<spec::VmaName> out{spec::VmaName{}};
    for (const auto name : kPlainNames) out.push_back(spec::VmaName::of(name));
    out.push_back(spec::VmaName::of(std::string(spec::kVmaNameLengthMax, 'n')));
    out.push_back(spec::VmaName::of(std::string(spec::kVmaNameLengthMax + 1, 'n')));
    for (const std::string_view refused : {"[a]", "a\\", "$a", "`", "\t", "\x7f", "\xc3\xa4"}) {
      out.push_back(spec::VmaName::of(refused));
    }
    out.push_back(spec::VmaName::unreadable());
    return out;
  }();
  return kNames;
}

}  // namespace

void FieldReader::address(std::uint64_t& value) {
  const std::uint64_t tag = in_->u8();
  if (tag < 0x80) {
    value = kArenaStart + tag * kPageSize;
  } else if (tag < 0xa0) {
    value = kHeapStart + (tag - 0x80) * kPageSize;
  } else if (tag < 0xc0) {
    value = kPlaces[(tag - 0xa0) % kPlaces.size()];
  } else if (tag < 0xd0) {
    value = kArenaStart + in_->u16() * kPageSize;
  } else if (tag < 0xe0) {
    const std::uint64_t page = in_->u8();
    value = kArenaStart + page * kPageSize + (in_->u16() & kOffsetMask);
  } else if (tag < 0xf0) {
    value = kArenaStart + in_->u8() * spec::kHugePageSize;
  } else if (tag < 0xf8) {
    value = kMmapTop - in_->u16() * kPageSize;
  } else {
    value = in_->u64();
  }
}

void FieldWriter::address(std::uint64_t value) {
  const std::uint64_t page = (value - kArenaStart) / kPageSize;
  const std::uint64_t heap_page = (value - kHeapStart) / kPageSize;
  const std::uint64_t huge_page = (value - kArenaStart) / spec::kHugePageSize;
  const bool aligned = spec::is_page_aligned(value);
  const auto* const place = std::ranges::find(kPlaces, value);
  if (aligned && page < 0x80) {
    out_->u8(page);
  } else if (aligned && heap_page < 0x20) {
    out_->u8(0x80 + heap_page);
  } else if (place != kPlaces.end()) {
    out_->u8(0xa0 + static_cast<std::uint64_t>(place - kPlaces.begin()));
  } else if (huge_page < 0x100 && value % spec::kHugePageSize == 0) {
    out_->u8(0xe0);
    out_->u8(huge_page);
  } else if (aligned && page < 0x10000) {
    out_->u8(0xc0);
    out_->u16(page);
  } else if (page < 0x100) {
    out_->u8(0xd0);
    out_->u8(page);
    out_->u16(value & kOffsetMask);
  } else if (aligned && (kMmapTop - value) / kPageSize < 0x10000) {
    out_->u8(0xf0);
    out_->u16((kMmapTop - value) / kPageSize);
  } else {
    out_->u8(0xf8);
    out_->u64(value);
  }
}

void FieldReader::length(std::uint64_t& value) {
  const std::uint64_t tag = in_->u8();
  if (tag < 0x80) {
    value = tag * kPageSize;
  } else if (tag < 0xc0) {
    value = in_->u16() * kPageSize;
  } else if (tag < 0xe0) {
    const std::uint64_t pages = in_->u8();
    value = pages * kPageSize + (in_->u16() & kOffsetMask);
  } else if (tag < 0xf0) {
    value = (tag - 0xe0 + 1) * spec::kHugePageSize;
  } else {
    value = in_->u64();
  }
}

void FieldWriter::length(std::uint64_t value) {
  const std::uint64_t pages = value / kPageSize;
  const std::uint64_t huge_pages = value / spec::kHugePageSize;
  const bool aligned = spec::is_page_aligned(value);
  if (aligned && pages < 0x80) {
    out_->u8(pages);
  } else if (value % spec::kHugePageSize == 0 && huge_pages <= 16) {
    out_->u8(0xe0 + huge_pages - 1);
  } else if (aligned && pages < 0x10000) {
    out_->u8(0x80);
    out_->u16(pages);
  } else if (pages < 0x100) {
    out_->u8(0xc0);
    out_->u8(pages);
    out_->u16(value & kOffsetMask);
  } else {
    out_->u8(0xf0);
    out_->u64(value);
  }
}

void FieldReader::prot(std::uint64_t& value) {
  const std::uint64_t tag = in_->u8();
  if (tag < 0xe0) {
    value = tag & 0xf;
  } else if (tag < 0xf0) {
    value = spec::kProtGrowsdown | (tag & 7);
  } else if (tag < 0xf8) {
    value = spec::kProtGrowsup | (tag & 7);
  } else {
    value = in_->u64();
  }
}

void FieldWriter::prot(std::uint64_t value) {
  if (value < 0x10) {
    out_->u8(value);
  } else if ((value & ~std::uint64_t{7}) == spec::kProtGrowsdown) {
    out_->u8(0xe0 | (value & 7));
  } else if ((value & ~std::uint64_t{7}) == spec::kProtGrowsup) {
    out_->u8(0xf0 | (value & 7));
  } else {
    out_->u8(0xf8);
    out_->u64(value);
  }
}

void FieldReader::map_flags(std::uint64_t& value) {
  const std::uint64_t byte = in_->u8();
  value = (byte & kRawFlags) == kRawFlags ? in_->u64() & spec::kMapModelled : map_flags_of(byte);
}

void FieldWriter::map_flags(std::uint64_t value) {
  for (std::uint64_t byte = 0; byte < 0x100; ++byte) {
    if ((byte & kRawFlags) == kRawFlags || map_flags_of(byte) != value) continue;
    out_->u8(byte);
    return;
  }
  out_->u8(kRawFlags);
  out_->u64(value);
}

void FieldReader::file(spec::FileId& value) {
  const auto classes = spec::mappable_file_classes();
  const std::size_t code = in_->u8() % (1 + classes.size() * spec::kFilesPerClass);
  value = {};
  if (code == 0) return;
  value = {classes[(code - 1) / spec::kFilesPerClass],
           static_cast<std::uint32_t>((code - 1) % spec::kFilesPerClass)};
}

void FieldWriter::file(spec::FileId value) {
  const auto classes = spec::mappable_file_classes();
  const auto found = std::ranges::find(classes, value.cls);
  const bool known = found != classes.end() && value.number < spec::kFilesPerClass;
  const auto index = static_cast<std::uint64_t>(found - classes.begin());
  out_->u8(known ? 1 + index * spec::kFilesPerClass + value.number : 0);
}

void FieldReader::bits(std::uint64_t& value, std::span<const spec::FlagName> names) {
  const std::uint64_t tag = in_->u8();
  value = tag < kRawBits ? named_bits(tag, names) : in_->u64();
}

void FieldWriter::bits(std::uint64_t value, std::span<const spec::FlagName> names) {
  for (std::uint64_t tag = 0; tag < 1U << kShortBits; ++tag) {
    if (named_bits(tag, names) == value) return out_->u8(tag);
  }
  out_->u8(kRawBits);
  out_->u64(value);
}

void FieldReader::number(std::uint64_t& value) {
  const std::uint64_t tag = in_->u8();
  if (tag < 0xc0) {
    // Flags and small counts; twice, so that the low ones are likely.
    value = tag % 0x60;
  } else if (tag < 0xe0) {
    value = std::uint64_t{1} << (2 * (tag - 0xc0));
  } else if (tag < 0xf0) {
    value = ~std::uint64_t{0};
  } else {
    value = in_->u64();
  }
}

void FieldWriter::number(std::uint64_t value) {
  if (value < 0x60) {
    out_->u8(value);
  } else if (std::has_single_bit(value) && std::countr_zero(value) % 2 == 0) {
    out_->u8(0xc0 + static_cast<std::uint64_t>(std::countr_zero(value)) / 2);
  } else if (value == ~std::uint64_t{0}) {
    out_->u8(0xe0);
  } else {
    out_->u8(0xf0);
    out_->u64(value);
  }
}

void FieldReader::optional_number(std::uint64_t& value) {
  const std::uint64_t tag = in_->u8();
  value = tag < 0x70 ? 0 : tag < 0xe0 ? 1 : in_->u64();
}

void FieldWriter::optional_number(std::uint64_t value) {
  out_->u8(value == 0 ? 0 : value == 1 ? 0x70 : 0xe0);
  if (value > 1) out_->u64(value);
}

void FieldReader::unused(std::uint64_t& value) { value = in_->u8() < 0xf0 ? 0 : in_->u64(); }

void FieldWriter::unused(std::uint64_t value) {
  out_->u8(value == 0 ? 0 : 0xf0);
  if (value != 0) out_->u64(value);
}

void FieldReader::vma_name(spec::VmaName& value) { value = names()[in_->u8() % names().size()]; }

void FieldWriter::vma_name(spec::VmaName value) {
  const auto found = std::ranges::find(names(), value);
  const auto number = found != names().end() ? static_cast<std::uint64_t>(found - names().begin())
                                             : 1 + value.digest() % kPlainNames.size();
  out_->u8(number);
}

void FieldReader::access(spec::Access& value) {
  value = (in_->u8() & 1) == 0 ? spec::Access::kRead : spec::Access::kWrite;
}

void FieldWriter::access(spec::Access value) { out_->u8(value == spec::Access::kWrite ? 1 : 0); }

}  // namespace vmadiff::fuzz
