#include "server/api/jaeger_search.h"

#include "server/api/go_duration.h"
#include "server/api/jaeger_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace binnacle {
namespace {

constexpr std::uint64_t kNoTime = std::numeric_limits<std::uint64_t>::max();

std::unexpected<Error> bad_parameter(std::string_view name, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("unable to parse param '{}': {}", name, why));
}

// A parameter that is there and not empty; Jaeger takes empty ones for absent.
std::optional<std::string_view> given(const QueryParameters& query, std::string_view name) {
  const auto value = query.get(name);
  return value && !value->empty() ? value : std::nullopt;
}

// Of two spellings, the first that is given; `name` becomes the spelling used.
std::optional<std::string_view> given(const QueryParameters& query, std::string_view& name,
                                      std::string_view deprecated) {
  if (const auto value = given(query, name)) return value;
  const auto value = given(query, deprecated);
  if (value) name = deprecated;
  return value;
}

// Microseconds since 1970 as ns; kNoTime when absent. Before 1970 is 1970.
Result<std::uint64_t> micros(const QueryParameters& query, std::string_view name) {
  const auto text = given(query, name);
  if (!text) return kNoTime;
  std::int64_t us = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), us);
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max() / 1'000;
  if (error != std::errc{} || end != text->data() + text->size() || us > kLargest) {
    return bad_parameter(name, fmt::format("\"{}\" is not a whole number of microseconds since "
                                           "1970-01-01",
                                           text->substr(0, 64)));
  }
  return us < 0 ? 0 : static_cast<std::uint64_t>(us) * 1'000;
}

Result<std::uint64_t> duration(std::string_view name, std::optional<std::string_view> text) {
  if (!text) return 0;
  const auto ns = parse_go_duration(*text);
  if (!ns) return bad_parameter(name, ns.error().message);
  if (*ns < 0) return bad_parameter(name, fmt::format("\"{}\" is negative", *text));
  return static_cast<std::uint64_t>(*ns);
}

Result<std::uint32_t> limit(std::string_view name, std::optional<std::string_view> text,
                            std::uint32_t largest) {
  if (!text) return std::min(kDefaultSearchLimit, largest);
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (error != std::errc{} || end != text->data() + text->size() || n < 1 || n > largest) {
    return bad_parameter(name, fmt::format("\"{}\" is not a number of traces between 1 and {} "
                                           "(query.max_traces)",
                                           text->substr(0, 64), largest));
  }
  return static_cast<std::uint32_t>(n);
}

Status check_bool(std::string_view name, std::optional<std::string_view> text) {
  if (!text || parse_go_bool(*text)) return {};
  return bad_parameter(name, fmt::format("\"{}\" is neither true nor false", text->substr(0, 64)));
}

// jaeger-ui's choices ("1h", "2d", "custom"); read only when there is no start.
Result<std::uint64_t> lookback(const QueryParameters& query) {
  const auto text = given(query, "lookback");
  if (!text || *text == "custom") return kDefaultLookbackNs;
  std::string in_hours(*text);
  for (const auto& [suffix, hours] : {std::pair{'d', 24}, std::pair{'w', 168}}) {
    std::uint32_t n = 0;
    const char* last = text->data() + text->size() - 1;
    const auto [end, error] = std::from_chars(text->data(), last, n);
    if (text->ends_with(suffix) && error == std::errc{} && end == last && n < 100'000) {
      in_hours = fmt::format("{}h", n * static_cast<std::uint32_t>(hours));
    }
  }
  return duration("lookback", in_hours);
}

Status add_tags(const QueryParameters& query, JaegerSearch& out) {
  const auto put = [&](std::string_view key, std::string_view value) {
    const auto same = std::ranges::find(out.tags, key, &std::pair<std::string, std::string>::first);
    if (same != out.tags.end()) {
      same->second = value;
    } else {
      out.tags.emplace_back(key, value);
    }
  };
  for (const std::string_view tag : query.all("tag")) {
    const std::size_t colon = tag.find(':');
    if (colon == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("malformed 'tag' parameter, expecting key:value, received: {}",
                              tag.substr(0, 64)));
    }
    put(tag.substr(0, colon), tag.substr(colon + 1));
  }
  for (const std::string_view tags : query.all("tags")) {
    if (tags.empty()) continue;
    const auto members = parse_text_map(tags, kMaxSearchTags);
    if (!members) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("malformed 'tags' parameter, {}", members.error().message));
    }
    for (const auto& [key, value] : *members) put(key, value);
  }
  if (out.tags.size() > kMaxSearchTags) {
    return bad_parameter("tags", fmt::format("{} tags; at most {} can be searched at once",
                                             out.tags.size(), kMaxSearchTags));
  }
  return {};
}

Status add_times(const QueryParameters& query, const SearchRules& rules, JaegerSearch& out) {
  const auto start = micros(query, "start");
  if (!start) return std::unexpected(start.error());
  const auto end = micros(query, "end");
  if (!end) return std::unexpected(end.error());
  out.end_unix_ns = *end == kNoTime ? rules.now_unix_ns : *end;
  if (*start != kNoTime) {
    out.start_unix_ns = *start;
  } else {
    const auto back = lookback(query);
    if (!back) return std::unexpected(back.error());
    out.start_unix_ns = out.end_unix_ns > *back ? out.end_unix_ns - *back : 0;
  }
  if (out.start_unix_ns > out.end_unix_ns) {
    return bad_parameter("start", fmt::format("{} us is after the end, {} us",
                                              out.start_unix_ns / 1'000, out.end_unix_ns / 1'000));
  }
  return {};
}

Status check_durations(const JaegerSearch& search) {
  if (search.max_duration_ns == 0 || search.max_duration_ns >= search.min_duration_ns) return {};
  return fail(ErrorCode::kInvalidArgument, "'maxDuration' should be greater than 'minDuration'");
}

Status add_durations(const QueryParameters& query, JaegerSearch& out) {
  const auto least = duration("minDuration", given(query, "minDuration"));
  if (!least) return std::unexpected(least.error());
  const auto most = duration("maxDuration", given(query, "maxDuration"));
  if (!most) return std::unexpected(most.error());
  out.min_duration_ns = *least;
  out.max_duration_ns = *most;
  return check_durations(out);
}

Status add_trace_ids(const QueryParameters& query, const SearchRules& rules, JaegerSearch& out) {
  for (const std::string_view text : query.all("traceID")) {
    const auto id = parse_jaeger_trace_id(text);
    if (!id) return std::unexpected(id.error().in("cannot parse traceID param"));
    out.trace_ids.push_back(*id);
  }
  if (out.trace_ids.size() > rules.traces_limit) {
    return bad_parameter("traceID", fmt::format("{} ids; at most {} (query.max_traces) at once",
                                                out.trace_ids.size(), rules.traces_limit));
  }
  return {};
}

// RFC 3339 parameters of v3: both are required and in order.
Status add_times_v3(const QueryParameters& query, JaegerSearch& out) {
  std::string_view least = "query.startTimeMin";
  std::string_view most = "query.startTimeMax";
  const auto least_text = given(query, least, "query.start_time_min");
  const auto most_text = given(query, most, "query.start_time_max");
  if (!least_text || !most_text) {
    return fail(ErrorCode::kInvalidArgument,
                "query.startTimeMin and query.startTimeMax are required");
  }
  for (const auto& [name, text, to] : {std::tuple{least, *least_text, &out.start_unix_ns},
                                       std::tuple{most, *most_text, &out.end_unix_ns}}) {
    const auto time = parse_rfc3339(text);
    if (!time) return std::unexpected(time.error().in(fmt::format("malformed parameter {}", name)));
    *to = *time;
  }
  if (out.start_unix_ns >= out.end_unix_ns) {
    return fail(ErrorCode::kInvalidArgument,
                "query.startTimeMin must be before query.startTimeMax");
  }
  return {};
}

Status add_durations_v3(const QueryParameters& query, JaegerSearch& out) {
  std::string_view name = "query.durationMin";
  auto text = given(query, name, "query.duration_min");
  const auto least = duration(name, text);
  if (!least) return std::unexpected(least.error());
  name = "query.durationMax";
  text = given(query, name, "query.duration_max");
  const auto most = duration(name, text);
  if (!most) return std::unexpected(most.error());
  out.min_duration_ns = *least;
  out.max_duration_ns = *most;
  return check_durations(out);
}

Status add_attributes_v3(const QueryParameters& query, JaegerSearch& out) {
  if (given(query, "query.filter")) {
    return fail(ErrorCode::kUnimplemented,
                "query.filter expressions are not supported; use query.attributes");
  }
  const auto text = given(query, "query.attributes");
  if (!text) return {};
  auto members = parse_text_map(*text, kMaxSearchTags);
  if (!members) return std::unexpected(members.error().in("malformed parameter query.attributes"));
  out.tags = std::move(*members);
  return {};
}

Status add_limit_v3(const QueryParameters& query, const SearchRules& rules, JaegerSearch& out) {
  std::string_view name = "query.searchDepth";
  auto text = given(query, name, "query.search_depth");
  if (!text) text = given(query, name, "query.num_traces");
  const auto traces = limit(name, text, rules.traces_limit);
  if (!traces) return std::unexpected(traces.error());
  out.limit = *traces;
  name = "query.rawTraces";
  text = given(query, name, "query.raw_traces");
  return check_bool(name, text);
}

}  // namespace

Result<JaegerSearch> parse_search_v1(const QueryParameters& query, const SearchRules& rules) {
  JaegerSearch out;
  out.service = given(query, "service").value_or("");
  out.operation = given(query, "operation").value_or("");
  if (auto ok = add_times(query, rules, out); !ok) return std::unexpected(ok.error());
  if (auto ok = add_tags(query, out); !ok) return std::unexpected(ok.error());
  const auto traces = limit("limit", given(query, "limit"), rules.traces_limit);
  if (!traces) return std::unexpected(traces.error());
  out.limit = *traces;
  if (auto ok = add_durations(query, out); !ok) return std::unexpected(ok.error());
  if (auto ok = add_trace_ids(query, rules, out); !ok) return std::unexpected(ok.error());
  if (auto ok = check_bool("raw", given(query, "raw")); !ok) return std::unexpected(ok.error());
  return out;
}

Status check_trace_hints_v1(const QueryParameters& query) {
  for (const std::string_view name : {"start", "end"}) {
    if (const auto time = micros(query, name); !time) return std::unexpected(time.error());
  }
  return check_bool("raw", given(query, "raw"));
}

Status check_trace_hints_v3(const QueryParameters& query) {
  for (auto [name, deprecated] :
       {std::pair<std::string_view, std::string_view>{"startTime", "start_time"},
        {"endTime", "end_time"}}) {
    const auto text = given(query, name, deprecated);
    if (!text) continue;
    if (const auto time = parse_rfc3339(*text); !time) {
      return std::unexpected(time.error().in(fmt::format("malformed parameter {}", name)));
    }
  }
  std::string_view name = "rawTraces";
  const auto raw = given(query, name, "raw_traces");
  return check_bool(name, raw);
}

Result<JaegerSearch> parse_search_v3(const QueryParameters& query, const SearchRules& rules) {
  JaegerSearch out;
  std::string_view name = "query.serviceName";
  out.service = given(query, name, "query.service_name").value_or("");
  name = "query.operationName";
  out.operation = given(query, name, "query.operation_name").value_or("");
  if (auto ok = add_attributes_v3(query, out); !ok) return std::unexpected(ok.error());
  if (auto ok = add_times_v3(query, out); !ok) return std::unexpected(ok.error());
  if (auto ok = add_limit_v3(query, rules, out); !ok) return std::unexpected(ok.error());
  if (auto ok = add_durations_v3(query, out); !ok) return std::unexpected(ok.error());
  return out;
}

}  // namespace binnacle
