#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

// gzip for request bodies, with its memory kept between them. Thread-confined.

namespace binnacle::sdk {

class GzipWriter {
 public:
  GzipWriter() = default;
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;
  ~GzipWriter();

  /// False if memory lacks.
  bool set_up() noexcept;
  /// Appends the compressed form of `body` to `out`.
  void append(std::string& out, std::string_view body);

 private:
  z_stream deflater_{};
  bool is_ready_ = false;
};

}  // namespace binnacle::sdk
