#include <binnacle/apm.h>

// A plug-in that records, with a C interface for a host that does not know of the SDK.

extern "C" {

int plugin_start() { return binnacle::init_observability() ? 1 : 0; }

/// Opens a span that stays this thread's current one until the plug-in's static objects go.
void plugin_open(char* trace_id) {
  static const binnacle::ActiveSpan span("opened by a plug-in");
  span.context().trace_id.to_hex(trace_id);
}

/// Records a span under whatever is current on this thread.
void plugin_record(char* trace_id) {
  auto span = binnacle::start_active_span("recorded by a plug-in");
  span.set_attribute("plugin.loaded", true);
  span.context().trace_id.to_hex(trace_id);
}
}
