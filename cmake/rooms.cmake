# vmadiff_room(NAME SOURCES … ROOMS … LIBRARIES …)
#
# One room of the house. Sources include headers as "room/file.h". The room sees its own headers and
# those of the ROOMS it names, through a directory that holds only links to these: including any
# other room does not compile.
function(vmadiff_see target)
  foreach(room ${ARGN})
    set(view ${CMAKE_BINARY_DIR}/rooms/${room})
    file(MAKE_DIRECTORY ${view})
    if(NOT EXISTS ${view}/${room})
      file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${room} ${view}/${room} SYMBOLIC)
    endif()
    target_include_directories(${target} PRIVATE ${view})
  endforeach()
endfunction()

function(vmadiff_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(vmadiff_${name} STATIC ${ROOM_SOURCES})
  vmadiff_see(vmadiff_${name} ${name} ${ROOM_ROOMS})
  set_target_properties(vmadiff_${name} PROPERTIES VMADIFF_ROOMS "${ROOM_ROOMS}")
  target_link_libraries(vmadiff_${name} PRIVATE vmadiff_options)
  foreach(room ${ROOM_ROOMS})
    target_link_libraries(vmadiff_${name} PUBLIC vmadiff_${room})
  endforeach()
  target_link_libraries(vmadiff_${name} PUBLIC ${ROOM_LIBRARIES})
endfunction()

# vmadiff_test(NAME SOURCES … ROOMS … LIBRARIES … [LABELS …])
# A GoogleTest executable whose cases become ctest tests named NAME.Suite.Case.
function(vmadiff_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  vmadiff_see(${name} ${TEST_ROOMS})
  target_link_libraries(${name} PRIVATE vmadiff_options GTest::gtest GTest::gtest_main)
  foreach(room ${TEST_ROOMS})
    target_link_libraries(${name} PRIVATE vmadiff_${room})
  endforeach()
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES})
  target_compile_definitions(${name} PRIVATE
    VMADIFF_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VMADIFF_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${TEST_LABELS}")
endfunction()
