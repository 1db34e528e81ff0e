#include "sdk/http_server_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The SDK as a package: installed, moved elsewhere, found by CMake and by pkg-config, linked shared
// and static, loaded and unloaded as part of plug-ins. What the shared library needs and shows.

namespace binnacle::install {
namespace {

namespace fs = std::filesystem;

struct Output {
  int status = -1;
  std::string text;
};

/// Runs a shell command; stdout and stderr together.
Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char bytes[4096];
  for (std::size_t n = 0; (n = fread(bytes, 1, sizeof bytes, pipe)) > 0;) {
    output.text.append(bytes, n);
  }
  output.status = pclose(pipe);
  return output;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Installed once for all tests, then moved: nothing may remember where it was.
class InstallTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // CMake's own choice, make, need not be there where this was built.
    setenv("CMAKE_GENERATOR", "Ninja", 1);
    char name[] = "/tmp/binnacle_install_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    const Output installed = run(std::string(CMAKE_PROGRAM) + " --install " + BUILD_FOLDER +
                                 " --component sdk --prefix " + folder_ + "/first");
    ASSERT_EQ(installed.status, 0) << installed.text;
    fs::rename(folder_ + "/first", folder_ + "/moved");
    const Output configured =
        run(std::string(CMAKE_PROGRAM) + " -S " + SOURCE_FOLDER + "/tests/install/consumer -B " +
            folder_ + "/build -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=" + CXX_PROGRAM +
            " -DCMAKE_PREFIX_PATH=" + prefix());
    ASSERT_EQ(configured.status, 0) << configured.text;
    const Output built = run(std::string(CMAKE_PROGRAM) + " --build " + folder_ + "/build");
    ASSERT_EQ(built.status, 0) << built.text;
  }
  static void TearDownTestSuite() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static std::string prefix() { return folder_ + "/moved"; }
  static std::string built(const std::string& name) { return folder_ + "/build/" + name; }
  /// The one folder of the prefix with the libraries: lib, lib64, lib/x86_64-linux-gnu.
  static std::string library_folder() {
    for (const auto& entry : fs::recursive_directory_iterator(prefix())) {
      if (entry.path().filename() == SHARED_SONAME) return entry.path().parent_path();
    }
    return "";
  }
  /// Environment that sends spans to `server`.
  static std::string sending_to(const sdk::HttpServerForTest& server) {
    return "env OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + server.url() +
           " OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_TRACES_SAMPLER=always_on"
           " APM_BACKEND=otlp ";
  }
  static void expect_records(const std::string& command) {
    sdk::HttpServerForTest server;
    const Output output = run(sending_to(server) + command);
    EXPECT_EQ(output.status, 0) << output.text;
    EXPECT_EQ(output.text, "recorded 2\n");
    EXPECT_FALSE(server.requests().empty());
  }

  static std::string folder_;
};
std::string InstallTest::folder_;

TEST_F(InstallTest, ProgramsFoundByCMakeRecord) {
  expect_records(built("app_shared"));
  expect_records(built("app_static"));
  expect_records(built("app_default"));
}

/// The first block of a page that is fenced as `language`.
std::string block_of(const std::string& page, const std::string& language) {
  std::ifstream file(std::string(SOURCE_FOLDER) + "/" + page);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string fence = "\n```" + language + "\n";
  const std::size_t begin = text.find(fence);
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + fence.size();
  return text.substr(from, text.find("\n```\n", from) + 1 - from);
}

// docs/guide/first_trace.md, followed to the letter: its files, its commands, what it says comes
// out.
TEST_F(InstallTest, TheGuidesProgramDoesWhatTheGuideSays) {
  constexpr const char* kPage = "docs/guide/first_trace.md";
  const std::string app = folder_ + "/bidder";
  fs::create_directory(app);
  std::ofstream(app + "/bidder.cpp") << block_of(kPage, "cpp");
  std::ofstream(app + "/CMakeLists.txt") << block_of(kPage, "cmake");
  const std::string cmake = CMAKE_PROGRAM;
  const Output built =
      run("cd " + app + " && " + cmake + " -B build -DCMAKE_CXX_COMPILER=" + CXX_PROGRAM +
          " -DCMAKE_PREFIX_PATH=" + prefix() + " && " + cmake + " --build build");
  ASSERT_EQ(built.status, 0) << built.text;
  sdk::HttpServerForTest server;
  const Output output = run(
      "env OTEL_SERVICE_NAME=bidder OTEL_METRICS_EXPORTER=none JAEGER_ENDPOINT=" + server.url() +
      " " + app + "/build/bidder");
  EXPECT_EQ(output.status, 0);
  EXPECT_NE(output.text.find("ten bids, delivered\n"), std::string::npos) << output.text;
  std::string sent;
  for (const auto& request : server.requests()) sent += request.head + request.body;
  EXPECT_NE(sent.find("jaeger.thrift"), std::string::npos);  // the default backend
  for (const char* text : {"bidder", "place bid", "price offer", "no price for this offer"}) {
    EXPECT_NE(sent.find(text), std::string::npos) << text;
  }
  const auto times = [&](const std::string& name) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = sent.find(name, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(times("place bid"), 10U);
  EXPECT_EQ(times("price offer"), 10U);
}

TEST_F(InstallTest, TheSharedAndTheStaticProgramDifferInWhatTheyLoad) {
  const auto needs_sdk = [](const std::string& program) {
    return run("readelf -d " + program).text.find(SHARED_SONAME) != std::string::npos;
  };
  EXPECT_TRUE(needs_sdk(built("app_shared")));
  EXPECT_FALSE(needs_sdk(built("app_static")));
  EXPECT_TRUE(needs_sdk(built("app_default")));
}

TEST_F(InstallTest, PkgConfigLinksTheSharedLibrary) {
  const std::string pkg_config = "PKG_CONFIG_PATH=" + library_folder() + "/pkgconfig pkg-config ";
  const std::string program = folder_ + "/by_pkg_config";
  const Output compiled = run(std::string(CXX_PROGRAM) + " -std=c++17 " + SOURCE_FOLDER +
                              "/tests/install/consumer/app.cpp -o " + program + " $(" + pkg_config +
                              "--cflags --libs binnacle)");
  ASSERT_EQ(compiled.status, 0) << compiled.text;
  expect_records("LD_LIBRARY_PATH=" + library_folder() + " " + program);
}

TEST_F(InstallTest, PkgConfigLinksTheStaticLibrary) {
  const std::string pkg_config = "PKG_CONFIG_PATH=" + library_folder() + "/pkgconfig pkg-config ";
  const std::string program = folder_ + "/by_pkg_config_static";
  const Output compiled = run(std::string(CXX_PROGRAM) + " -std=c++17 " + SOURCE_FOLDER +
                              "/tests/install/consumer/app.cpp -o " + program + " $(" + pkg_config +
                              "--cflags binnacle) -Wl,--as-needed -Wl,-Bstatic $(" + pkg_config +
                              "--libs-only-L --libs-only-l binnacle) -Wl,-Bdynamic $(" +
                              pkg_config + "--static --libs binnacle)");
  ASSERT_EQ(compiled.status, 0) << compiled.text;
  EXPECT_EQ(run("readelf -d " + program).text.find(SHARED_SONAME), std::string::npos);
  expect_records(program);
}

TEST_F(InstallTest, PlugInsOfOneProcessShareOneSdk) {
  sdk::HttpServerForTest server;
  const Output output = run(sending_to(server) + built("host") + " share " + built("libfirst.so") +
                            " " + built("libsecond.so"));
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_EQ(output.text, "one SDK\n");
  EXPECT_TRUE(server.wait_for_requests(1));  // flushed at exit
}

TEST_F(InstallTest, PlugInsMayBeUnloadedWhileThreadsThatRecordedLiveOn) {
  sdk::HttpServerForTest server;
  const Output output = run(sending_to(server) + built("host") + " unload " + built("libfirst.so") +
                            " " + built("libsecond.so"));
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_EQ(output.text, "unloaded\n");
  EXPECT_TRUE(server.wait_for_requests(1));
}

TEST_F(InstallTest, APlugInThatContainsTheStaticLibraryMayBeUnloaded) {
  sdk::HttpServerForTest server;
  const Output output =
      run(sending_to(server) + built("host") + " unload " + built("libcontained.so"));
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_EQ(output.text, "unloaded\n");
  EXPECT_TRUE(server.wait_for_requests(1));
}

TEST_F(InstallTest, APlugInKeepsTheStaticLibrarysSymbolsToItself) {
  const Output symbols = run("nm -DC --defined-only " + built("libcontained.so"));
  ASSERT_EQ(symbols.status, 0) << symbols.text;
  for (const std::string& line : lines_of(symbols.text)) {
    EXPECT_EQ(line.find(" T binnacle::"), std::string::npos) << line;
  }
}

/// All installed public headers as one text.
std::string header_text(const std::string& prefix) {
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(prefix + "/include/binnacle")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path());
    text.append(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

/// The last name of a symbol: "binnacle::v1::Config::from_environment[abi:cxx11]()" ->
/// "from_environment".
std::string last_name(std::string symbol) {
  symbol = symbol.substr(0, symbol.find('('));
  symbol = symbol.substr(0, symbol.find('['));
  symbol = symbol.substr(0, symbol.find('<'));
  symbol = symbol.substr(0, symbol.find('@'));  // the symbol's version
  symbol = symbol.substr(symbol.rfind(':') + 1);
  return symbol.substr(symbol.find('~') + 1);
}

TEST_F(InstallTest, TheSharedLibraryShowsOurNamespaceAlone) {
  const Output symbols = run(std::string("nm -D --defined-only ") + SHARED_LIBRARY);
  ASSERT_EQ(symbols.status, 0) << symbols.text;
  const std::vector<std::string> ours = {"_ZN8binnacle2v1", "_ZNK8binnacle2v1", "_ZTVN8binnacle2v1",
                                         "_ZTIN8binnacle2v1", "_ZTSN8binnacle2v1"};
  for (const std::string& line : lines_of(symbols.text)) {
    ASSERT_GT(line.size(), 19U) << line;
    if (line[17] == 'A') continue;  // the version's own name
    EXPECT_TRUE(std::any_of(ours.begin(), ours.end(), [&](const std::string& prefix) {
      return line.compare(19, prefix.size(), prefix) == 0;
    })) << line;
  }
}

TEST_F(InstallTest, TheSharedLibraryShowsNothingThatNoHeaderDeclares) {
  const Output symbols = run(std::string("nm -DC --defined-only ") + SHARED_LIBRARY);
  ASSERT_EQ(symbols.status, 0) << symbols.text;
  const std::string headers = header_text(prefix());
  std::size_t functions = 0;
  for (const std::string& line : lines_of(symbols.text)) {
    // A template's result comes before its name.
    const std::size_t at = line.find(" binnacle::v1::", 18);
    if (at == std::string::npos || line.find(" for binnacle::v1::") != std::string::npos) continue;
    const std::string name = line.substr(at + 1);
    EXPECT_NE(headers.find(last_name(name)), std::string::npos) << line << " is no API";
    functions += name.starts_with("binnacle::v1::init_observability") ? 1 : 0;
  }
  EXPECT_EQ(functions, 2U);  // from the environment, and with a Config
}

TEST_F(InstallTest, TheSharedLibraryHasAllOfTheApiThatTheStaticOneHas) {
  const std::string headers = header_text(prefix());
  std::set<std::string> shown;
  const Output shared = run(std::string("nm -DC --defined-only ") + SHARED_LIBRARY);
  for (const std::string& line : lines_of(shared.text)) {
    if (line.size() > 19) shown.insert(line.substr(19, line.find('@') - 19));
  }
  const Output archive = run(std::string("nm -C --defined-only ") + STATIC_LIBRARY);
  ASSERT_EQ(archive.status, 0) << archive.text;
  std::size_t functions = 0;
  for (const std::string& line : lines_of(archive.text)) {
    if (line.find(" T binnacle::v1::") != 16) continue;
    const std::string name = line.substr(19);
    if (headers.find(last_name(name)) == std::string::npos) continue;
    if (name.find("binnacle::sdk::") != std::string::npos) continue;  // takes what no user has
    EXPECT_TRUE(shown.contains(name)) << name;
    ++functions;
  }
  EXPECT_GT(functions, 20U);
}

TEST_F(InstallTest, TheSharedLibraryNeedsLittleAndStaysLoaded) {
  const Output dynamic = run(std::string("readelf -dW ") + SHARED_LIBRARY);
  ASSERT_EQ(dynamic.status, 0) << dynamic.text;
  const std::set<std::string> allowed = {
      "libcurl", "libz", "libssl",     "libcrypto",       "libstdc++",       "libgcc_s",
      "libc",    "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"};
  std::string soname;
  bool is_kept = false;
  for (const std::string& line : lines_of(dynamic.text)) {
    is_kept = is_kept || line.find("NODELETE") != std::string::npos;
    const std::size_t open = line.find('[');
    if (open == std::string::npos) continue;
    const std::string value = line.substr(open + 1, line.find(']') - open - 1);
    if (line.find("(SONAME)") != std::string::npos) soname = value;
    if (line.find("(NEEDED)") != std::string::npos) {
      EXPECT_TRUE(allowed.contains(value.substr(0, value.find(".so")))) << value;
    }
    EXPECT_EQ(line.find("RUNPATH"), std::string::npos) << line;
  }
  EXPECT_EQ(soname, SHARED_SONAME);
  EXPECT_TRUE(soname.starts_with("libbinnacle.so.")) << soname;
  EXPECT_TRUE(is_kept);
}

// Initial-exec TLS of a library that dlopen() brings in comes out of the loader's small reserve
// (glibc: 512 bytes by default for all such libraries together, and what is left of 144 for
// others).
TEST_F(InstallTest, TheSharedLibraryTakesLittleOfTheLoadersReserveOfTls) {
  const Output segments = run(std::string("readelf -lW ") + SHARED_LIBRARY);
  ASSERT_EQ(segments.status, 0) << segments.text;
  for (const std::string& line : lines_of(segments.text)) {
    std::istringstream fields(line);
    std::string type;
    std::string offset;
    std::string address;
    std::string physical;
    std::string in_file;
    std::string in_memory;
    fields >> type >> offset >> address >> physical >> in_file >> in_memory;
    if (type != "TLS") continue;
    EXPECT_LE(std::stoul(in_memory, nullptr, 16), 64U) << line;
  }
}

TEST_F(InstallTest, CanBeUninstalled) {
  const std::string prefix = folder_ + "/second";
  const std::string build = folder_ + "/manifest";
  fs::create_directory(build);
  const Output installed = run(std::string(CMAKE_PROGRAM) + " --install " + BUILD_FOLDER +
                               " --component sdk --prefix " + prefix);
  ASSERT_EQ(installed.status, 0) << installed.text;
  fs::copy(std::string(BUILD_FOLDER) + "/install_manifest_sdk.txt", build);
  const Output removed = run(std::string(CMAKE_PROGRAM) + " -DBUILD_FOLDER=" + build + " -P " +
                             SOURCE_FOLDER + "/cmake/uninstall.cmake");
  EXPECT_EQ(removed.status, 0) << removed.text;
  for (const auto& entry : fs::recursive_directory_iterator(prefix)) {
    EXPECT_TRUE(entry.is_directory()) << entry.path();
    EXPECT_NE(entry.path().filename(), "binnacle") << entry.path();
  }
}

TEST_F(InstallTest, TheSdkAloneIsConfiguredWithoutTheServersLibraries) {
  const std::string build = folder_ + "/sdk_only";
  const Output configured =
      run(std::string(CMAKE_PROGRAM) + " -S " + SOURCE_FOLDER + " -B " + build +
          " -DBINNACLE_SDK_ONLY=ON -DCMAKE_BUILD_TYPE=Release"
          " -DCMAKE_CXX_COMPILER=" +
          CXX_PROGRAM);
  ASSERT_EQ(configured.status, 0) << configured.text;
  // What was looked for is in the cache, found or not.
  std::ifstream cache(build + "/CMakeCache.txt");
  std::size_t looked_for = 0;
  for (std::string line; std::getline(cache, line);) {
    if (!line.starts_with("BINNACLE_") || line.find("_INCLUDE_DIR:") == std::string::npos) continue;
    ++looked_for;
    const std::string name = line.substr(9, line.find("_INCLUDE_DIR") - 9);
    EXPECT_TRUE(name == "libcurl" || name == "zlib" || name == "openssl") << line;
  }
  EXPECT_GE(looked_for, 2U);
}

}  // namespace
}  // namespace binnacle::install
