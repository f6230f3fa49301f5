# Lint targets. `tidy` runs clang-tidy once per source and remembers it with a stamp, so that a second
# run with nothing changed does nothing. clang-format is a test (tests/lint).
find_program(CLANG_TIDY clang-tidy-19)
function(vmadiff_add_tidy)
  if(NOT CLANG_TIDY)
    return()
  endif()
  # The rooms that are clean so far; docs/open.md has the others.
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} spec/*.cc model/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS
    spec/*.h model/*.h impl/*.h kernel/*.h properties/*.h fuzz/*.h reports/*.h cli/*.h)
  set(stamps)
  foreach(source ${sources})
    string(REPLACE "/" "_" stamp ${source})
    set(stamp ${CMAKE_BINARY_DIR}/tidy/${stamp}.stamp)
    add_custom_command(OUTPUT ${stamp}
      COMMAND ${CLANG_TIDY} -p ${CMAKE_BINARY_DIR} --quiet ${CMAKE_SOURCE_DIR}/${source}
      COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
      DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${headers} ${CMAKE_SOURCE_DIR}/.clang-tidy
      COMMENT "clang-tidy ${source}" VERBATIM)
    list(APPEND stamps ${stamp})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tidy)
  add_custom_target(tidy DEPENDS ${stamps})
endfunction()
