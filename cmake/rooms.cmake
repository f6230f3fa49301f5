# vmadiff_room(NAME SOURCES … [ALONE …] ROOMS … LIBRARIES … [APART])
#
# ALONE: sources that have a name in common with another, and so cannot be compiled as one with it (VMADIFF_UNITY).
# APART: all of them are compiled alone, since mutants are compiled by file.
# One room of the house: a folder without those below it, which are rooms of their own. Sources include
# headers as "room/file.h". The room sees its own headers and those of the ROOMS it names, through
# directories that hold only links to these: including any other room does not compile.
function(vmadiff_see target)
  foreach(room ${ARGN})
    string(REPLACE "/" "_" id ${room})
    set(view ${CMAKE_BINARY_DIR}/rooms/${id})
    file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/${room} ${CMAKE_SOURCE_DIR}/${room}/*.h)
    file(GLOB links RELATIVE ${view}/${room} ${view}/${room}/*.h)
    if(NOT headers STREQUAL links)
      file(REMOVE_RECURSE ${view})
      file(MAKE_DIRECTORY ${view}/${room})
      foreach(header ${headers})
        file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${room}/${header} ${view}/${room}/${header} SYMBOLIC)
      endforeach()
    endif()
    target_include_directories(${target} PRIVATE ${view})
  endforeach()
endfunction()

# The target of a room: vmadiff_kernel_host of kernel/host.
function(vmadiff_targets out)
  list(TRANSFORM ARGN PREPEND vmadiff_)
  string(REPLACE "/" "_" targets "${ARGN}")
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# What nearly all sources include, read once: of the libraries, and of spec, which all rooms but those below it see.
# A build with -DVMADIFF_PRECOMPILE=OFF reads every file by itself, and so shows a forgotten #include.
function(vmadiff_precompile target header)
  if(VMADIFF_PRECOMPILE AND NOT TARGET ${target})
    file(WRITE ${CMAKE_BINARY_DIR}/${target}.cc "")
    add_library(${target} STATIC ${CMAKE_BINARY_DIR}/${target}.cc)
    vmadiff_see(${target} spec)
    target_link_libraries(${target} PRIVATE vmadiff_options fmt::fmt ${ARGN})
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header})
  endif()
endfunction()

# With VMADIFF_UNITY the target's sources are compiled ten at a time, but for those named.
function(vmadiff_unite target)
  if(VMADIFF_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

function(vmadiff_room name)
  cmake_parse_arguments(ROOM "APART" "" "SOURCES;ALONE;ROOMS;LIBRARIES" ${ARGN})
  vmadiff_targets(room ${name})
  vmadiff_targets(seen ${ROOM_ROOMS})
  add_library(${room} STATIC ${ROOM_SOURCES})
  vmadiff_see(${room} ${name} ${ROOM_ROOMS})
  set_target_properties(${room} PROPERTIES VMADIFF_ROOMS "${ROOM_ROOMS}")
  if(NOT ROOM_APART)
    vmadiff_unite(${room} ${ROOM_ALONE})
  endif()
  # What calls are compared with, libFuzzer need not know: its mutator there changes sequences, not bytes. Calling it
  # at each comparison was a third of the time.
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND (VMADIFF_FUZZ OR VMADIFF_HARNESSES)
     AND name MATCHES "^(model|impl|properties(/.*)?)$")
    target_compile_options(${room} PRIVATE -fno-sanitize-coverage=trace-cmp)
  endif()
  target_link_libraries(${room} PRIVATE vmadiff_options PUBLIC ${seen} ${ROOM_LIBRARIES})
  vmadiff_precompile(vmadiff_precompiled precompiled.h)
  set(visible ${name} ${ROOM_ROOMS})
  if(TARGET vmadiff_precompiled AND "fmt::fmt" IN_LIST ROOM_LIBRARIES AND "spec" IN_LIST visible)
    target_precompile_headers(${room} REUSE_FROM vmadiff_precompiled)
  endif()
endfunction()

# vmadiff_test(NAME SOURCES … [ALONE …] ROOMS … LIBRARIES … [LABELS …] [SLOW])
# A GoogleTest executable whose cases become ctest tests named NAME.Suite.Case. Slow ones begin first, so that
# others run beside them.
function(vmadiff_test name)
  cmake_parse_arguments(TEST "SLOW" "" "SOURCES;ALONE;ROOMS;LIBRARIES;LABELS" ${ARGN})
  vmadiff_targets(seen ${TEST_ROOMS})
  add_executable(${name} ${TEST_SOURCES})
  vmadiff_unite(${name} ${TEST_ALONE})
  vmadiff_see(${name} ${TEST_ROOMS})
  target_link_libraries(${name} PRIVATE vmadiff_options GTest::gtest GTest::gtest_main ${seen} ${TEST_LIBRARIES})
  # What is tested is optimised; of what asks, half of all sources, that is worth less than it costs.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  vmadiff_precompile(vmadiff_test_precompiled precompiled_test.h GTest::gtest)
  if(TARGET vmadiff_test_precompiled AND "spec" IN_LIST TEST_ROOMS)
    target_compile_options(vmadiff_test_precompiled PRIVATE $<$<CONFIG:Release>:-O0>)
    target_precompile_headers(${name} REUSE_FROM vmadiff_test_precompiled)
  endif()
  target_compile_definitions(${name} PRIVATE
    VMADIFF_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VMADIFF_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set(cost 0)
  if(TEST_SLOW)
    set(cost 100)
  endif()
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${TEST_LABELS}" COST ${cost})
endfunction()
