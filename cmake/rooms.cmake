# vmadiff_room(NAME SOURCES … ROOMS … LIBRARIES … [APART] [COLD])
#
# COLD: not optimised, since nothing in it is done often and compiling it takes twice as long where it is.
# APART: in the presets that mutants are built in, release and fuzz, each source is compiled by itself.
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

# With VMADIFF_BATCH the target's sources are compiled so many at a time: no two have a name of their own in common.
function(vmadiff_unite target)
  if(VMADIFF_BATCH GREATER 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${VMADIFF_BATCH})
  endif()
endfunction()

function(vmadiff_room name)
  cmake_parse_arguments(ROOM "APART;COLD" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  vmadiff_targets(room ${name})
  vmadiff_targets(seen ${ROOM_ROOMS})
  add_library(${room} STATIC ${ROOM_SOURCES})
  vmadiff_see(${room} ${name} ${ROOM_ROOMS})
  set_target_properties(${room} PROPERTIES VMADIFF_ROOMS "${ROOM_ROOMS}")
  if(NOT (ROOM_APART AND (CMAKE_BUILD_TYPE STREQUAL "Release" OR VMADIFF_FUZZ)))
    vmadiff_unite(${room})
  endif()
  # What calls are compared with, libFuzzer need not know: its mutator there changes sequences, not bytes. Calling it
  # at each comparison was a third of the time. Nor which way a check or a codec goes: new is what is new to a system
  # under test, or a trace's text. Looking through the counters of all the rest was some 40 % of what was left.
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND (VMADIFF_FUZZ OR VMADIFF_HARNESSES))
    if(name MATCHES "^(model|impl)$")
      target_compile_options(${room} PRIVATE -fno-sanitize-coverage=trace-cmp)
    elseif(name MATCHES "^(fuzz|properties(/.*)?)$")
      target_compile_options(${room} PRIVATE
        -fno-sanitize-coverage=func,bb,edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table,stack-depth)
    endif()
  endif()
  target_link_libraries(${room} PRIVATE vmadiff_options PUBLIC ${seen} ${ROOM_LIBRARIES})
  vmadiff_precompile(vmadiff_precompiled precompiled.h)
  set(visible ${name} ${ROOM_ROOMS})
  if(ROOM_COLD AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${room} PRIVATE -O0) # what is precompiled is for optimised code
  elseif(TARGET vmadiff_precompiled AND "fmt::fmt" IN_LIST ROOM_LIBRARIES AND "spec" IN_LIST visible)
    target_precompile_headers(${room} REUSE_FROM vmadiff_precompiled)
  endif()
endfunction()

# vmadiff_test(NAME SOURCES … ROOMS … LIBRARIES … [LABELS …] [SLOW])
# A GoogleTest executable whose cases become ctest tests named NAME.Suite.Case. Slow ones begin first, so that
# others run beside them.
function(vmadiff_test name)
  cmake_parse_arguments(TEST "SLOW" "" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  vmadiff_targets(seen ${TEST_ROOMS})
  add_executable(${name} ${TEST_SOURCES})
  vmadiff_unite(${name})
  vmadiff_see(${name} ${TEST_ROOMS})
  target_link_libraries(${name} PRIVATE vmadiff_options GTest::gtest GTest::gtest_main ${seen} ${TEST_LIBRARIES})
  # What is tested is optimised; of what asks, half of all sources, that is worth less than it costs.
  target_compile_options(${name} PRIVATE -O0)
  vmadiff_precompile(vmadiff_test_precompiled precompiled_test.h GTest::gtest)
  if(TARGET vmadiff_test_precompiled AND "spec" IN_LIST TEST_ROOMS)
    target_compile_options(vmadiff_test_precompiled PRIVATE -O0)
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
