#pragma once

#include "base/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

// One line on stderr that is rewritten while long work runs; nothing when stderr is no terminal.
// Thread-confined.

namespace binnacle::app {

class Progress {
 public:
  Progress(const Clock& clock, bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Clears the line.
  ~Progress();

  /// Shows `text` if the last line is old enough; cheap to call often.
  void show(std::string_view text);

 private:
  const Clock& clock_;
  bool is_shown_;
  bool has_line_ = false;
  std::int64_t last_steady_ns_ = 0;
};

}  // namespace binnacle::app
