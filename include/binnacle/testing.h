#pragma once

#include <binnacle/extension.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// For users' tests: an exporter that keeps finished spans as plain values. C++17.
//
//   auto exported = std::make_shared<binnacle::testing::InMemoryExporter>();
//   binnacle::Config config;
//   config.exporters.clear();                   // nowhere else
//   config.span_exporters = {exported};
//   binnacle::init_observability(config);
//   run_the_code();
//   binnacle::force_flush();
//   const auto span = exported->find("charge card");
//   ASSERT_TRUE(span);
//   EXPECT_EQ(span->text("payment.provider"), "stripe");
//   EXPECT_EQ(span->integer("payment.amount"), 1299);

namespace binnacle {
inline namespace v1 {
namespace testing {

/// A finished span. A value: it outlives the exporter.
struct FinishedSpan {
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  SpanContext context;
  SpanId parent_span_id;  ///< all zero: a root span
  bool is_parent_remote = false;
  std::string trace_state;
  std::int64_t start_unix_ns = 0;
  std::int64_t end_unix_ns = 0;
  StatusCode status = StatusCode::kUnset;
  std::string status_message;
  std::vector<Attribute> attributes;
  std::vector<ReadableSpan::Event> events;
  std::vector<ReadableSpan::LinkedSpan> links;

  /// The value under a key; null if there is none.
  const AttributeData* attribute(std::string_view key) const noexcept;
  /// The same of a certain type; nullopt if there is none or it has another one.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> real(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  /// The first event of a name; null if there is none.
  const ReadableSpan::Event* event(std::string_view name) const noexcept;
};

/// Internally locked. Spans arrive with force_flush(), or when the SDK sends of its own accord.
class InMemoryExporter final : public SpanExporter {
 public:
  /// Keeps the last `limit` spans.
  explicit InMemoryExporter(std::size_t limit = 100'000);
  ~InMemoryExporter() override;

  void export_spans(const SpanBatch& spans, ExportReply reply) override;
  void shutdown() override;

  /// All of them, in the order of arrival (which is not that of their ends).
  std::vector<FinishedSpan> spans() const;
  std::vector<FinishedSpan> spans(std::string_view name) const;
  /// The first span of a name; nullopt if there is none.
  std::optional<FinishedSpan> find(std::string_view name) const;
  std::size_t size() const;
  /// Attributes of the service, as the last batch had them.
  std::vector<Attribute> resource() const;
  /// Whether the SDK has said that no more will come.
  bool is_shut_down() const;
  void clear();

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<FinishedSpan> spans_;
  std::vector<Attribute> resource_;
  bool is_shut_down_ = false;
};

}  // namespace testing
}  // namespace v1
}  // namespace binnacle
