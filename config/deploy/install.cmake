# What is installed where, and the Debian package of it: `cpack -G DEB` in the folder of the build.
include(GNUInstallDirs)

set(installed_configuration ${CMAKE_INSTALL_FULL_SYSCONFDIR}/framebroker/framebroker.json)
set(installed_data ${CMAKE_INSTALL_FULL_DATADIR}/framebroker)
set(generated ${CMAKE_BINARY_DIR}/deploy)

set(CPACK_PACKAGE_NAME framebroker)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "framebroker maintainers <maintainers@framebroker.invalid>")

# ---- The program, as it is when it is installed ----
add_program(framebroker_installed ${installed_configuration} ${installed_data}/demo.json)
set_target_properties(framebroker_installed PROPERTIES OUTPUT_NAME framebroker RUNTIME_OUTPUT_DIRECTORY ${generated})

# ---- Files made of others ----
function(compress source name)
    add_custom_command(OUTPUT ${generated}/${name}.gz DEPENDS ${source}
        COMMAND gzip -9nc ${source} > ${generated}/${name}.gz VERBATIM)
    set_property(TARGET deploy_files APPEND PROPERTY SOURCES ${generated}/${name}.gz)
endfunction()

add_custom_target(deploy_files ALL)
configure_file(config/deploy/debian/changelog.in ${generated}/changelog @ONLY)
compress(${generated}/changelog changelog.Debian)
compress(${CMAKE_SOURCE_DIR}/config/deploy/framebroker.1 framebroker.1)
compress(${CMAKE_SOURCE_DIR}/config/deploy/framebroker.json.5 framebroker.json.5)

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS config/deploy/framebroker.service)
file(READ config/deploy/framebroker.service service)
string(REPLACE /usr/bin/framebroker ${CMAKE_INSTALL_FULL_BINDIR}/framebroker service "${service}")
string(REPLACE /etc/framebroker/framebroker.json ${installed_configuration} service "${service}")
file(GENERATE OUTPUT ${generated}/framebroker.service CONTENT "${service}")

# ---- Places ----
install(TARGETS framebroker_installed RUNTIME DESTINATION ${CMAKE_INSTALL_FULL_BINDIR})
install(FILES config/deploy/framebroker.json DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/framebroker)
install(FILES config/deploy/framebroker.default DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default RENAME framebroker
    PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES ${generated}/framebroker.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
install(FILES config/framebroker.schema.json config/demo.json DESTINATION ${installed_data})
install(FILES config/demo/1.jpg config/demo/2.jpg config/demo/3.jpg DESTINATION ${installed_data}/demo)
install(FILES config/deploy/framebroker.bash DESTINATION ${CMAKE_INSTALL_FULL_DATADIR}/bash-completion/completions
    RENAME framebroker)
install(FILES ${generated}/framebroker.1.gz DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man1)
install(FILES ${generated}/framebroker.json.5.gz DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man5)
install(FILES config/deploy/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_FULL_DATADIR}/lintian/overrides
    RENAME framebroker)
file(GLOB examples CONFIGURE_DEPENDS config/deploy/nginx* config/deploy/prometheus* config/deploy/grafana*)
install(FILES ${examples} DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR}/examples)
install(FILES README.md config/deploy/debian/copyright ${generated}/changelog.Debian.gz
    DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR})

# ---- The package ----
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "hands the pictures of many cameras to many viewers")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION [[
It takes JPEG pictures from any number of cameras and publishes them over HTTP:
as MJPEG streams, as snapshots, as a page that shows all cameras over one
connection, and as a JSON status for monitoring. A hundred viewers of a camera
cost little more than one, and a slow one delays nobody.]])
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${generated}/conffiles "${installed_configuration}\n${CMAKE_INSTALL_FULL_SYSCONFDIR}/default/framebroker\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${generated}/conffiles ${CMAKE_SOURCE_DIR}/config/deploy/debian/postinst
    ${CMAKE_SOURCE_DIR}/config/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/config/deploy/debian/postrm)
include(CPack)
