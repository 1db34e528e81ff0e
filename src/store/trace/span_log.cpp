#include "store/trace/span_log.h"

#include "store/columns/byte_io.h"
#include "store/trace/span_codec.h"

#include <fmt/format.h>

namespace binnacle::trace {
namespace {

using columns::ByteReader;
using columns::put_chunk;
using columns::put_varint;

enum class Packing : std::uint8_t { kNone = 0, kZstd = 1 };

// Below this a zstd frame saves little and costs its set-up of about 5 us.
constexpr std::size_t kCompressFromBytes = 512;
// Largest decompressed record: the log's record limit (64 MB) times the most that a batch shrinks.
constexpr std::uint64_t kUnpackedLimitBytes = std::uint64_t{1} << 30;

constexpr std::size_t kTraceIdBytes = 16;

Error damaged(std::string_view what) {
  return Error{ErrorCode::kDataLoss, fmt::format("span log record: {}", what)};
}

Status check_version(ByteReader& in) {
  const std::uint8_t version = in.byte();
  if (in.failed()) return std::unexpected(damaged("empty"));
  if (version != kLogRecordVersion) {
    return fail(ErrorCode::kUnimplemented,
                fmt::format("span log record of version {}, this program reads {}; use the version "
                            "that wrote it or a newer one",
                            version, kLogRecordVersion));
  }
  return {};
}

const StringTable& empty_dictionary() {
  static const StringTable table;
  return table;
}

Result<SpanBatch> unpack(std::string_view ids, std::string_view rest, std::size_t rows) {
  ByteReader in(rest);
  SectionViews views;
  views.ids = ids;
  for (std::string_view* section :
       {&views.times, &views.fixed, &views.attributes, &views.events, &views.strings}) {
    *section = in.chunk();
  }
  if (in.failed()) return std::unexpected(damaged("sections run past the end"));
  constexpr std::string_view kEmpty;
  SpanBatch batch;
  if (auto ok = decode_spans(views, rows, {&kEmpty, 1}, {}, batch); !ok) {
    return std::unexpected(ok.error());
  }
  return batch;
}

}  // namespace

Result<std::string> encode_logged_spans(const std::string& tenant, std::uint64_t arrival_unix_ns,
                                        const SpanBatch& batch, codec::ZstdCompressor& zstd) {
  const auto sections = encode_spans(batch, empty_dictionary(), ParentLayout::kRaw);
  if (!sections) return std::unexpected(sections.error());
  std::string rest;
  rest.reserve(sections->times.size() + sections->fixed.size() + sections->attributes.size() +
               sections->events.size() + sections->strings.size() + 64);
  for (const std::string* section : {&sections->times, &sections->fixed, &sections->attributes,
                                     &sections->events, &sections->strings}) {
    put_chunk(rest, *section);
  }
  std::string packed;
  Packing packing = Packing::kNone;
  if (rest.size() >= kCompressFromBytes) {
    if (auto ok = zstd.compress(rest, packed); !ok) return std::unexpected(ok.error());
    packing = packed.size() < rest.size() ? Packing::kZstd : Packing::kNone;
  }
  const std::string& stored = packing == Packing::kZstd ? packed : rest;
  std::string out;
  out.reserve(sections->ids.size() + stored.size() + tenant.size() + 48);
  out.push_back(static_cast<char>(kLogRecordVersion));
  put_chunk(out, tenant);
  put_varint(out, arrival_unix_ns);
  put_varint(out, batch.size());
  put_chunk(out, sections->ids);
  out.push_back(static_cast<char>(packing));
  put_varint(out, rest.size());
  put_chunk(out, stored);
  return out;
}

Result<LoggedSpans> decode_logged_spans(std::string_view payload) {
  ByteReader in(payload);
  if (auto ok = check_version(in); !ok) return std::unexpected(ok.error());
  LoggedSpans out;
  out.tenant = in.chunk();
  out.arrival_unix_ns = in.varint();
  const std::uint64_t rows = in.count(kRowsLimit);
  const std::string_view ids = in.chunk();
  const auto packing = static_cast<Packing>(in.byte());
  const std::uint64_t unpacked_bytes = in.count(kUnpackedLimitBytes);
  const std::string_view stored = in.chunk();
  if (in.failed() || !in.at_end() || packing > Packing::kZstd) {
    return std::unexpected(damaged("header is malformed"));
  }
  std::string unpacked;
  if (packing == Packing::kZstd) {
    auto bytes = codec::zstd_decompress_block(stored, unpacked_bytes);
    if (!bytes) return std::unexpected(bytes.error().in("span log record"));
    unpacked = std::move(*bytes);
  }
  auto batch = unpack(ids, packing == Packing::kZstd ? unpacked : stored, rows);
  if (!batch) return std::unexpected(batch.error());
  out.batch = std::move(*batch);
  return out;
}

std::string encode_logged_removals(const LoggedRemovals& removals) {
  std::string out;
  out.push_back(static_cast<char>(kLogRecordVersion));
  put_chunk(out, removals.tenant);
  put_varint(out, removals.arrival_unix_ns);
  put_varint(out, removals.entries.size());
  for (const LoggedRemovals::Entry& e : removals.entries) {
    char id[kTraceIdBytes];
    to_bytes(e.trace_id, id);
    out.append(id, sizeof id);
    out.push_back(static_cast<char>(e.kind));
  }
  return out;
}

Result<LoggedRemovals> decode_logged_removals(std::string_view payload) {
  ByteReader in(payload);
  if (auto ok = check_version(in); !ok) return std::unexpected(ok.error());
  LoggedRemovals out;
  out.tenant = in.chunk();
  out.arrival_unix_ns = in.varint();
  const std::uint64_t count = in.count(in.left() / (kTraceIdBytes + 1));
  out.entries.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view id = in.bytes(kTraceIdBytes);
    const std::uint8_t kind = in.byte();
    if (in.failed() || kind > static_cast<std::uint8_t>(RemovalKind::kDrop)) {
      return std::unexpected(damaged("removal is malformed"));
    }
    out.entries.push_back({trace_id_from_bytes(id.data()), static_cast<RemovalKind>(kind)});
  }
  if (in.failed() || !in.at_end()) return std::unexpected(damaged("removals are malformed"));
  return out;
}

}  // namespace binnacle::trace
