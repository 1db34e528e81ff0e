#pragma once

#include "base/error.h"
#include "wire/decoded_spans.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

// Reads trace files of every format that can be imported: finds out compression and format by
// content, never by name, and hands over decoded spans piece by piece. Pure but for reading the
// file.

namespace binnacle::app {

/// What happened to one piece of a file: a JSON line, or the whole document.
struct SpanFilePiece {
  std::uint64_t line = 0;      ///< 1-based; 0: the file is one document
  Result<DecodedSpans> spans;  ///< an error spoils this piece only
};

/// Called for each piece, in order. False stops reading.
using OnPiece = std::function<bool(SpanFilePiece&&)>;

/// Larger files (decompressed) are refused, with advice to split them: one document is decoded in
/// memory, about ten times its size.
constexpr std::uint64_t kMaxSpanFileBytes = 2ULL * 1024 * 1024 * 1024;

/// Reads the file at `path` ("-": standard input). An error is about the file as a whole: it cannot
/// be read or decompressed, is empty, or is in none of the known formats.
[[nodiscard]] Status read_span_file(const std::string& path, const OnPiece& on_piece);

/// The same for bytes at hand. Exposed for tests.
[[nodiscard]] Status read_span_bytes(std::string_view bytes, const OnPiece& on_piece);

}  // namespace binnacle::app
