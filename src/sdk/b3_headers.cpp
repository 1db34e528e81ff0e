#include "sdk/b3_headers.h"

#include "sdk/context_extras.h"
#include "sdk/hex.h"
#include "sdk/w3c_headers.h"

#include <cstring>

namespace binnacle::sdk {

namespace {

enum class State : std::uint8_t { kMalformed, kDeferred, kDenied, kAccepted, kDebug };

State parse_state(std::string_view text) noexcept {
  if (text == "1") return State::kAccepted;
  if (text == "0") return State::kDenied;
  return text == "d" ? State::kDebug : State::kMalformed;
}

bool parse_ids(std::string_view trace_id, std::string_view span_id, SpanContext& out) noexcept {
  if ((trace_id.size() != 32 && trace_id.size() != 16) || span_id.size() != 16) return false;
  HexCheck check;
  const std::size_t bytes = trace_id.size() / 2;
  take_hex(out.trace_id.bytes + sizeof out.trace_id.bytes - bytes, trace_id.data(), bytes, check);
  take_hex(out.span_id.bytes, span_id.data(), sizeof out.span_id.bytes, check);
  return check.is_good() && out.is_valid();
}

RemoteContext with_state(const SpanContext& ids, State state) noexcept {
  RemoteContext remote{.span_context = ids};
  remote.span_context.is_remote = true;
  remote.span_context.is_deferred = state == State::kDeferred;
  if (state == State::kAccepted || state == State::kDebug) {
    remote.span_context.flags = kTraceFlagSampled;
  }
  if (state == State::kDebug) remote.marks = detail::kMarkDebug;
  return remote;
}

/// A decision about a trace that is yet to start.
RemoteContext decision(State state) noexcept {
  RemoteContext remote;
  if (state == State::kDebug) remote.marks = detail::kMarkDebug;
  if (state == State::kAccepted) remote.marks = detail::kMarkRootAccepted;
  if (state == State::kDenied) remote.marks = detail::kMarkRootDenied;
  return remote;
}

/// Cuts what stands before the next dash off.
std::string_view next_part(std::string_view& rest) noexcept {
  const std::size_t dash = rest.find('-');
  const std::string_view part = rest.substr(0, dash);
  rest = dash == std::string_view::npos ? std::string_view() : rest.substr(dash + 1);
  return part;
}

}  // namespace

std::optional<RemoteContext> parse_b3(std::string_view value) noexcept {
  std::string_view rest = trim(value);
  if (rest.size() == 1) {
    const State state = parse_state(rest);
    if (state == State::kMalformed) return std::nullopt;
    return decision(state);
  }
  if (rest.empty() || rest.back() == '-') return std::nullopt;
  const std::string_view trace_id = next_part(rest);
  const std::string_view span_id = next_part(rest);
  SpanContext ids;
  if (!parse_ids(trace_id, span_id, ids)) return std::nullopt;
  if (rest.empty()) return with_state(ids, State::kDeferred);
  const State state = parse_state(next_part(rest));
  if (state == State::kMalformed) return std::nullopt;
  if (!rest.empty()) {
    std::uint8_t parent[8];
    HexCheck check;
    if (rest.size() != 2 * sizeof parent) return std::nullopt;
    take_hex(parent, rest.data(), sizeof parent, check);
    if (!check.is_good()) return std::nullopt;
  }
  return with_state(ids, state);
}

std::optional<RemoteContext> parse_b3_multi(const B3Headers& headers) noexcept {
  const std::string_view sampled = trim(headers.sampled);
  State state = State::kDeferred;
  if (trim(headers.flags) == "1") {
    state = State::kDebug;  // implies sampled, whatever the other header says
  } else if (sampled == "true" || sampled == "1") {
    state = State::kAccepted;
  } else if (sampled == "false" || sampled == "0") {
    state = State::kDenied;
  } else if (!sampled.empty()) {
    return std::nullopt;
  }
  const std::string_view trace_id = trim(headers.trace_id);
  const std::string_view span_id = trim(headers.span_id);
  if (trace_id.empty() && span_id.empty()) {
    if (state == State::kDeferred) return std::nullopt;
    return decision(state);
  }
  SpanContext ids;
  if (!parse_ids(trace_id, span_id, ids)) return std::nullopt;
  return with_state(ids, state);
}

std::string_view b3_state(const SpanContext& context, std::uint8_t marks) noexcept {
  if ((marks & detail::kMarkDebug) != 0) return "d";
  if (!context.is_valid()) {
    if ((marks & detail::kMarkRootAccepted) != 0) return "1";
    return (marks & detail::kMarkRootDenied) != 0 ? "0" : "";
  }
  if (context.is_deferred) return "";
  return context.is_sampled() ? "1" : "0";
}

std::size_t format_b3(const SpanContext& context, std::uint8_t marks, char* out) noexcept {
  const std::string_view state = b3_state(context, marks);
  if (!context.is_valid()) return state.copy(out, state.size());
  put_hex(out, context.trace_id.bytes, sizeof context.trace_id.bytes);
  out[32] = '-';
  put_hex(out + 33, context.span_id.bytes, sizeof context.span_id.bytes);
  if (state.empty()) return 49;
  out[49] = '-';
  out[50] = state[0];
  return kMaxB3Length;
}

}  // namespace binnacle::sdk
