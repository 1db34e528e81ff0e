#include "store/memory/memory_span_store.h"
#include "tests/conformance/span_store_conformance.h"

// The oracle against itself: keeps the suite honest about what it asks of an engine.

namespace binnacle::conformance {
namespace {

class MemoryEngine final : public SpanEngine {
 public:
  explicit MemoryEngine(const Clock& clock) : store_(make_memory_span_store(clock)) {}
  SpanStore& store() override { return *store_; }

 private:
  std::unique_ptr<SpanStore> store_;
};

INSTANTIATE_TEST_SUITE_P(
    Memory, SpanStoreConformance,
    ::testing::Values(EngineKind{
        "Memory", [](const Clock& clock) { return std::make_unique<MemoryEngine>(clock); }}),
    [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace binnacle::conformance
