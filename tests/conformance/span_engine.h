#pragma once

#include "base/clock.h"
#include "store/span_store.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>

// What the span conformance suite needs of an engine. Each engine's file makes EngineKinds and
// instantiates the suite with them:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, SpanStoreConformance, ::testing::Values(kind), kind_name);

namespace binnacle::conformance {

/// One running engine. `store()` may be another object after settle(): do not keep the reference.
class SpanEngine {
 public:
  SpanEngine() = default;
  SpanEngine(const SpanEngine&) = delete;
  SpanEngine& operator=(const SpanEngine&) = delete;
  virtual ~SpanEngine() = default;
  virtual SpanStore& store() = 0;
  /// Called after every completed append: the place to flush, merge or reopen.
  virtual void settle() {}
  /// A store opened on what snapshot_to() wrote, or null if the engine has no snapshots.
  virtual std::unique_ptr<SpanEngine> open_snapshot(const std::string& directory) {
    static_cast<void>(directory);
    return nullptr;
  }
};

struct EngineKind {
  std::string name;
  std::function<std::unique_ptr<SpanEngine>(const Clock&)> open;
  bool has_snapshots = false;
};
inline void PrintTo(const EngineKind& kind, std::ostream* out) { *out << kind.name; }

}  // namespace binnacle::conformance
