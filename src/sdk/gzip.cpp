#include "sdk/gzip.h"

namespace binnacle::sdk {

GzipWriter::~GzipWriter() {
  if (is_ready_) deflateEnd(&deflater_);
}

bool GzipWriter::set_up() noexcept {
  // Level 1: of zlib's levels it takes least time per byte saved on span batches. Window bits
  // 15 + 16 ask for a gzip wrapper.
  is_ready_ = deflateInit2(&deflater_, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  return is_ready_;
}

void GzipWriter::append(std::string& out, std::string_view body) {
  deflateReset(&deflater_);
  const std::size_t before = out.size();
  const std::size_t room = deflateBound(&deflater_, static_cast<uLong>(body.size()));
  out.resize(before + room);
  deflater_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  deflater_.avail_in = static_cast<uInt>(body.size());
  deflater_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
  deflater_.avail_out = static_cast<uInt>(room);
  deflate(&deflater_, Z_FINISH);  // cannot fall short: the output has deflateBound's room
  out.resize(out.size() - deflater_.avail_out);
}

}  // namespace binnacle::sdk
