#include <binnacle/testing.h>

#include <algorithm>
#include <utility>

namespace binnacle {
inline namespace v1 {
namespace testing {

namespace {

FinishedSpan own(const ReadableSpan& span) {
  FinishedSpan owned;
  owned.name = span.name();
  owned.kind = span.kind();
  owned.context = span.context();
  owned.parent_span_id = span.parent_span_id();
  owned.is_parent_remote = span.is_parent_remote();
  owned.trace_state = span.trace_state();
  owned.start_unix_ns = span.start_unix_ns();
  owned.end_unix_ns = span.end_unix_ns();
  owned.status = span.status();
  owned.status_message = span.status_message();
  owned.attributes = span.attributes();
  owned.events = span.events();
  owned.links = span.links();
  return owned;
}

template <typename T>
std::optional<T> value_as(const AttributeData* value) {
  const T* found = value != nullptr ? std::get_if<T>(value) : nullptr;
  return found != nullptr ? std::optional<T>(*found) : std::nullopt;
}

}  // namespace

const AttributeData* FinishedSpan::attribute(std::string_view key) const noexcept {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& one) { return one.key == key; });
  return found != attributes.end() ? &found->value : nullptr;
}
std::optional<std::string> FinishedSpan::text(std::string_view key) const {
  return value_as<std::string>(attribute(key));
}
std::optional<std::int64_t> FinishedSpan::integer(std::string_view key) const {
  return value_as<std::int64_t>(attribute(key));
}
std::optional<double> FinishedSpan::real(std::string_view key) const {
  return value_as<double>(attribute(key));
}
std::optional<bool> FinishedSpan::boolean(std::string_view key) const {
  return value_as<bool>(attribute(key));
}
const ReadableSpan::Event* FinishedSpan::event(std::string_view wanted) const noexcept {
  const auto found =
      std::find_if(events.begin(), events.end(),
                   [&](const ReadableSpan::Event& one) { return one.name == wanted; });
  return found != events.end() ? &*found : nullptr;
}

InMemoryExporter::InMemoryExporter(std::size_t limit) : limit_(std::max<std::size_t>(limit, 1)) {}
InMemoryExporter::~InMemoryExporter() = default;

void InMemoryExporter::export_spans(const SpanBatch& batch, ExportReply reply) {
  {
    const std::lock_guard lock(mutex_);
    for (const ReadableSpan& span : batch) spans_.push_back(own(span));
    if (spans_.size() > limit_) {
      const auto surplus = static_cast<std::ptrdiff_t>(spans_.size() - limit_);
      spans_.erase(spans_.begin(), spans_.begin() + surplus);
    }
    resource_ = batch.resource();
  }
  reply.succeed();
}

void InMemoryExporter::shutdown() {
  const std::lock_guard lock(mutex_);
  is_shut_down_ = true;
}

std::vector<FinishedSpan> InMemoryExporter::spans() const {
  const std::lock_guard lock(mutex_);
  return spans_;
}
std::vector<FinishedSpan> InMemoryExporter::spans(std::string_view name) const {
  std::vector<FinishedSpan> found;
  const std::lock_guard lock(mutex_);
  std::copy_if(spans_.begin(), spans_.end(), std::back_inserter(found),
               [&](const FinishedSpan& span) { return span.name == name; });
  return found;
}
std::optional<FinishedSpan> InMemoryExporter::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(spans_.begin(), spans_.end(),
                                  [&](const FinishedSpan& span) { return span.name == name; });
  return found != spans_.end() ? std::optional(*found) : std::nullopt;
}
std::size_t InMemoryExporter::size() const {
  const std::lock_guard lock(mutex_);
  return spans_.size();
}
std::vector<Attribute> InMemoryExporter::resource() const {
  const std::lock_guard lock(mutex_);
  return resource_;
}
bool InMemoryExporter::is_shut_down() const {
  const std::lock_guard lock(mutex_);
  return is_shut_down_;
}
void InMemoryExporter::clear() {
  const std::lock_guard lock(mutex_);
  spans_.clear();
}

}  // namespace testing
}  // namespace v1
}  // namespace binnacle
