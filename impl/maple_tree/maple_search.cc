// impl: what happens, fast? This file: the forms of a search in a maple tree, and which one is
// used.
#include "impl/maple_tree/maple_search.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

namespace vmadiff::impl {
namespace {

using Key = std::uint64_t;
constexpr Key kKeyMax = ~Key{0};

#if defined(__x86_64__)

namespace avx512 {

#define VMADIFF_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,bmi,bmi2,popcnt")))
constexpr const char* kName = "AVX-512";

/// Bit i: keys[i] < key.
VMADIFF_TARGET inline std::uint32_t below_mask(const Key* keys, Key key) {
  const __m512i wanted = _mm512_set1_epi64(static_cast<long long>(key));
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < kMapleSlots; i += 8) {
    const std::uint32_t below = _mm512_cmplt_epu64_mask(_mm512_loadu_si512(keys + i), wanted);
    mask |= below << i;
  }
  return mask;
}
VMADIFF_TARGET unsigned count_below(const Key* keys, Key key) {
  return static_cast<unsigned>(__builtin_popcount(below_mask(keys, key)));
}

#include "impl/maple_tree/maple_search_forms.h"
#undef VMADIFF_TARGET

}  // namespace avx512

namespace avx2 {

#define VMADIFF_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
constexpr const char* kName = "AVX2";

/// Keys have no sign, comparisons have: both are moved by half of all keys.
VMADIFF_TARGET inline std::uint32_t below_mask(const Key* keys, Key key) {
  const __m256i half = _mm256_set1_epi64x(std::numeric_limits<long long>::min());
  const __m256i wanted = _mm256_xor_si256(_mm256_set1_epi64x(static_cast<long long>(key)), half);
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < kMapleSlots; i += 4) {
    const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + i));
    const __m256i below = _mm256_cmpgt_epi64(wanted, _mm256_xor_si256(four, half));
    mask |= static_cast<std::uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(below))) << i;
  }
  return mask;
}
VMADIFF_TARGET unsigned count_below(const Key* keys, Key key) {
  return static_cast<unsigned>(__builtin_popcount(below_mask(keys, key)));
}

#include "impl/maple_tree/maple_search_forms.h"
#undef VMADIFF_TARGET

}  // namespace avx2

#endif

namespace portable {

#define VMADIFF_TARGET
constexpr const char* kName = "portable";

inline std::uint32_t below_mask(const Key* keys, Key key) {
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < kMapleSlots; ++i) mask |= (keys[i] < key ? 1U : 0U) << i;
  return mask;
}
unsigned count_below(const Key* keys, Key key) {
  unsigned below = 0;
  for (unsigned half = kMapleSlots / 2; half > 0; half /= 2) {
    below += half * static_cast<unsigned>(keys[below + half - 1] < key);
  }
  return below + static_cast<unsigned>(keys[below] < key);
}

#include "impl/maple_tree/maple_search_forms.h"
#undef VMADIFF_TARGET

}  // namespace portable

#if defined(__x86_64__)

constexpr std::array kForms{avx512::kForm, avx2::kForm, portable::kForm};

std::size_t first_that_runs() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("bmi2")) {
    return 0;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? 1 : 2;
}

#else

constexpr std::array kForms{portable::kForm};

std::size_t first_that_runs() { return 0; }

#endif

/// Before main() begins, trees work with the last form, which runs everywhere.
[[maybe_unused]] const bool is_chosen = [] {
  maple_search = &kForms[first_that_runs()];
  return true;
}();

}  // namespace

constinit const MapleSearch* maple_search = &kForms.back();

std::span<const MapleSearch> maple_searches() {
  return std::span{kForms}.subspan(first_that_runs());
}

}  // namespace vmadiff::impl
