#include "sdk/user_exporter.h"

#include "sdk/runtime.h"
#include "sdk/span_record.h"
#include "sdk/start_policy.h"
#include "sdk/tick_clock.h"

#include <atomic>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace binnacle {
inline namespace v1 {

/// What is known of one batch. The first word counts; whoever has it writes and publishes.
struct [[gnu::visibility("hidden")]] ExportReply::State {
  explicit State(sdk::Runtime& to_wake) noexcept : runtime(to_wake) {}

  void settle(sdk::ExportOutcome with, std::string_view why) noexcept {
    if (is_claimed.exchange(true, std::memory_order_acq_rel)) return;
    result.outcome = with;
    try {
      result.message = why;
    } catch (const std::exception&) {
      result.message.clear();  // no memory for words; the outcome is what counts
    }
    is_settled.store(true, std::memory_order_release);
    runtime.wake();
  }

  sdk::Runtime& runtime;
  std::atomic<bool> is_claimed{false};
  std::atomic<bool> is_settled{false};
  sdk::ExportResult result;
};

void ExportReply::succeed() const noexcept { state_->settle(sdk::ExportOutcome::kDelivered, {}); }
void ExportReply::fail(std::string_view why) const noexcept {
  state_->settle(sdk::ExportOutcome::kRefused, why);
}
void ExportReply::retry(std::string_view why) const noexcept {
  state_->settle(sdk::ExportOutcome::kRetry, why);
}

}  // namespace v1
}  // namespace binnacle

namespace binnacle::sdk {

namespace {

constexpr std::size_t kAlignment = alignof(FinishedSpan);
constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;

constexpr std::size_t aligned(std::size_t size) noexcept {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

/// Spans as they will be read: a FinishedSpan, whose pointers mean nothing, and behind it the bytes
/// they pointed at, in the order of kParts.
class SpanCollector final : public SpanEncoder {
 public:
  void add(const FinishedSpan& span) override {
    const std::size_t size = aligned(sizeof span + kTraceIdBytes + 2 * kSpanIdBytes +
                                     span.fields.size() + span.trace_state.size());
    char* out = batch_.bytes.reserve(size);
    if (out == nullptr) return;
    const auto put = [&out](const void* bytes, std::size_t count) {
      if (count != 0) std::memcpy(out, bytes, count);
      out += count;
    };
    constexpr std::uint8_t kNoParent[kSpanIdBytes] = {};
    put(&span, sizeof span);
    put(span.trace_id, kTraceIdBytes);
    put(span.span_id, kSpanIdBytes);
    put(span.parent_span_id != nullptr ? span.parent_span_id : kNoParent, kSpanIdBytes);
    put(span.fields.data(), span.fields.size());
    put(span.trace_state.data(), span.trace_state.size());
    batch_.bytes.advance(size);
    ++batch_.items;
  }
  std::size_t span_count() const noexcept override { return batch_.items; }
  std::size_t byte_count() const noexcept override { return batch_.bytes.size(); }
  EncodedBatch finish() override { return std::exchange(batch_, EncodedBatch{}); }

 private:
  EncodedBatch batch_;
};

/// A batch's bytes and the records that point into them.
struct BatchMemory {
  std::unique_ptr<char[]> bytes;
  std::vector<v1::detail::SpanRecord> records;
};

SpanBatch read_batch(const EncodedBatch& batch,
                     const std::shared_ptr<const std::vector<Attribute>>& resource) {
  const std::string_view body = batch.body();
  auto memory = std::make_shared<BatchMemory>();
  memory->bytes = std::make_unique<char[]>(body.size());
  std::memcpy(memory->bytes.get(), body.data(), body.size());
  memory->records.reserve(batch.items);
  for (std::size_t at = 0; at < body.size();) {
    FinishedSpan span;
    std::memcpy(&span, memory->bytes.get() + at, sizeof span);
    const char* bytes = memory->bytes.get() + at + sizeof span;
    const auto take = [&bytes](std::size_t size) { return std::exchange(bytes, bytes + size); };
    const auto take_id = [&](std::size_t size) {
      return reinterpret_cast<const std::uint8_t*>(take(size));
    };
    span.trace_id = take_id(kTraceIdBytes);
    span.span_id = take_id(kSpanIdBytes);
    const std::uint8_t* parent = take_id(kSpanIdBytes);
    if (span.parent_span_id != nullptr) span.parent_span_id = parent;
    span.fields = {take(span.fields.size()), span.fields.size()};
    span.trace_state = {take(span.trace_state.size()), span.trace_state.size()};
    memory->records.emplace_back(span);
    at = aligned(static_cast<std::size_t>(bytes - memory->bytes.get()));
  }
  std::vector<ReadableSpan> spans;
  spans.reserve(memory->records.size());
  for (const v1::detail::SpanRecord& record : memory->records) spans.emplace_back(record);
  return {std::move(memory), std::move(spans), resource};
}

class UserExporter final : public BatchExporter {
 public:
  UserExporter(std::shared_ptr<SpanExporter> exporter, Runtime& runtime,
               const UserExporterOptions& options)
      : exporter_(std::move(exporter)),
        runtime_(runtime),
        timeout_ns_(options.timeout_ms * 1'000'000),
        resource_(std::make_shared<const std::vector<Attribute>>(read_resource(options.resource))) {
  }
  UserExporter(const UserExporter&) = delete;
  UserExporter& operator=(const UserExporter&) = delete;
  ~UserExporter() override {
    try {
      exporter_->shutdown();
    } catch (const std::exception& error) {
      report_extension_error(error.what());
    } catch (...) {
      report_extension_error("a span exporter");
    }
  }

  void start(const EncodedBatch& batch) override {
    state_ = std::make_shared<ExportReply::State>(runtime_);
    deadline_ns_ = monotonic_ns() + timeout_ns_;
    // The exporter's copies share a pointer of their own, so that it shows when the last one goes.
    const std::shared_ptr<ExportReply::State> theirs(
        state_.get(), [state = state_](ExportReply::State*) {
          state->settle(ExportOutcome::kRefused, "the exporter gave no reply");
        });
    try {
      exporter_->export_spans(read_batch(batch, resource_), ExportReply(theirs));
    } catch (const std::exception& error) {
      report_extension_error(error.what());
      state_->settle(ExportOutcome::kRefused, error.what());
    } catch (...) {
      report_extension_error("a span exporter");
      state_->settle(ExportOutcome::kRefused, "the exporter threw");
    }
  }

  std::optional<ExportResult> poll() override {
    if (state_ == nullptr) return std::nullopt;
    if (!state_->is_settled.load(std::memory_order_acquire)) {
      if (monotonic_ns() < deadline_ns_) return std::nullopt;
      state_->settle(ExportOutcome::kRetry, "the exporter gave no reply in time");
      if (!state_->is_settled.load(std::memory_order_acquire))
        return std::nullopt;  // it is doing so
    }
    ExportResult result = std::move(state_->result);
    state_.reset();
    return result;
  }

  void cancel() noexcept override { state_.reset(); }

 private:
  const std::shared_ptr<SpanExporter> exporter_;
  Runtime& runtime_;
  const std::int64_t timeout_ns_;
  const std::shared_ptr<const std::vector<Attribute>> resource_;
  std::shared_ptr<ExportReply::State> state_;
  std::int64_t deadline_ns_ = 0;
};

}  // namespace

DestinationSetup make_user_destination(std::shared_ptr<SpanExporter> exporter, Runtime& runtime,
                                       const UserExporterOptions& options) {
  DestinationSetup setup;
  setup.name = options.name;
  setup.span_encoder = std::make_unique<SpanCollector>();
  setup.exporter = std::make_unique<UserExporter>(std::move(exporter), runtime, options);
  return setup;
}

}  // namespace binnacle::sdk
