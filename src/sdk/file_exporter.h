#pragma once

#include "sdk/batch_exporter.h"

#include <cstddef>
#include <memory>
#include <string>

// Writes OTLP JSON requests to files, one per line: what `binnacle import` and the OpenTelemetry
// Collector read. A file is renamed to path.1 (and path.1 to path.2, ...) before it grows past its
// limit; the oldest is overwritten. Traces go to `path`; metrics and logs, which other programs
// read, go beside it: traces.jsonl, traces.metrics.jsonl, traces.logs.jsonl.
//
// Several processes, such as forked workers, may write to the same path: lines are appended whole,
// and rotation happens under a lock on the file. Thread-confined (the export thread).

namespace binnacle::sdk {

struct FileExporterOptions {
  std::string path;
  std::size_t limit_bytes = std::size_t{64} << 20U;
  std::size_t rotated_files = 4;
};

std::unique_ptr<BatchExporter> make_file_exporter(FileExporterOptions options);

/// Where one signal is written.
std::string signal_path(const std::string& path, Signal signal);

}  // namespace binnacle::sdk
