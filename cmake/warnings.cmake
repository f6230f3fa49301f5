# Warnings are errors in our own code; sanitizers and coverage, where asked for, are on in all of it but the agent
# and the guest.
add_library(vmadiff_options INTERFACE)
target_compile_options(vmadiff_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(NOT VMADIFF_HARNESSES) # with whatever compiler somebody else has
  target_compile_options(vmadiff_options INTERFACE -Werror)
endif()
if(VMADIFF_BATCH GREATER 1 AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # To g++ what a source has for itself is everybody's where another file includes it.
  target_compile_options(vmadiff_options INTERFACE -Wno-subobject-linkage)
endif()
if(VMADIFF_SANITIZE)
  target_compile_options(vmadiff_options INTERFACE
    -fsanitize=${VMADIFF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vmadiff_options INTERFACE -fsanitize=${VMADIFF_SANITIZE})
endif()
if(VMADIFF_FUZZ)
  # Coverage of every room for libFuzzer, without its main.
  target_compile_options(vmadiff_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(vmadiff_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(VMADIFF_COVERAGE)
  set(coverage_flags -fprofile-instr-generate -fcoverage-mapping -fprofile-update=atomic)
  target_compile_options(vmadiff_options INTERFACE ${coverage_flags})
  target_link_options(vmadiff_options INTERFACE ${coverage_flags})
endif()
