#include "app/span_file.h"

#include "codec/decompress.h"
#include "wire/detect/trace_format.h"
#include "wire/jaeger/decode.h"
#include "wire/otlp/decode.h"
#include "wire/zipkin/json_decode.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace binnacle::app {
namespace {

using wire::TraceFormat;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

Result<std::string> read_whole(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "rbe"));
  if (!file) return fail(ErrorCode::kNotFound, "cannot be opened; is the name right?");
  std::string bytes;
  constexpr std::size_t kStep = 1 << 20;
  for (std::size_t got = kStep; got == kStep;) {
    const std::size_t before = bytes.size();
    if (before > kMaxSpanFileBytes) {
      return fail(
          ErrorCode::kResourceExhausted,
          fmt::format("more than {} bytes; split it into smaller files", kMaxSpanFileBytes));
    }
    bytes.resize(before + kStep);
    got = std::fread(bytes.data() + before, 1, kStep, file.get());
    bytes.resize(before + got);
  }
  if (std::ferror(file.get()) != 0) return fail(ErrorCode::kUnavailable, "read error");
  return bytes;
}

Result<DecodedSpans> decode(TraceFormat format, std::string_view bytes) {
  switch (format) {
    case TraceFormat::kOtlpJson:
      return otlp::decode_json(bytes);
    case TraceFormat::kOtlpProtobuf:
      return otlp::decode_protobuf(bytes);
    case TraceFormat::kJaegerJson:
      return jaeger::decode_json(bytes);
    case TraceFormat::kZipkinJson:
      return zipkin::decode_json(std::string(bytes));
    case TraceFormat::kOtlpSignal:
      return fail(ErrorCode::kUnimplemented, "metrics or logs, which this version does not store");
    case TraceFormat::kEmpty:
    case TraceFormat::kUnknown:
      break;
  }
  return fail(ErrorCode::kInvalidArgument,
              "no known format of traces (OTLP JSON or protobuf, Jaeger JSON, Zipkin JSON, Tempo)");
}

// Does `bytes` hold one document per line, as OTLP file exporters write, rather than one document
// that is spread over lines? The first line then closes what it opened, and more follows it.
bool is_lines(std::string_view bytes) {
  const auto newline = bytes.find('\n');
  if (newline == std::string_view::npos) return false;
  const std::string_view first = bytes.substr(0, newline);
  const auto end = first.find_last_not_of(" \t\r");
  if (end == std::string_view::npos || (first[end] != '}' && first[end] != ']')) return false;
  const TraceFormat format = wire::detect_trace_format(first);
  return format != TraceFormat::kEmpty && format != TraceFormat::kUnknown &&
         bytes.find_first_not_of(" \t\r\n", newline) != std::string_view::npos;
}

void read_lines(std::string_view bytes, const OnPiece& on_piece) {
  for (std::uint64_t line = 1; !bytes.empty(); ++line) {
    const auto newline = bytes.find('\n');
    const std::string_view text = bytes.substr(0, newline);
    bytes.remove_prefix(newline == std::string_view::npos ? bytes.size() : newline + 1);
    const TraceFormat format = wire::detect_trace_format(text);
    if (format == TraceFormat::kEmpty) continue;
    if (!on_piece(SpanFilePiece{line, decode(format, text)})) return;
  }
}

}  // namespace

Status read_span_bytes(std::string_view bytes, const OnPiece& on_piece) {
  std::string decompressed;
  const codec::Compression compression = codec::detect_compression(bytes);
  if (compression != codec::Compression::kNone) {
    // The file is the user's own: its size is bounded, not how well it compresses.
    codec::DecompressLimits limits;
    limits.max_bytes = kMaxSpanFileBytes;
    limits.max_ratio = kMaxSpanFileBytes;
    limits.zstd_window_log_max = 27;
    auto plain = codec::decompress(compression, bytes, limits);
    if (!plain) return std::unexpected(plain.error());
    decompressed = std::move(*plain);
    bytes = decompressed;
  }
  const TraceFormat format = wire::detect_trace_format(bytes);
  if (format == TraceFormat::kEmpty) {
    return fail(ErrorCode::kInvalidArgument, "the file is empty");
  }
  if (format != TraceFormat::kOtlpProtobuf && is_lines(bytes)) {
    read_lines(bytes, on_piece);
    return {};
  }
  on_piece(SpanFilePiece{0, decode(format, bytes)});
  return {};
}

Status read_span_file(const std::string& path, const OnPiece& on_piece) {
  const auto bytes = read_whole(path);
  if (!bytes) return std::unexpected(bytes.error());
  return read_span_bytes(*bytes, on_piece);
}

}  // namespace binnacle::app
