#pragma once

#include <string>

// Starts the demo's processes, tells each where the others are, and ends them together.

namespace arbitrage {

struct LaunchOptions {
  std::string program;  ///< this executable
  std::string texts;
  std::string state;  ///< folder for the ledger
  int tasks = 0;      ///< 0: until stopped
  double tasks_per_second = 0.5;
};

/// Returns when the task runner is done or SIGINT / SIGTERM came: the task runner's exit status.
int launch(const LaunchOptions& options);

}  // namespace arbitrage
