// fuzz: can bytes find a counterexample? This file: the addresses that short codes and mutations
// reach for. Knows the canonical set-up (spec::Setup::standard), no system.
#pragma once

#include <array>

#include "spec/units.h"

namespace vmadiff::fuzz {

/// Where sequences make their mappings; far from everything of the standard set-up. Bytes.
inline constexpr spec::Address kArenaStart = 0x100000000000;
/// start_brk of the standard set-up (a test holds them together). Bytes.
inline constexpr spec::Address kHeapStart = 0x20020000;
/// mmap_base of the standard set-up: hint-less mappings grow down from here. Bytes.
inline constexpr spec::Address kMmapTop = 0x7ffff7fff000;

/// Addresses where a rule changes: null, mmap_min_addr, TASK_SIZE, the canonical hole, the last
/// page, and their neighbours. The order is part of the byte codec: append only, at most 32.
inline constexpr std::array<spec::Address, 18> kPlaces{
    0,
    1,
    0xfff,
    0x1000,
    0x2000,
    0x10000,
    0x7fffffffe000,
    0x7ffffffff000,
    0x800000000000,
    0x7fffffffffff,
    0xffff800000000000,
    0x8000000000000000,
    0xffffffffffe00000,
    0xfffffffffffff000,
    0xffffffffffffffff,
    0xfffffffffffff001,
    0x7fffffdff000,
    0xffffffff,
};

}  // namespace vmadiff::fuzz
