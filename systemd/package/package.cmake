# SPDX-License-Identifier: Apache-2.0
# `cpack` in a build folder makes the Debian package of the release that it was built on: libraries have
# other names in another one, so the version names it. Two builds are the same byte for byte where
# SOURCE_DATE_EPOCH is (tests/package).
find_program(DPKG_ARCHITECTURE dpkg-architecture)
if(NOT DPKG_ARCHITECTURE OR NOT CMAKE_CXX_LIBRARY_ARCHITECTURE)
  return()  # not Debian, or without dpkg-dev
endif()
set(package_folder ${CMAKE_CURRENT_LIST_DIR})
set(package_made ${CMAKE_BINARY_DIR}/package)
file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
string(REGEX REPLACE "[^0-9]" "" release "${release}")
set(package_version ${PROJECT_VERSION}-1~deb${release})

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "Twinsky developers <developers@twinsky.example>")
set(CPACK_PACKAGE_DESCRIPTION_FILE ${package_folder}/description)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1~deb${release})
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, udev")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mosquitto")
execute_process(COMMAND ${DPKG_ARCHITECTURE} -t ${CMAKE_CXX_LIBRARY_ARCHITECTURE} -f -q DEB_HOST_ARCH
                OUTPUT_VARIABLE CPACK_DEBIAN_PACKAGE_ARCHITECTURE OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)

foreach(script preinst postinst)
  configure_file(${package_folder}/${script}.in ${package_made}/${script} @ONLY
                 FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${package_made}/preinst ${package_made}/postinst ${package_folder}/prerm
    ${package_folder}/postrm ${package_folder}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# What only a package has: its changelog, what it is made of, and which of lintian's wishes it does not grant.
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT ${package_made}/changelog CONTENT [[
twinsky (@package_version@) stable; urgency=medium

  * Built from the sources of @PROJECT_VERSION@; what changed stands in their history.

 -- @CPACK_PACKAGE_CONTACT@  @package_date@
]] @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${package_folder}/complete.cmake)
set(CPACK_TWINSKY_BUILD ${CMAKE_BINARY_DIR})
set(CPACK_TWINSKY_VERSION ${package_version})
set(CPACK_TWINSKY_PACKAGE ${package_folder})
include(CPack)
