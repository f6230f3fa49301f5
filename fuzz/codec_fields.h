// fuzz: can bytes find a counterexample? This file: the codec's argument forms, reading and writing
// side by side. The format is described in codec.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/syscall.h"

namespace vmadiff::fuzz {

/// Bytes from front to back. Behind the end it gives zeros and remembers that it did.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  [[nodiscard]] bool ran_out() const { return ran_out_; }

  std::uint8_t u8() {
    if (at_end()) {
      ran_out_ = true;
      return 0;
    }
    return bytes_[at_++];
  }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

 private:
  std::uint64_t number(unsigned bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{u8()} << (8 * i);
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::uint8_t>& bytes) : bytes_(&bytes) {}
  void u8(std::uint64_t value) { number(value, 1); }
  void u16(std::uint64_t value) { number(value, 2); }
  void u32(std::uint64_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

 private:
  void number(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      bytes_->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  std::vector<std::uint8_t>* bytes_;
};

/// From this tag on a choice is written as it is.
inline constexpr std::uint8_t kRawChoice = 0xe0;

/// The kinds of arguments (spec/syscall.h), in the two directions.
class FieldReader {
 public:
  explicit FieldReader(ByteReader& in) : in_(&in) {}
  void range(std::uint64_t& addr, std::uint64_t& bytes) {
    address(addr);
    length(bytes);
  }
  void address(std::uint64_t& value);
  void optional_address(std::uint64_t& value) { address(value); }
  void length(std::uint64_t& value);
  void offset(std::uint64_t& value) { length(value); }
  void prot(std::uint64_t& value);
  void map_flags(std::uint64_t& value);
  void file(spec::FileId& value);
  void access(spec::Access& value);
  void bits(std::uint64_t& value, std::span<const spec::FlagName> names);
  template <std::integral T>
  void choice(T& value, std::span<const spec::FlagName> names) {
    const std::uint64_t tag = in_->u8();
    value = tag < kRawChoice && !names.empty() ? static_cast<T>(names[tag % names.size()].bits)
            : tag < kRawChoice                 ? static_cast<T>(-1)
                                               : static_cast<T>(in_->u64());
  }
  void number(std::uint64_t& value);
  void optional_number(std::uint64_t& value);
  void unused(std::uint64_t& value);
  void vma_name(spec::VmaName& value);

 private:
  ByteReader* in_;
};

class FieldWriter {
 public:
  explicit FieldWriter(ByteWriter& out) : out_(&out) {}
  void range(std::uint64_t addr, std::uint64_t bytes) {
    address(addr);
    length(bytes);
  }
  void address(std::uint64_t value);
  void optional_address(std::uint64_t value) { address(value); }
  void length(std::uint64_t value);
  void offset(std::uint64_t value) { length(value); }
  void prot(std::uint64_t value);
  void map_flags(std::uint64_t value);
  void file(spec::FileId value);
  void access(spec::Access value);
  void bits(std::uint64_t value, std::span<const spec::FlagName> names);
  template <std::integral T>
  void choice(T value, std::span<const spec::FlagName> names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (static_cast<T>(names[i].bits) == value) return out_->u8(i);
    }
    if (names.empty() && value == static_cast<T>(-1)) return out_->u8(0);
    out_->u8(kRawChoice);
    out_->u64(static_cast<std::uint64_t>(value));
  }
  void number(std::uint64_t value);
  void optional_number(std::uint64_t value);
  void unused(std::uint64_t value);
  /// A name that has no number is written as that of another one.
  void vma_name(spec::VmaName value);

 private:
  ByteWriter* out_;
};

}  // namespace vmadiff::fuzz
