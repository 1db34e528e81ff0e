#include "codec/proto_reader.h"

#include <bit>

namespace binnacle::codec {

static_assert(std::endian::native == std::endian::little, "fixed fields are little-endian");

bool ProtoReader::next_long_tag() noexcept {
  std::uint64_t tag = 0;
  const char* after = read_varint(p_, end_, tag);
  if (after == nullptr) {
    fail("tag is truncated or longer than 10 bytes");
    return false;
  }
  if ((tag >> 3) == 0 || tag > 0xFFFF'FFFF) {
    fail("field number is not between 1 and 2^29-1");
    return false;
  }
  tag_ = static_cast<std::uint32_t>(tag);
  p_ = after;
  return true;
}

void ProtoReader::skip() noexcept {
  switch (static_cast<ProtoWire>(tag_ & 7)) {
    case ProtoWire::kVarint:
      varint();
      return;
    case ProtoWire::kFixed64:
      fixed64();
      return;
    case ProtoWire::kBytes:
      bytes();
      return;
    case ProtoWire::kFixed32:
      fixed32();
      return;
    case ProtoWire::kGroupBegin:
      skip_group();
      return;
    case ProtoWire::kGroupEnd:
      fail_field("group ends that did not begin");
      return;
  }
  fail_field("wire type does not exist");
}

void ProtoReader::skip_group() noexcept {
  std::uint32_t open[kMaxGroupDepth];
  int depth = 0;
  open[depth++] = field();
  while (depth > 0) {
    if (!next()) {
      if (!failed()) fail("group is not closed");
      return;
    }
    const auto wire = static_cast<ProtoWire>(tag_ & 7);
    if (wire == ProtoWire::kGroupBegin) {
      if (depth == kMaxGroupDepth) return fail_field("groups nest deeper than 100");
      open[depth++] = field();
    } else if (wire == ProtoWire::kGroupEnd) {
      if (open[--depth] != field()) return fail_field("group is closed by another's end");
    } else {
      skip();
    }
  }
}

}  // namespace binnacle::codec
