#include "store/trace/removals.h"

#include "base/hash.h"
#include "store/columns/byte_io.h"

#include <algorithm>

namespace binnacle::trace {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kEntryBytes = 8 + 16;  // and a sequence of at least one byte

}  // namespace

std::size_t Removals::size() const noexcept {
  std::size_t n = 0;
  for (const auto& table : tables_) n += table->size();
  return n;
}

std::uint64_t Removals::hidden_before(const RemovedTrace& trace) const noexcept {
  std::uint64_t sequence = 0;
  for (const auto& table : tables_) {
    const auto it = table->find(trace);
    if (it != table->end()) sequence = std::max(sequence, it->second);
  }
  return sequence;
}

void Removals::add(const std::vector<RemovedTrace>& traces, std::uint64_t sequence) {
  if (traces.empty()) return;
  auto added = std::make_shared<Table>();
  for (const RemovedTrace& t : traces) (*added)[t] = sequence;
  while (!tables_.empty() && tables_.back()->size() <= added->size() * 2) {
    // tidy: allow(dangling-range) back() returns a reference into tables_, untouched in here
    for (const auto& [trace, before] : *tables_.back()) {
      std::uint64_t& kept = (*added)[trace];
      kept = std::max(kept, before);
    }
    tables_.pop_back();
  }
  tables_.push_back(std::move(added));
}

Removals::Table Removals::all() const {
  Table out;
  for (const auto& table : tables_) {
    for (const auto& [trace, sequence] : *table) {
      std::uint64_t& kept = out[trace];
      kept = std::max(kept, sequence);
    }
  }
  return out;
}

Removals Removals::of(Table table) {
  Removals out;
  if (!table.empty()) out.tables_.push_back(std::make_shared<const Table>(std::move(table)));
  return out;
}

std::string Removals::encode(const Table& table) {
  std::string out;
  if (table.empty()) return out;
  out.push_back(static_cast<char>(kVersion));
  columns::put_varint(out, table.size());
  for (const auto& [trace, sequence] : table) {
    char id[16];
    to_bytes(trace.trace_id, id);
    out.append(reinterpret_cast<const char*>(&trace.tenant_hash), sizeof trace.tenant_hash);
    out.append(id, sizeof id);
    columns::put_varint(out, sequence);
  }
  return out;
}

Result<Removals::Table> Removals::decode(std::string_view bytes) {
  Table out;
  if (bytes.empty()) return out;
  columns::ByteReader in(bytes);
  if (in.byte() != kVersion) {
    return fail(ErrorCode::kUnimplemented, "span store state was written by a newer version");
  }
  for (std::uint64_t n = in.count(in.left() / kEntryBytes); n > 0; --n) {
    RemovedTrace trace;
    const std::string_view hash = in.bytes(sizeof trace.tenant_hash);
    const std::string_view id = in.bytes(16);
    const std::uint64_t sequence = in.varint();
    if (in.failed()) break;
    std::memcpy(&trace.tenant_hash, hash.data(), hash.size());
    trace.trace_id = trace_id_from_bytes(id.data());
    out[trace] = sequence;
  }
  if (in.failed() || !in.at_end()) {
    return fail(ErrorCode::kDataLoss, "span store state: removals are malformed");
  }
  return out;
}

RemovalView::RemovalView(const Removals& removals, std::string_view tenant)
    : removals_(&removals), tenant_hash_(hash64(tenant)) {}

}  // namespace binnacle::trace
