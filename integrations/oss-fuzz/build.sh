#!/bin/bash -eu
# integrations/oss-fuzz: builds the three harnesses as OSS-Fuzz and ClusterFuzzLite ask for it: with CC, CXX, CFLAGS,
# CXXFLAGS and LIB_FUZZING_ENGINE, from $SRC, in $WORK, into $OUT; seeds, dictionary and options stand beside each.
# Where $SRC/fmt and $SRC/rapidcheck are there they are built with the same flags (their C++ library has to be the
# harnesses'), else those of the system are taken.
: "${CC:?}" "${CXX:?}" "${SRC:?}" "${OUT:?}" "${WORK:?}" "${LIB_FUZZING_ENGINE:?}"
source=${VMADIFF_SOURCE:-$SRC/vmadiff}
fuzzers=(fuzz_differential fuzz_maple_tree fuzz_trace)
common=(-G Ninja -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_FLAGS="${CFLAGS-}"
  -DCMAKE_CXX_FLAGS="${CXXFLAGS-}" -DCMAKE_BUILD_TYPE=None)

export CMAKE_PREFIX_PATH="$WORK/installed"
for library in fmt rapidcheck; do
  [ -d "$SRC/$library" ] || continue
  cmake -S "$SRC/$library" -B "$WORK/$library" "${common[@]}" -DCMAKE_INSTALL_PREFIX="$WORK/installed" \
    -DFMT_TEST=OFF -DFMT_DOC=OFF -DBUILD_SHARED_LIBS=OFF
  cmake --build "$WORK/$library" --target install
done

cmake -S "$source" -B "$WORK/vmadiff" "${common[@]}" -DVMADIFF_HARNESSES=ON -DVMADIFF_BATCH=10 \
  -DVMADIFF_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/vmadiff" --target "${fuzzers[@]}"

# All three take traces as they are.
seeds=$WORK/seeds
rm -rf "$seeds"
mkdir -p "$seeds"
for trace in "$source"/corpus/{seeds,regressions,history}/*.trace; do
  # Two folders can have one of the same name.
  cp "$trace" "$seeds/$(basename "$(dirname "$trace")")-$(basename "$trace")"
done
for fuzzer in "${fuzzers[@]}"; do
  cp "$WORK/vmadiff/fuzz/$fuzzer" "$OUT/"
  (cd "$seeds" && rm -f "$OUT/${fuzzer}_seed_corpus.zip" && zip -q "$OUT/${fuzzer}_seed_corpus.zip" -- *.trace)
  printf '[libfuzzer]\nmax_len = 600\ntimeout = 30\n' >"$OUT/$fuzzer.options"
done
# What the bytes of the tree's operations mean no dictionary knows.
for fuzzer in fuzz_differential fuzz_trace; do
  cp "$source/fuzz/trace.dict" "$OUT/$fuzzer.dict"
  echo "dict = $fuzzer.dict" >>"$OUT/$fuzzer.options"
done
