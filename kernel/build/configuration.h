// kernel/build: what a kernel is configured to be: the smallest that vmadiff can drive well, and
// what somebody wants besides. And what a tree made of it.
#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::kernel {

/// "CONFIG_KSM=y"; where it is not to be set, the value is "n".
struct Wish {
  std::string symbol;  ///< "KSM"
  std::string value;
  bool operator==(const Wish&) const = default;
};

/// As it stands in a configuration.
[[nodiscard]] std::string line_of(const Wish& wish);

/// The lines of a configuration, or a part of one. The error has the line's number, and what was
/// expected there.
[[nodiscard]] std::expected<std::vector<Wish>, std::string> wishes_in(std::string_view text);

struct Flavour {
  bool debug = false;  ///< the tree's own checks of its VMAs, its maple trees and its locks
  bool kasan = false;
};

/// "-debug-kasan"; empty where it is neither.
[[nodiscard]] std::string suffix_of(Flavour flavour);

/// Ours. What is not in it is not in the kernel.
[[nodiscard]] std::vector<Wish> wishes_of(Flavour flavour);

/// Those that a whole configuration does not have.
[[nodiscard]] std::vector<Wish> not_granted(std::span<const Wish> wishes,
                                            std::string_view configuration);

/// One of ours that is no loss, since the release has the same under another name.
[[nodiscard]] bool is_had_otherwise(const Wish& wish, std::string_view configuration);

/// Whether some Kconfig file of the tree has the symbol.
[[nodiscard]] bool knows_symbol(const std::filesystem::path& tree, std::string_view symbol);

}  // namespace vmadiff::kernel
