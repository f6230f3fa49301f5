// fuzz: can bytes find a counterexample? This file: sequences as bytes and back. Knows spec only.
//
// Decoding is total: every byte string is a sequence of calls that every system can run, together
// with a kernel profile. An input is one of two things, told apart by its first byte:
//
//   02 …       binary, the format below
//   the rest   trace text (spec/trace_text.h). Lines that do not parse are left out, so corpus/ and
//              a reproducer can be given to a fuzzer as they are. A comment line
//              `# profile: NAME` chooses the profile; without it, the default one.
//
// Binary, version 2. All numbers are little-endian. `02`, one byte for the profile (its index in
// spec::profiles(), modulo their number), then calls until the bytes end. A call that the end cuts
// off is dropped, and so is one with an argument that is not modelled yet. A call is one byte, its
// index in spec::Syscall modulo the number of calls, and its arguments in the order of its struct.
// A byte f0-ff before it names the process, 0-15; without it, 0.
//
//   address    00-7f          page 0-127 of the arena (places.h)
//              80-9f          page 0-31 of the heap
//              a0-bf          a place where a rule changes (kPlaces), modulo their number
//              c0-cf lo hi    page 0-65535 of the arena
//              d0-df p lo hi  byte (hi lo modulo 4096) of arena page p
//              e0-ef n        huge page n of the arena
//              f0-f7 lo hi    that many pages below the top of the mmap area
//              f8-ff 8 bytes  the value itself
//   length,    00-7f          0-127 pages
//   offset     80-bf lo hi    0-65535 pages
//              c0-df p lo hi  p pages and (hi lo modulo 4096) bytes
//              e0-ef          1-16 huge pages
//              f0-ff 8 bytes  the value itself
//   prot       00-df          its low four bits: read, write, exec, sem
//              e0-ef          PROT_GROWSDOWN and its low three bits
//              f0-f7          PROT_GROWSUP and its low three bits
//              f8-ff 8 bytes  the value itself
//   map flags  one byte       bits 0-1 private, shared, shared-validate, droppable; 2 anonymous;
//                             3-4 no place, fixed, fixed-noreplace; 5 noreserve; 6 stack; 7 sync
//              18 set, 8 bytes: the value itself, less what is not modelled (bits 3-4 both set)
//   file       one byte       modulo 37: 0 none, else 1 + 4 * class + number
//   choice     00-df          one of the named values, modulo their number (-1 where none is)
//              e0-ff 8 bytes  the value itself
//   bits       00-df          bit i, 0-5: the i-th flag that has a name
//              e0-ff 8 bytes  the value itself
//   number     00-bf          0-95, twice
//              c0-df          1, 4, 16, … 4^31
//              e0-ef          all bits
//              f0-ff 8 bytes  the value itself
//   optional   00-6f, 70-df   0, 1
//   number     e0-ff 8 bytes  the value itself
//   unused     00-ef          0
//              f0-ff 8 bytes  the value itself
//   access     one byte       bit 0: read, write
//   name       one byte       one of a table (codec_fields.cc), modulo its size: none, some that a
//                             kernel takes, some that it refuses
//
// What encode() writes is the shortest of these forms. Asserted results are not kept, and a name
// that the table has not becomes another one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/kernel_profile.h"
#include "spec/sequence.h"

namespace vmadiff::fuzz {

inline constexpr std::uint8_t kCodecVersion = 2;
/// Calls in one input: what is behind them is not read.
inline constexpr std::size_t kStepsMax = 256;

struct Input {
  std::size_t profile = 0;  ///< index in spec::profiles()
  spec::Sequence sequence;
  friend bool operator==(const Input&, const Input&) = default;

  [[nodiscard]] const spec::KernelProfile& kernel_profile() const {
    return spec::profiles()[profile];
  }
};

[[nodiscard]] Input decode(std::span<const std::uint8_t> bytes);

/// The binary form; never more than `size_max` bytes: calls that do not fit, or lie behind
/// kStepsMax, are left out from the end. Without that, decode(encode(input)) == input, for calls
/// that are modelled, files that an mmap can name, processes 0-15 and no asserted results.
[[nodiscard]] std::vector<std::uint8_t> encode(const Input& input,
                                               std::size_t size_max = ~std::size_t{0});

}  // namespace vmadiff::fuzz
