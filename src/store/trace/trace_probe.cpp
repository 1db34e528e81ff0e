#include "store/trace/trace_probe.h"

namespace binnacle::trace {

void TraceProbe::describe(std::vector<Descriptor>& out) const {
  const auto counter = [&](std::string_view name, std::string_view help, const Counter& cell,
                           std::string labels = {}) {
    out.push_back({name, help, std::move(labels), &cell, nullptr});
  };
  const auto gauge = [&](std::string_view name, std::string_view help, const Gauge& cell) {
    out.push_back({name, help, {}, nullptr, &cell});
  };
  counter("binnacle_span_store_appended_spans_total", "Spans acknowledged.", appended_spans);
  counter("binnacle_span_store_appended_batches_total", "Appends acknowledged.", appended_batches);
  constexpr std::string_view kRefused = "binnacle_span_store_refused_appends_total";
  constexpr std::string_view kRefusedHelp = "Appends refused by the span store, by reason.";
  counter(kRefused, kRefusedHelp, refused_head_full, R"(reason="head_full")");
  counter(kRefused, kRefusedHelp, refused_malformed, R"(reason="malformed")");
  counter("binnacle_span_store_removed_traces_total", "Traces named by removals and drop verdicts.",
          removals);
  constexpr std::string_view kWritten = "binnacle_span_store_written_spans_total";
  constexpr std::string_view kWrittenHelp = "Spans written to parts.";
  counter(kWritten, kWrittenHelp, flushed_spans, R"(by="flush")");
  counter(kWritten, kWrittenHelp, merged_spans, R"(by="merge")");
  constexpr std::string_view kDropped = "binnacle_span_store_dropped_spans_total";
  constexpr std::string_view kDroppedHelp = "Spans left out when parts were written, by reason.";
  counter(kDropped, kDroppedHelp, dropped_duplicates, R"(reason="duplicate")");
  counter(kDropped, kDroppedHelp, dropped_removed, R"(reason="removed")");
  counter("binnacle_span_store_expired_parts_total", "Parts deleted by retention.", expired_parts);
  counter("binnacle_span_store_expired_spans_total", "Spans deleted by retention.", expired_spans);
  counter("binnacle_span_store_replayed_spans_total", "Spans replayed from the log at start.",
          replayed_spans);
  counter("binnacle_span_store_reads_total", "Reads of the span store.", reads);
  constexpr std::string_view kGroups = "binnacle_span_store_row_groups_total";
  constexpr std::string_view kGroupsHelp = "Row groups considered by reads, by outcome.";
  counter(kGroups, kGroupsHelp, row_groups_read, R"(outcome="read")");
  counter(kGroups, kGroupsHelp, row_groups_pruned, R"(outcome="pruned")");
  gauge("binnacle_span_store_head_spans", "Spans not yet in a part.", head_spans);
  gauge("binnacle_span_store_head_bytes", "Memory of spans not yet in a part.", head_bytes);
  gauge("binnacle_span_store_pending_removals", "Removals not yet applied to all parts.",
        pending_removals);
}

}  // namespace binnacle::trace
