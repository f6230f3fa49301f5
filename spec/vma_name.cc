// spec: names, each kept once.
#include "spec/vma_name.h"

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <unordered_set>

namespace vmadiff::spec {
namespace {

// No call can give these two texts: both have a zero byte.
const std::string& unreadable_text() {
  static const std::string kText{"\0r", 2};
  return kText;
}
const std::string& unseen_text() {
  static const std::string kText{"\0s", 2};
  return kText;
}

constexpr std::string_view kUnreadablePointer = "0xffffffffffffffff";

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// Its nodes stay where they are.
class Texts {
 public:
  const std::string* kept(std::string_view text) {
    const std::scoped_lock lock{mutex_};
    auto at = texts_.find(text);
    if (at == texts_.end()) at = texts_.emplace(text).first;
    return &*at;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
};

constexpr bool is_octal(char c) { return c >= '0' && c <= '7'; }

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The byte that stands behind a backslash, which is taken off; -1 where there is none.
int take_escaped(std::string_view& rest) {
  if (rest.empty()) return -1;
  const char first = rest.front();
  rest.remove_prefix(1);
  constexpr std::string_view kLetters = "abtnvfr";  // 7 to 13
  if (const auto at = kLetters.find(first); at != std::string_view::npos) {
    return 7 + static_cast<int>(at);
  }
  if (first == '\\' || first == '"' || first == '\'') return first;
  int value = 0;
  std::size_t digits = 0;
  if (first == 'x') {
    while (digits < 2 && !rest.empty() && hex_digit(rest.front()) >= 0) {
      value = value * 16 + hex_digit(rest.front());
      rest.remove_prefix(1);
      ++digits;
    }
    return digits == 0 ? -1 : value;
  }
  if (!is_octal(first)) return -1;
  value = first - '0';
  while (digits < 2 && !rest.empty() && is_octal(rest.front())) {
    value = value * 8 + (rest.front() - '0');
    rest.remove_prefix(1);
    ++digits;
  }
  return value > 0xff ? -1 : value;
}

}  // namespace

VmaName VmaName::of(std::string_view text) {
  static Texts texts;
  return VmaName{texts.kept(text)};
}

VmaName VmaName::unreadable() { return VmaName{&unreadable_text()}; }
VmaName VmaName::unseen() { return VmaName{&unseen_text()}; }

bool VmaName::is_unreadable() const { return text_ == &unreadable_text(); }
bool VmaName::is_unseen() const { return text_ == &unseen_text(); }

std::string_view VmaName::text() const {
  return is_none() || is_unreadable() || is_unseen() ? std::string_view{} : *text_;
}

std::uint64_t VmaName::digest() const { return is_none() ? 0 : Hash{}(*text_) | 1; }

bool may_be_same(VmaName a, VmaName b) { return a == b || a.is_unseen() || b.is_unseen(); }

std::string argument_text(VmaName name) {
  if (name.is_none()) return "NULL";
  if (name.is_unreadable()) return std::string{kUnreadablePointer};
  std::string out{'"'};
  for (const char c : name.text()) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::expected<VmaName, std::string> name_of_literal(std::string_view literal) {
  std::string text;
  while (!literal.empty()) {
    int byte = static_cast<unsigned char>(literal.front());
    literal.remove_prefix(1);
    if (byte == '\\') byte = take_escaped(literal);
    if (byte < 0) return std::unexpected("a backslash stands before what it cannot stand before");
    if (byte == 0) return std::unexpected("a name ends at its first zero byte");
    text += static_cast<char>(byte);
  }
  if (text.size() > kVmaNameTextMax) {
    return std::unexpected(
        fmt::format("a name of {} bytes: at most {} are kept", text.size(), kVmaNameTextMax));
  }
  return VmaName::of(text);
}

}  // namespace vmadiff::spec
