#pragma once

#include "sdk/destination.h"

#include <cstdint>
#include <span>

// What is not swept out of the recording threads' memory but collected at intervals: metrics.
// Added to a pipeline before it starts; called on its export thread only.

namespace binnacle::sdk {

class SignalSource {
 public:
  SignalSource() = default;
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;
  virtual ~SignalSource() = default;

  virtual Signal signal() const noexcept = 0;
  /// Time between collections; asked after each of them.
  virtual std::int64_t interval_ns() const noexcept = 0;
  /// Encodes what there is, for each destination in its format(), and enqueues it there. Also
  /// called on every flush and at the end. `destinations` all take the signal and are never none.
  virtual void collect(std::span<Destination* const> destinations) = 0;
};

}  // namespace binnacle::sdk
