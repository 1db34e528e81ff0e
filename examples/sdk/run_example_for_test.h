#pragma once

#include <spawn.h>

#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

// Test support: runs an example program as a user would, as a process of its own whose environment
// is what the test says and nothing else. SDK_EXAMPLES names the folder of the programs.

namespace binnacle::examples {

/// Runs the program to its end with OTLP over HTTP as its backend, and with `variables`
/// ("NAME=value") beside that. Its exit code; -1 if it could not be started or was killed.
inline int run_example(const std::string& name, std::vector<std::string> variables) {
  const std::string program = std::string(SDK_EXAMPLES) + "/" + name;
  for (const char* always :
       {"PATH=/usr/bin:/bin", "APM_BACKEND=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"}) {
    variables.emplace_back(always);
  }
  variables.push_back("OTEL_SERVICE_NAME=" + name);
  // The sanitizers' options have to reach the example.
  for (const char* keep : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(keep)) {
      variables.push_back(std::string(keep) + "=" + value);
    }
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environment.data()) != 0) {
    return -1;
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace binnacle::examples
