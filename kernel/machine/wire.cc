// kernel: bytes between two machines.
#include "kernel/machine/wire.h"

#include <array>
#include <utility>

namespace vmadiff::kernel {
namespace {

/// In front of every message: a mark that no text has, the kind, the size in four bytes.
constexpr std::string_view kMark{"\xd6\x01vm", 4};
constexpr std::size_t kHeaderSize = 9;
constexpr unsigned kBitsPerByte = 7;
constexpr std::uint64_t kMore = 0x80;

}  // namespace

void Writer::number(std::uint64_t value) {
  for (; value >= kMore; value >>= kBitsPerByte)
    bytes_.push_back(static_cast<char>((value & (kMore - 1)) | kMore));
  bytes_.push_back(static_cast<char>(value));
}

void Writer::text(std::string_view text) {
  number(text.size());
  bytes_ += text;
}

std::uint64_t Reader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += kBitsPerByte) {
    if (bytes_.empty()) break;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    value |= (byte & (kMore - 1)) << shift;
    if (byte < kMore) return value;
  }
  is_good_ = false;
  return 0;
}

std::size_t Reader::count() {
  const auto value = number();
  if (value <= bytes_.size()) return value;
  is_good_ = false;
  return 0;
}

std::string_view Reader::text() {
  const auto size = count();
  const auto text = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return text;
}

std::string framed(std::uint8_t kind, std::string_view body) {
  std::string bytes{kMark};
  bytes.push_back(static_cast<char>(kind));
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(body.size() >> shift));
  bytes += body;
  return bytes;
}

std::optional<Message> MessageStream::next() {
  const auto mark = bytes_.find(kMark, begin_);
  if (mark == std::string::npos || bytes_.size() - mark < kHeaderSize) return std::nullopt;
  begin_ = mark;
  const auto byte = [this](std::size_t i) {
    return static_cast<unsigned char>(bytes_[begin_ + kMark.size() + i]);
  };
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::size_t{byte(1 + i)} << (8 * i);
  if (bytes_.size() - begin_ - kHeaderSize < size) return std::nullopt;
  Message message{byte(0), bytes_.substr(begin_ + kHeaderSize, size)};
  begin_ += kHeaderSize + size;
  if (begin_ == bytes_.size()) {
    bytes_.clear();
    begin_ = 0;
  }
  return message;
}

}  // namespace vmadiff::kernel
