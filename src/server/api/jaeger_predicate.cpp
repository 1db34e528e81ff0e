#include "server/api/jaeger_search.h"
#include "server/api/jaeger_text.h"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// What Jaeger's tags mean: the second half of jaeger_search.h.

namespace binnacle {
namespace {

Comparison text_equals(FieldKind kind, std::string_view key, std::string_view value) {
  return {{kind, std::string(key)}, CompareOp::kTextEq, std::string(value)};
}

Comparison equals(FieldKind kind, std::string_view value) {
  return {{kind, {}}, CompareOp::kEq, std::string(value)};
}

Comparison status_is(StatusCode code) {
  return {{FieldKind::kStatus, {}}, CompareOp::kEq, static_cast<std::int64_t>(code)};
}

std::optional<StatusCode> parse_status(std::string_view text) {
  for (const auto& [name, code] :
       {std::pair{"OK", StatusCode::kOk}, std::pair{"ERROR", StatusCode::kError},
        std::pair{"UNSET", StatusCode::kUnset}}) {
    if (equal_ignoring_case(text, name)) return code;
  }
  return std::nullopt;
}

// The span's own field that Jaeger shows as the tag `key`, compared with `value`; nullopt when the
// key is no such tag or the value none of the field's.
std::optional<Comparison> own_field(std::string_view key, std::string_view value) {
  if (key == "span.kind") {
    if (const auto kind = parse_span_kind(value)) {
      return Comparison{{FieldKind::kKind, {}}, CompareOp::kEq, static_cast<std::int64_t>(*kind)};
    }
  }
  if (key == "span.status" || key == "otel.status_code") {
    if (const auto status = parse_status(value)) return status_is(*status);
  }
  if (key == "otel.status_description") return equals(FieldKind::kStatusMessage, value);
  if (key == "w3c.tracestate") return equals(FieldKind::kTraceState, value);
  if (key == "event") return equals(FieldKind::kEventName, value);
  if (key == "otel.scope.name" || key == "otel.library.name" || key == "scope.name") {
    return equals(FieldKind::kScopeName, value);
  }
  if (key == "otel.scope.version" || key == "otel.library.version" || key == "scope.version") {
    return equals(FieldKind::kScopeVersion, value);
  }
  return std::nullopt;
}

Clause tag_clause(std::string_view key, std::string_view value) {
  if (key == "error") {
    const auto wanted = parse_go_bool(value);
    // Not an error is unset as well as ok: Jaeger's error=false is the complement of error=true.
    if (wanted && !*wanted) {
      return {{{FieldKind::kStatus, {}},
               CompareOp::kNe,
               static_cast<std::int64_t>(StatusCode::kError)}};
    }
    if (wanted) {
      return {status_is(StatusCode::kError), text_equals(FieldKind::kAnyAttribute, key, "true")};
    }
  }
  Clause clause = {text_equals(FieldKind::kAnyAttribute, key, value)};
  if (auto own = own_field(key, value)) clause.push_back(std::move(*own));
  constexpr std::string_view kOnlyResource = "resource.";
  if (key.starts_with(kOnlyResource)) {
    clause.push_back(
        text_equals(FieldKind::kResourceAttribute, key.substr(kOnlyResource.size()), value));
  }
  return clause;
}

std::int64_t clamp_to_int(std::uint64_t ns) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(ns, kMax));
}

}  // namespace

TraceSearch to_trace_search(const JaegerSearch& search) {
  TraceSearch out;
  out.limit = search.limit;
  out.selection.time.begin_unix_ns = search.start_unix_ns;
  // Jaeger's end is part of the range, ours is not.
  out.selection.time.end_unix_ns = search.end_unix_ns + 1;
  Predicate& predicate = out.selection.predicate;
  if (!search.service.empty()) {
    predicate.require(equals(FieldKind::kServiceName, search.service));
  }
  if (!search.operation.empty()) predicate.require(equals(FieldKind::kName, search.operation));
  if (search.min_duration_ns > 0) {
    predicate.require(
        {{FieldKind::kDuration, {}}, CompareOp::kGe, clamp_to_int(search.min_duration_ns)});
  }
  if (search.max_duration_ns > 0) {
    predicate.require(
        {{FieldKind::kDuration, {}}, CompareOp::kLe, clamp_to_int(search.max_duration_ns)});
  }
  for (const auto& [key, value] : search.tags) predicate.clauses.push_back(tag_clause(key, value));
  return out;
}

}  // namespace binnacle
