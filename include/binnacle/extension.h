#pragma once

#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Where users put code of their own into the SDK: a sampler, an id generator, span processors and
// span exporters. Registered through Config before init_observability(); see
// docs/reference/extending.md. C++17, standard library only.
//
//   struct CountingExporter final : binnacle::SpanExporter {
//     void export_spans(const binnacle::SpanBatch& spans, binnacle::ExportReply reply) override {
//       for (const binnacle::ReadableSpan& span : spans) count(span.name());
//       reply.succeed();
//     }
//   };
//   config.span_exporters.push_back(std::make_shared<CountingExporter>());
//
// What throws is caught where the SDK calls it, counted (SdkStats::extension_errors), and the first
// time reported on stderr. Samplers, id generators and processors live until the process ends once
// they have been installed, because threads may be inside them at any moment; exporters until
// shutdown().

namespace binnacle {
inline namespace v1 {

/// An attribute's value that owns its memory: text, boolean, integer, floating point, or an array
/// of one of these.
using AttributeData =
    std::variant<std::string, bool, std::int64_t, double, std::vector<std::string>,
                 std::vector<bool>, std::vector<std::int64_t>, std::vector<double>>;

struct Attribute {
  std::string key;
  AttributeData value;
};

// ---- Deciding
// ------------------------------------------------------------------------------------

/// What is known of a span when it starts. Borrowed for the call.
struct SamplingParameters {
  const SpanContext* parent;  ///< null: a new trace
  std::string_view parent_trace_state;
  TraceId trace_id;
  std::string_view name;
  SpanKind kind;
  const KeyValue* attributes;
  std::size_t attribute_count;
  const Link* links;
  std::size_t link_count;
};

enum class SamplingDecision : std::uint8_t {
  kDrop,             ///< not recorded
  kRecordOnly,       ///< recorded for span processors; not exported, and the sampled flag is off
  kRecordAndSample,  ///< recorded and exported
};

struct SamplingResult {
  SamplingDecision decision = SamplingDecision::kDrop;
  std::vector<Attribute> attributes = {};       ///< added to the span
  std::optional<std::string> trace_state = {};  ///< replaces the parent's; nullopt: inherited
};

/// Decides for every span, with or without a parent, in place of all that Config says of sampling.
/// Called on recording threads, by several at once, between a span's start and its first
/// attribute: its cost is added to every start_span(). An exception drops the span.
class Sampler {
 public:
  Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  virtual ~Sampler() = default;
  virtual SamplingResult should_sample(const SamplingParameters& parameters) = 0;
};

/// Makes ids. Called on recording threads, by several at once. An invalid (all zero) id, or an
/// exception, makes the SDK use its own.
class IdGenerator {
 public:
  IdGenerator() = default;
  IdGenerator(const IdGenerator&) = delete;
  IdGenerator& operator=(const IdGenerator&) = delete;
  virtual ~IdGenerator() = default;
  virtual TraceId make_trace_id() = 0;
  virtual SpanId make_span_id() = 0;
  /// Whether the low 7 bytes of trace ids are uniformly random: sets W3C's random flag. Asked once.
  virtual bool is_random() const { return false; }
};

// ---- Reading
// -------------------------------------------------------------------------------------

namespace detail {
struct SpanRecord;
using AttributeVisitor = void (*)(void* to, std::string_view key, const AttributeValue& value);
}  // namespace detail

/// A span that has ended. A view: valid during the call that it was handed to, or, out of a
/// SpanBatch, as long as the batch. Immutable; may be read by several threads.
class ReadableSpan {
 public:
  struct Event {
    std::string name;
    std::int64_t unix_ns = 0;
    std::vector<Attribute> attributes;
  };
  struct LinkedSpan {
    SpanContext context;
    std::vector<Attribute> attributes;
  };

  std::string_view name() const noexcept;
  SpanKind kind() const noexcept;
  /// Trace id, span id and flags.
  SpanContext context() const noexcept;
  /// All zero: a root span.
  SpanId parent_span_id() const noexcept;
  /// Whether the parent came out of a header; then this span is the first of its trace here.
  bool is_parent_remote() const noexcept;
  std::string_view trace_state() const noexcept;

  std::int64_t start_unix_ns() const noexcept;
  std::int64_t end_unix_ns() const noexcept;  ///< never before the start

  StatusCode status() const noexcept;
  std::string_view status_message() const noexcept;

  /// Calls `f(std::string_view key, const AttributeValue& value)` for each attribute. Both are
  /// borrowed for the call. Allocates for arrays only.
  template <typename F>
  void for_each_attribute(F&& f) const {
    using Callable = std::remove_reference_t<F>;
    visit_attributes([](void* to, std::string_view key,
                        const AttributeValue& value) { (*static_cast<Callable*>(to))(key, value); },
                     const_cast<std::remove_const_t<Callable>*>(std::addressof(f)));
  }
  /// The value under a key, as a copy; nullopt if there is none.
  std::optional<AttributeData> attribute(std::string_view key) const;
  std::vector<Attribute> attributes() const;
  std::vector<Event> events() const;
  std::vector<LinkedSpan> links() const;

  /// What the limits took away.
  std::uint32_t dropped_attributes() const noexcept;
  std::uint32_t dropped_events() const noexcept;
  std::uint32_t dropped_links() const noexcept;

  explicit ReadableSpan(const detail::SpanRecord& record) noexcept : record_(&record) {}

 private:
  void visit_attributes(detail::AttributeVisitor visitor, void* to) const;

  const detail::SpanRecord* record_;
};

/// Some ended spans and who recorded them. Cheap to copy; keeps the spans' memory.
class SpanBatch {
 public:
  SpanBatch() = default;
  SpanBatch(std::shared_ptr<const void> memory, std::vector<ReadableSpan> spans,
            std::shared_ptr<const std::vector<Attribute>> resource)
      : memory_(std::move(memory)), spans_(std::move(spans)), resource_(std::move(resource)) {}

  std::size_t size() const noexcept { return spans_.size(); }
  bool empty() const noexcept { return spans_.empty(); }
  const ReadableSpan& operator[](std::size_t index) const noexcept { return spans_[index]; }
  std::vector<ReadableSpan>::const_iterator begin() const noexcept { return spans_.begin(); }
  std::vector<ReadableSpan>::const_iterator end() const noexcept { return spans_.end(); }
  /// Attributes of the service: service.name and so on.
  const std::vector<Attribute>& resource() const noexcept { return *resource_; }

 private:
  std::shared_ptr<const void> memory_;
  std::vector<ReadableSpan> spans_;
  std::shared_ptr<const std::vector<Attribute>> resource_ =
      std::make_shared<const std::vector<Attribute>>();
};

// ---- Processing and exporting
// --------------------------------------------------------------------

/// Sees spans begin and end, in the order of registration. Cannot change what has ended.
class SpanProcessor {
 public:
  SpanProcessor() = default;
  SpanProcessor(const SpanProcessor&) = delete;
  SpanProcessor& operator=(const SpanProcessor&) = delete;
  virtual ~SpanProcessor() = default;

  /// Whether on_start() is to be called. Asked once, at init: without it recording costs nothing
  /// more.
  virtual bool wants_start() const { return false; }
  /// A recorded span has begun; on the thread that starts it, by several at once. Attributes may be
  /// set on it. `parent` is what it descends from, invalid for a new trace.
  virtual void on_start(const SpanRef& span, const Context& parent) {
    static_cast<void>(span);
    static_cast<void>(parent);
  }
  /// A recorded span has ended; on the export thread, some seconds later at most, and before
  /// force_flush() returns. Delaying it delays all exporting.
  virtual void on_end(const ReadableSpan& span) { static_cast<void>(span); }
  /// The SDK shuts down; the last call. On the export thread.
  virtual void on_shutdown() {}
};

/// How an exporter says what became of a batch. Copies speak for the same batch; the first word
/// counts. Any thread may call. If all copies are destroyed without one, the batch has failed.
class ExportReply {
 public:
  struct State;
  explicit ExportReply(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  ExportReply(const ExportReply&) noexcept = default;
  ExportReply(ExportReply&&) noexcept = default;
  ExportReply& operator=(const ExportReply&) noexcept = default;
  ExportReply& operator=(ExportReply&&) noexcept = default;
  ~ExportReply() = default;

  void succeed() const noexcept;
  /// The spans are lost, and counted (dropped_export_failed).
  void fail(std::string_view why = {}) const noexcept;
  /// The same batch again, after the SDK's back-off, within Config::retry_limit_ms.
  void retry(std::string_view why = {}) const noexcept;

 private:
  std::shared_ptr<State> state_;
};

/// Takes batches of ended spans: one more destination, with its own bounded queue, batches and
/// retries. All calls come from the export thread, one batch at a time.
class SpanExporter {
 public:
  SpanExporter() = default;
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;
  virtual ~SpanExporter() = default;

  /// Returns soon; `reply` may be used at once or later, from any thread. No word within
  /// Config::span_exporter_timeout_ms counts as retry().
  virtual void export_spans(const SpanBatch& spans, ExportReply reply) = 0;
  /// No more batches will come.
  virtual void shutdown() {}
};

}  // namespace v1
}  // namespace binnacle
