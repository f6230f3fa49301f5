// spec: what a call gave back.
#pragma once

#include <cstdint>
#include <string>

#include "spec/errno.h"

namespace vmadiff::spec {

/// A value, or an errno (or a touch's signal), or the death of the process that ran the call.
class Outcome {
 public:
  constexpr Outcome() = default;
  [[nodiscard]] static constexpr Outcome ok(std::uint64_t value = 0) {
    return Outcome{Kind::kValue, value};
  }
  [[nodiscard]] static constexpr Outcome fail(Errno e) {
    return Outcome{Kind::kError, static_cast<std::uint64_t>(e)};
  }
  /// The system's process died while it ran this call: always a finding.
  [[nodiscard]] static constexpr Outcome died() { return Outcome{Kind::kDied, 0}; }

  [[nodiscard]] constexpr bool is_ok() const { return kind_ == Kind::kValue; }
  [[nodiscard]] constexpr bool is_error() const { return kind_ == Kind::kError; }
  [[nodiscard]] constexpr bool is_death() const { return kind_ == Kind::kDied; }
  /// Requires is_ok().
  [[nodiscard]] constexpr std::uint64_t value() const { return payload_; }
  /// Requires is_error().
  [[nodiscard]] constexpr Errno error() const { return static_cast<Errno>(payload_); }
  friend constexpr bool operator==(const Outcome&, const Outcome&) = default;

 private:
  enum class Kind : std::uint8_t { kValue, kError, kDied };
  constexpr Outcome(Kind kind, std::uint64_t payload) : kind_(kind), payload_(payload) {}
  Kind kind_ = Kind::kValue;
  std::uint64_t payload_ = 0;
};

/// "0", "0x7ffff7ffd000", "-1 ENOMEM", "-1 ERRNO_3730" (strace's way for an errno without a name),
/// "died".
[[nodiscard]] std::string text(const Outcome& outcome);

}  // namespace vmadiff::spec
