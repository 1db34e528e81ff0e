#include "base/check.h"
#include "store/columns/byte_io.h"
#include "store/trace/part_format.h"
#include "store/trace/removals.h"
#include "store/trace/span_codec.h"

#include <cstdint>
#include <string_view>
#include <vector>

// The blocks of span parts. The first byte says which; a row group is the number of rows and its
// sections, each with its length.

namespace {

using namespace binnacle;

void row_group(std::string_view bytes) {
  columns::ByteReader in(bytes);
  const std::uint64_t rows = in.count(100'000);
  trace::SectionViews views;
  for (std::string_view* section :
       {&views.ids, &views.times, &views.fixed, &views.attributes, &views.events, &views.strings}) {
    *section = in.chunk();
  }
  constexpr std::string_view kDictionary[] = {"", "service.name", "shop", "http.status"};
  SpanBatch batch;
  if (trace::decode_spans(views, rows, kDictionary, {}, batch)) {
    BINNACLE_CHECK(batch.validate(), "what decodes is a valid batch");
  }
  const trace::WantedKeys keys = {"http.status"};
  const trace::WantedSections some{
      .fixed = false, .attributes = true, .events = false, .attribute_keys = &keys};
  if (trace::decode_spans(views, rows, kDictionary, some, batch)) {
    BINNACLE_CHECK(batch.validate(), "what decodes is a valid batch");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::uint32_t> groups;
  switch (data[0] % 6) {
    case 0:
      row_group(bytes);
      break;
    case 1:
      static_cast<void>(trace::decode_directory(bytes));
      break;
    case 2:
      static_cast<void>(trace::decode_catalogue(bytes));
      break;
    case 3:
      static_cast<void>(trace::find_in_traces(bytes, 0x1234, groups));
      break;
    case 4:
      static_cast<void>(trace::decode_summary(bytes));
      break;
    default:
      static_cast<void>(trace::Removals::decode(bytes));
  }
  return 0;
}
