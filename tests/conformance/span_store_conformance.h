#pragma once

#include "base/clock.h"
#include "store/span_store.h"
#include "tests/conformance/span_engine.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

// The fixture of the span conformance suite: an engine, the oracle next to it, and blocking forms
// of the asynchronous calls. The tests are in span_store_conformance*.cpp.

namespace binnacle::conformance {

class SpanStoreConformance : public ::testing::TestWithParam<EngineKind> {
 protected:
  SpanStoreConformance();

  SpanStore& store() { return engine_->store(); }
  SpanStore& oracle() { return *oracle_; }

  /// Appends to the engine (and the oracle) and waits. The batch is made twice: it is move-only.
  template <typename Make>
  void append(Make make, const std::string& tenant = "default") {
    ASSERT_TRUE(append_to(store(), make(), tenant));
    ASSERT_TRUE(append_to(oracle(), make(), tenant));
    engine_->settle();
  }
  void remove(const std::vector<TraceId>& ids, const std::string& tenant = "default");
  void verdict(const std::vector<TraceVerdict>& verdicts, const std::string& tenant = "default");

  static Result<AppendResult> append_to(SpanStore& store, SpanBatch batch,
                                        const std::string& tenant = "default");
  static ReadContext reading(const std::string& tenant = "default") {
    return {.tenant = TenantId{tenant}, .cancel = {}, .budget = nullptr};
  }
  /// Every span of the cursor that satisfies its residual, as sorted lines.
  static Result<std::vector<std::string>> drain(SpanCursor& cursor);
  static std::vector<std::string> scanned(SpanStore& store, const Selection& selection,
                                          const std::string& tenant = "default");
  static std::vector<std::string> read(SpanStore& store, const std::vector<TraceId>& ids,
                                       const std::string& tenant = "default");

  ManualClock clock_{1'700'000'000'000'000'000, 1'000};
  std::unique_ptr<SpanEngine> engine_;
  std::unique_ptr<SpanStore> oracle_;
};

}  // namespace binnacle::conformance
