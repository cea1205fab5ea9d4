# What is installed where, and the Debian packages: `cpack -G DEB` in the build directory. The module for video is a
# package of its own, framebroker-ffmpeg: its libraries are ten times the rest.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME framebroker)

set(installed_configuration ${CMAKE_INSTALL_FULL_SYSCONFDIR}/framebroker/framebroker.json)
set(installed_data ${CMAKE_INSTALL_FULL_DATADIR}/framebroker)
set(generated ${CMAKE_BINARY_DIR}/deploy)

set(CPACK_PACKAGE_NAME framebroker)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# Its libraries are those of one release, which the version names: 1.0.0-1~debian12.
cmake_host_system_information(RESULT distribution QUERY DISTRIB_INFO)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1~${distribution_ID}${distribution_VERSION_ID})
if(CMAKE_CROSSCOMPILING)
    execute_process(COMMAND dpkg-architecture --host-type ${CMAKE_LIBRARY_ARCHITECTURE} --query DEB_HOST_ARCH
        OUTPUT_VARIABLE CPACK_DEBIAN_PACKAGE_ARCHITECTURE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "framebroker maintainers <maintainers@framebroker.invalid>")

# ---- The program, with the paths of an installation ----
set(installed_modules ${CMAKE_INSTALL_FULL_LIBDIR}/framebroker/${PROJECT_VERSION})
add_program(framebroker_installed ${installed_configuration} ${installed_data}/demo.json ${installed_modules})
set_target_properties(framebroker_installed PROPERTIES OUTPUT_NAME framebroker RUNTIME_OUTPUT_DIRECTORY ${generated})

# ---- Generated files ----
function(compress source name)
    add_custom_command(OUTPUT ${generated}/${name}.gz DEPENDS ${source}
        COMMAND gzip -9nc ${source} > ${generated}/${name}.gz VERBATIM)
    set_property(TARGET deploy_files APPEND PROPERTY SOURCES ${generated}/${name}.gz)
endfunction()

add_custom_target(deploy_files ALL)
configure_file(config/deploy/debian/changelog.in ${generated}/changelog @ONLY)
compress(${generated}/changelog changelog.Debian)
compress(${CMAKE_SOURCE_DIR}/CHANGELOG.md changelog)
compress(${CMAKE_SOURCE_DIR}/config/deploy/framebroker.1 framebroker.1)
compress(${CMAKE_SOURCE_DIR}/config/deploy/framebroker.json.5 framebroker.json.5)

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS config/deploy/framebroker.service)
file(READ config/deploy/framebroker.service service)
string(REPLACE /usr/bin/framebroker ${CMAKE_INSTALL_FULL_BINDIR}/framebroker service "${service}")
string(REPLACE /etc/framebroker/framebroker.json ${installed_configuration} service "${service}")
file(GENERATE OUTPUT ${generated}/framebroker.service CONTENT "${service}")

# ---- Places ----
install(TARGETS framebroker_installed RUNTIME DESTINATION ${CMAKE_INSTALL_FULL_BINDIR})
install(TARGETS curl nats LIBRARY DESTINATION ${installed_modules})
install(FILES config/deploy/framebroker.json DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/framebroker
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES config/deploy/framebroker.default DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/default RENAME framebroker
    PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES ${generated}/framebroker.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
# The demonstration of an installation records nothing: it has no place for it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS config/demo.json)
file(READ config/demo.json demonstration)
string(JSON demonstration REMOVE "${demonstration}" recording)
string(JSON demo_cameras LENGTH "${demonstration}" cameras)
math(EXPR demo_last "${demo_cameras} - 1")
foreach(place RANGE ${demo_last})
    string(JSON demonstration REMOVE "${demonstration}" cameras ${place} record)
endforeach()
file(GENERATE OUTPUT ${generated}/demo.json CONTENT "${demonstration}\n")
install(FILES config/framebroker.schema.json ${generated}/demo.json DESTINATION ${installed_data})
install(FILES config/demo/1.jpg config/demo/2.jpg config/demo/3.jpg DESTINATION ${installed_data}/demo)
install(FILES config/deploy/framebroker.bash DESTINATION ${CMAKE_INSTALL_FULL_DATADIR}/bash-completion/completions
    RENAME framebroker)
install(FILES ${generated}/framebroker.1.gz DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man1)
install(FILES ${generated}/framebroker.json.5.gz DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man5)
install(FILES config/deploy/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_FULL_DATADIR}/lintian/overrides
    RENAME framebroker)
file(GLOB examples CONFIGURE_DEPENDS config/deploy/nginx* config/deploy/prometheus* config/deploy/grafana*
    config/deploy/[Cc]ontainer* config/deploy/nats*)
install(FILES ${examples} DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR}/examples)
install(FILES README.md SECURITY.md config/deploy/debian/copyright ${generated}/changelog.gz
    ${generated}/changelog.Debian.gz DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR})
if(FRAMEBROKER_FFMPEG)
    install(TARGETS ffmpeg LIBRARY DESTINATION ${installed_modules} COMPONENT ffmpeg)
    install(FILES config/deploy/debian/copyright ${generated}/changelog.gz ${generated}/changelog.Debian.gz
        DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR}-ffmpeg COMPONENT ffmpeg)
endif()

# ---- The packages ----
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL framebroker)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_FRAMEBROKER_PACKAGE_NAME framebroker)
set(CPACK_DEBIAN_FRAMEBROKER_DESCRIPTION [[publishes the pictures of many cameras to many viewers
It takes JPEG pictures from any number of cameras and publishes them over HTTP:
as MJPEG streams, as snapshots, as a page that shows all cameras over one
connection, and as a JSON status for monitoring. A hundred viewers of a camera
cost little more than one, and a slow one delays no other.]])
set(CPACK_DEBIAN_FRAMEBROKER_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_FRAMEBROKER_PACKAGE_RECOMMENDS ca-certificates) # hooks and network cameras with TLS
set(CPACK_DEBIAN_FRAMEBROKER_PACKAGE_SUGGESTS "framebroker-ffmpeg, nats-server")
file(WRITE ${generated}/conffiles "${installed_configuration}\n${CMAKE_INSTALL_FULL_SYSCONFDIR}/default/framebroker\n")
set(CPACK_DEBIAN_FRAMEBROKER_PACKAGE_CONTROL_EXTRA ${generated}/conffiles
    ${CMAKE_SOURCE_DIR}/config/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/config/deploy/debian/prerm
    ${CMAKE_SOURCE_DIR}/config/deploy/debian/postrm)

if(FRAMEBROKER_FFMPEG)
    list(APPEND CPACK_COMPONENTS_ALL ffmpeg)
    set(CPACK_DEBIAN_FFMPEG_PACKAGE_NAME framebroker-ffmpeg)
    set(CPACK_DEBIAN_FFMPEG_DESCRIPTION [[video for framebroker: RTSP, H.264, files and more
It lets framebroker read whatever FFmpeg's libraries open: cameras that speak
RTSP, RTMP or HLS, programs that write H.264 or MPEG-TS, and video files. JPEG
from devices, programs and network cameras takes framebroker alone.]])
    set(CPACK_DEBIAN_FFMPEG_PACKAGE_DEPENDS
        "framebroker (= ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
endif()
include(CPack)
