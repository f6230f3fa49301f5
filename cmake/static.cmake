# Programs that are one file: linked with -static, of the rooms' own archives by file, since what these are linked
# with besides is shared.

# fmt's own functions: Debian has them in a shared library alone.
add_library(vmadiff_fmt_static STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt_static.cc)
target_compile_options(vmadiff_fmt_static PRIVATE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -O2 -fno-inline -fno-sanitize=all -ffunction-sections -fdata-sections
  # Destructors that are their bases' are there by name all the same.
  $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -mno-constructor-aliases>)

# vmadiff_link_statically(TARGET ROOM …)
function(vmadiff_link_statically target)
  vmadiff_targets(rooms ${ARGN})
  target_link_options(${target} PRIVATE -static -fuse-ld=lld-19 -s -Wl,--gc-sections -fno-sanitize=all)
  target_link_libraries(${target} PRIVATE -Wl,--start-group)
  foreach(room ${rooms})
    get_target_property(type ${room} TYPE)
    if(type STREQUAL INTERFACE_LIBRARY)
      continue()
    endif()
    target_link_libraries(${target} PRIVATE $<TARGET_FILE:${room}>)
    add_dependencies(${target} ${room})
  endforeach()
  target_link_libraries(${target} PRIVATE -Wl,--end-group vmadiff_fmt_static ${seccomp_STATIC_LIBRARIES})
endfunction()
