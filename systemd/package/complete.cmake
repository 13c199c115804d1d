# SPDX-License-Identifier: Apache-2.0
# Adds to the installed files what only a package has; cpack runs it before it packs them.
set(documents ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/twinsky)
execute_process(COMMAND gzip -9nc ${CPACK_TWINSKY_BUILD}/package/changelog
                OUTPUT_FILE ${documents}/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CPACK_TWINSKY_PACKAGE}/materials ${CPACK_TWINSKY_BUILD} ${CPACK_TWINSKY_VERSION}
                        ${CPACK_DEBIAN_PACKAGE_ARCHITECTURE}
                OUTPUT_FILE ${documents}/sbom.cdx.json COMMAND_ERROR_IS_FATAL ANY)
