// spec: the name of a VMA (PR_SET_VMA_ANON_NAME), as a call gives it and as a VMA has it. Each text
// is kept once, for as long as the program runs, so that a name is copied and compared as a number
// is. What a kernel takes for a name is not known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace vmadiff::spec {

/// The longest name that a kernel takes, bytes (ANON_VMA_NAME_MAX_LEN has its end besides).
inline constexpr std::size_t kVmaNameLengthMax = 79;
/// The longest text that a call can hold: too long is too long.
inline constexpr std::size_t kVmaNameTextMax = 127;

class VmaName {
 public:
  /// None: as a call's argument NULL. Not the empty name.
  constexpr VmaName() = default;
  /// Requires at most kVmaNameTextMax bytes, none of them zero.
  [[nodiscard]] static VmaName of(std::string_view text);
  /// A call's argument that points to where nothing can be read.
  [[nodiscard]] static VmaName unreadable();
  /// Of a VMA that has one or none: /proc shows something else in its place.
  [[nodiscard]] static VmaName unseen();

  [[nodiscard]] constexpr bool is_none() const { return text_ == nullptr; }
  [[nodiscard]] bool is_unreadable() const;
  [[nodiscard]] bool is_unseen() const;
  /// Empty where there is none to be read.
  [[nodiscard]] std::string_view text() const;
  /// A number for the text, the same in every run.
  [[nodiscard]] std::uint64_t digest() const;

  friend constexpr bool operator==(const VmaName&, const VmaName&) = default;

 private:
  explicit constexpr VmaName(const std::string* text) : text_(text) {}
  const std::string* text_ = nullptr;
};

/// Whether the two are the same, as far as they are seen.
[[nodiscard]] bool may_be_same(VmaName a, VmaName b);

/// As trace text and C write it: NULL, "a name", a pointer that cannot be read. Bytes that are not
/// printable are octal.
[[nodiscard]] std::string argument_text(VmaName name);

/// The bytes of a string as strace and C write it, without its quotes; else what is wrong with it.
[[nodiscard]] std::expected<VmaName, std::string> name_of_literal(std::string_view literal);

}  // namespace vmadiff::spec
