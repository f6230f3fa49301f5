#!/bin/bash -eu
# integrations/clusterfuzzlite: .clusterfuzzlite/build.sh: as OSS-Fuzz.
exec "${VMADIFF_SOURCE:-$SRC/vmadiff}/integrations/oss-fuzz/build.sh"
