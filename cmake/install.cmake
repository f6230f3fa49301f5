# What `cmake --install` and CPack's Debian package bring (docs/packages.md).
include(GNUInstallDirs)

# The manual page and the completions are what the program says of itself.
set(said ${CMAKE_BINARY_DIR}/said)
set(of_itself "")
foreach(row "vmadiff.1:manual" "vmadiff:completions bash" "_vmadiff:completions zsh" "vmadiff.fish:completions fish")
  string(REPLACE ":" ";" row ${row})
  list(GET row 0 file)
  list(GET row 1 words)
  add_custom_command(OUTPUT ${said}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${said}
    COMMAND sh -c "\"$1\" ${words} >\"$2\"" sh $<TARGET_FILE:vmadiff> ${said}/${file}
    DEPENDS vmadiff VERBATIM)
  list(APPEND of_itself ${said}/${file})
endforeach()
add_custom_target(vmadiff_said ALL DEPENDS ${of_itself})

install(TARGETS vmadiff)
install(FILES ${said}/vmadiff.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${said}/vmadiff DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${said}/_vmadiff DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${said}/vmadiff.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY corpus DESTINATION ${CMAKE_INSTALL_DATADIR}/vmadiff)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vmadiff)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The vmadiff authors <vmadiff@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Kernels in virtual machines, their sources, programs that are recorded: all else works without.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "qemu-system-x86, e2fsprogs, xz-utils, zstd, cpio, debian-archive-keyring")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "strace, make, gcc, flex, bison, bc, binutils, perl, libelf-dev")
include(CPack)
