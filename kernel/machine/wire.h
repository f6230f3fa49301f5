// kernel: bytes between two machines: numbers are LEB128 (small ones are short), text has its
// length in front, a message its kind and size. Reading is total: what is cut short or too long
// gives zeros and marks the reader as failed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vmadiff::kernel {

class Writer {
 public:
  void number(std::uint64_t value);
  void flag(bool value) { number(value ? 1 : 0); }
  void text(std::string_view text);
  /// What was written; the writer is empty afterwards.
  [[nodiscard]] std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number();
  /// A number that a list's length may be: each element takes a byte or more.
  std::size_t count();
  bool flag() { return number() != 0; }
  std::string_view text();
  /// Whether all that was asked for was there.
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  std::string_view bytes_;
  bool is_good_ = true;
};

struct Message {
  std::uint8_t kind = 0;
  std::string body;
};

/// The message as it goes over the wire.
[[nodiscard]] std::string framed(std::uint8_t kind, std::string_view body);

/// Puts messages together from what arrives. What stands before the first message (a terminal's
/// echo, a boot loader's greeting) is passed over.
class MessageStream {
 public:
  void add(std::string_view bytes) { bytes_ += bytes; }
  /// The next message that is whole.
  [[nodiscard]] std::optional<Message> next();

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace vmadiff::kernel
