# Flags that hold for every target of ours. Third-party headers are system headers.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(BINNACLE_CCACHE ccache)
  mark_as_advanced(BINNACLE_CCACHE)
  if(BINNACLE_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${BINNACLE_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${BINNACLE_CCACHE})
  endif()
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wconversion)
if(NOT BINNACLE_SDK_ONLY)  # who packages the SDK may have a compiler with more opinions than ours
  add_compile_options(-Werror)
endif()
add_compile_options(-fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_link_options(-Wl,--as-needed)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports overlapping copies inside its own std::string::operator+ (bug 105651).
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  if(BINNACLE_SANITIZE)
    # Instrumentation hides initialisation from the flow analysis; the release build still checks.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
else()
  # -Wconversion means the same with both compilers: GCC leaves sign conversions out. And clang blames
  # us for what libstdc++ 12 uses inside std::stable_sort.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety> -Wno-sign-conversion
                      -Wno-deprecated-declarations)
endif()

if(BINNACLE_SANITIZE)
  add_compile_options(-fsanitize=${BINNACLE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BINNACLE_SANITIZE})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
else()
  add_compile_options(-fstack-protector-strong)
  add_compile_definitions($<$<CONFIG:RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
if(BINNACLE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
