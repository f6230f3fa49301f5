// model: memory protection keys. A process has sixteen; key 0 is everybody's. Which of them are
// taken is the address space's; what each lets its memory do is the thread's (PKRU), of which there
// is one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "spec/flags.h"
#include "spec/syscall.h"

namespace vmadiff::model {

class Pkeys {
 public:
  /// As after execve: key 0 alone is taken, and the others allow no access. `present`: the machine
  /// has keys.
  explicit Pkeys(bool present = false);

  /// Takes the lowest free key; none where all are taken.
  [[nodiscard]] std::optional<std::int32_t> take(std::uint64_t rights);
  /// Whether a program may name the key: one that it was given, or 0.
  [[nodiscard]] bool is_given(std::int32_t key) const;
  void give_back(std::int32_t key) { is_taken_[static_cast<std::size_t>(key)] = false; }

  /// The key of memory that can be executed alone, taken where there is none yet; none where it
  /// cannot be had. No program can name it.
  [[nodiscard]] std::optional<std::int32_t> for_execution();
  [[nodiscard]] bool is_for_execution(std::int32_t key) const { return key == for_execution_; }

  /// Whether memory with these flags can be read or written, as far as its key goes.
  [[nodiscard]] bool allow(spec::VmFlags flags, spec::Access access) const;

  [[nodiscard]] bool are_there() const { return present_; }

 private:
  bool present_ = false;
  std::array<bool, spec::kPkeyCount> is_taken_{};
  std::array<std::uint64_t, spec::kPkeyCount> rights_{};  ///< PKEY_DISABLE_*
  std::optional<std::int32_t> for_execution_;
};

}  // namespace vmadiff::model
