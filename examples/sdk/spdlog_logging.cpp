#include <binnacle/apm.h>
#include <binnacle/integrations/spdlog.h>
#include <spdlog/spdlog.h>

#include <memory>

// What a program already logs with spdlog, as log records of its traces. Logs go where
// OTEL_LOGS_EXPORTER says, else to those backends of APM_BACKEND that take them: Jaeger does not.
//
//   APM_BACKEND=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 spdlog_logging

int main() {
  binnacle::init_observability();

  // The console goes on as before; the sink is one more.
  const std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  logger->sinks().push_back(binnacle::make_spdlog_sink());

  {
    auto span = binnacle::start_active_span("place bid");
    spdlog::info("looking at offer {}", 17);  // carries the ids of "place bid"
    SPDLOG_WARN("offer {} is stale", 17);     // and the place in this file

    // Without spdlog: attributes instead of text, and a name that marks an event.
    binnacle::emit_log(binnacle::Severity::kInfo, "", {{"offer.id", 17}, {"offer.age_ms", 93'000}},
                       binnacle::LogOptions().with_event_name("offer.rejected"));
  }

  return binnacle::shutdown(2000) ? 0 : 1;
}
