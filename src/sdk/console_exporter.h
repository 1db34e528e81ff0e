#pragma once

#include "sdk/batch_exporter.h"

#include <memory>

// Writes batches of text to a descriptor of the host's: stderr or stdout. Never blocks for a reader
// that does not read: after a patience the rest of the batch is dropped and counted.
// Thread-confined (the export thread).

namespace binnacle::sdk {

/// `name` is for messages. The descriptor stays the caller's.
std::unique_ptr<BatchExporter> make_console_exporter(int fd, const char* name);

}  // namespace binnacle::sdk
