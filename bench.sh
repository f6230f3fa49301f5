#!/usr/bin/env bash
# ./bench.sh: sets up, builds, and measures the maple tree beside its peers, the kernel's own among them (bench/peers.h), in
# about a minute once all is built. Options go to Google Benchmark: ./bench.sh --benchmark_filter=iterate/
set -euo pipefail
cd "$(dirname "$0")"
scripts/setup --bench
# What came just now is seen where CMake looks for it again.
if grep -qs '^absl_DIR:PATH=absl_DIR-NOTFOUND' build/release/CMakeCache.txt; then cmake --preset release >/dev/null; fi
scripts/build release vmadiff_maple_tree_bench

# The kernel's tree: from its own sources, beside the build, and never committed.
release=linux-6.12
source=${XDG_CACHE_HOME:-$HOME/.cache}/vmadiff/sources/$release
peer=$PWD/build/release/bench/kernel_maple_tree.so
rm -f "$peer"
if [ ! -f "$source/lib/maple_tree.c" ]; then
  scripts/build release vmadiff
  said=$(build/release/vmadiff kernels fetch $release 2>&1) ||
    echo "bench: no sources of $release, so not beside the kernel's tree: ${said##*$'\n'}"
fi
if [ -f "$source/lib/maple_tree.c" ] && ! said=$(clang-19 -O2 -fPIC -shared -w -std=gnu11 -fno-strict-aliasing \
  -D_GNU_SOURCE -I. -Ibench/kernel_maple_tree/shim -I"$source/tools/testing/shared" -I"$source/tools/include" -I"$source" \
  -include generated/autoconf.h -o "$peer" bench/kernel_maple_tree/peer.c -Wl,-z,defs 2>&1); then
  echo "bench: $release's tree does not compile, so not beside it: ${said%%$'\n'*}"
fi
if [ -f "$peer" ]; then export VMADIFF_KERNEL_PEER=$peer; fi
exec build/release/bench/vmadiff_maple_tree_bench "$@"
