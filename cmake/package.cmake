# The SDK as other people get it: libbinnacle.so and libbinnacle.a, each made from the SDK's internal
# targets and complete in itself, the headers, and what find_package(binnacle) and pkg-config read.
#
#   cmake --install build/release --component sdk --prefix /opt/binnacle
#   cmake --build build/release --target uninstall

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The number in the SONAME: raised when a program built against an older header may break.
set(BINNACLE_ABI 0)

# All static libraries of ours that the targets link, directly or not, without themselves.
function(_binnacle_closure targets out)
  set(found "${targets}")
  set(queue "${targets}")
  set(archives "")
  while(queue)
    list(POP_FRONT queue next)
    foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(links ${next} ${property})
      foreach(link IN LISTS links)
        if(NOT TARGET "${link}" OR NOT link MATCHES "^binnacle(::|_)")
          continue()
        endif()
        get_target_property(real ${link} ALIASED_TARGET)
        if(NOT real)
          set(real ${link})
        endif()
        if(real IN_LIST found)
          continue()
        endif()
        list(APPEND found ${real})
        list(APPEND queue ${real})
        get_target_property(type ${real} TYPE)
        if(type STREQUAL "STATIC_LIBRARY")
          list(APPEND archives ${real})
        endif()
      endforeach()
    endforeach()
  endwhile()
  set(${out} "${archives}" PARENT_SCOPE)
endfunction()

# What is in src/sdk and below goes in whole, since the API is defined all over it; of what it stands
# on, what is used.
get_property(sdk_targets GLOBAL PROPERTY BINNACLE_SDK_TARGETS)
_binnacle_closure("${sdk_targets}" foundations)
set(sdk_objects "")
foreach(target IN LISTS sdk_targets)
  list(APPEND sdk_objects $<TARGET_OBJECTS:${target}>)
endforeach()
set(foundation_objects "")
foreach(target IN LISTS foundations)
  list(APPEND foundation_objects $<TARGET_OBJECTS:${target}>)
endforeach()

set(exports ${CMAKE_SOURCE_DIR}/src/sdk/exports.map)
add_library(binnacle_shared SHARED ${sdk_objects})
set_target_properties(binnacle_shared PROPERTIES
  OUTPUT_NAME binnacle VERSION ${PROJECT_VERSION} SOVERSION ${BINNACLE_ABI} EXPORT_NAME shared
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib LINK_DEPENDS ${exports})
# nodelete: recording threads and the export thread may be inside the library for as long as the
# process lives, so dlclose() of whoever brought it in must leave it where it is.
target_link_options(binnacle_shared PRIVATE
  LINKER:--version-script=${exports} LINKER:-Bsymbolic LINKER:-z,nodelete LINKER:-z,relro
  LINKER:-z,now)
if(NOT BINNACLE_SANITIZE)
  target_link_options(binnacle_shared PRIVATE LINKER:-z,defs)
endif()
target_link_libraries(binnacle_shared PRIVATE
  ${foundations} external::libcurl external::zlib Threads::Threads)

add_library(binnacle_static STATIC ${sdk_objects} ${foundation_objects})
set_target_properties(binnacle_static PROPERTIES
  OUTPUT_NAME binnacle EXPORT_NAME static ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

foreach(library IN ITEMS binnacle_shared binnacle_static)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${library} INTERFACE cxx_std_17)
endforeach()
# What the archive needs, and what keeps a plug-in that contains it safe: nodelete as above, and its
# symbols stay the plug-in's own, lest two plug-ins with different versions meet. The config file
# finds the imported targets.
target_link_libraries(binnacle_static INTERFACE
  $<INSTALL_INTERFACE:CURL::libcurl> $<INSTALL_INTERFACE:ZLIB::ZLIB>
  $<INSTALL_INTERFACE:Threads::Threads>)
target_link_options(binnacle_static INTERFACE
  $<INSTALL_INTERFACE:LINKER:-z,nodelete> $<INSTALL_INTERFACE:LINKER:--exclude-libs,libbinnacle.a>)

add_custom_target(binnacle_package ALL DEPENDS binnacle_shared binnacle_static)

# ---- install ------------------------------------------------------------------------------------

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/binnacle DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT sdk FILES_MATCHING PATTERN "*.h")
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/binnacle)
foreach(kind IN ITEMS shared static)
  install(TARGETS binnacle_${kind} EXPORT binnacle-${kind}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
  install(EXPORT binnacle-${kind} NAMESPACE binnacle:: DESTINATION ${package_folder} COMPONENT sdk)
endforeach()
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/binnacle-config.cmake.in
  ${CMAKE_BINARY_DIR}/package/binnacle-config.cmake INSTALL_DESTINATION ${package_folder})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/binnacle-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/binnacle-config.cmake
              ${CMAKE_BINARY_DIR}/package/binnacle-config-version.cmake
        DESTINATION ${package_folder} COMPONENT sdk)
# The prefix follows from where the .pc file lies, so that the tree can be moved.
file(RELATIVE_PATH BINNACLE_PC_TO_PREFIX
     /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" BINNACLE_PC_TO_PREFIX "${BINNACLE_PC_TO_PREFIX}")
configure_file(${CMAKE_SOURCE_DIR}/cmake/binnacle.pc.in ${CMAKE_BINARY_DIR}/package/binnacle.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/binnacle.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT sdk)

add_custom_target(uninstall
  COMMAND ${CMAKE_COMMAND} -DBUILD_FOLDER=${CMAKE_BINARY_DIR} -P ${CMAKE_SOURCE_DIR}/cmake/uninstall.cmake
  VERBATIM)
