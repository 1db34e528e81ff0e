#pragma once

#include "model/span_batch.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

// Copies chosen spans of several batches into one. What a string, resource or scope of a source
// became in the output is remembered, so that copying a span hashes nothing; equal resources (and
// scopes) of different sources become one. Thread-confined.
//
//   SpanCopier copier(out);
//   copier.copy(source_number, batch, i);

namespace binnacle::trace {

class SpanCopier {
 public:
  explicit SpanCopier(SpanBatch& out) : out_(out) {}

  /// `source` is a number that stands for `from` alone as long as this copier is not reset: an
  /// address would come round again.
  void copy(std::uint64_t source, const SpanBatch& from, std::size_t i);
  /// After the output was cleared or moved from.
  void reset();

 private:
  static constexpr std::uint32_t kUnknown = 0xFFFF'FFFF;
  struct Source {
    std::vector<std::uint32_t> strings;
    std::vector<std::uint32_t> resources;
    std::vector<std::uint32_t> scopes;
  };

  Source& source_of(std::uint64_t number, const SpanBatch& from);
  StringId string(Source& s, const SpanBatch& from, StringId id);
  void attributes(Source& s, const SpanBatch& from, std::span<const Attribute> in,
                  std::vector<Attribute>& out);
  std::uint32_t resource(Source& s, const SpanBatch& from, std::uint32_t index);
  std::uint32_t scope(Source& s, const SpanBatch& from, std::uint32_t index);
  void events(Source& s, const SpanBatch& from, std::size_t i);
  void links(Source& s, const SpanBatch& from, std::size_t i);

  SpanBatch& out_;
  std::unordered_map<std::uint64_t, Source> sources_;
  std::uint64_t last_number_ = 0;
  Source* last_ = nullptr;
  std::unordered_map<std::string, std::uint32_t> resource_by_content_;
  std::unordered_map<std::string, std::uint32_t> scope_by_content_;
};

}  // namespace binnacle::trace
