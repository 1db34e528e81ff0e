#pragma once

#include "sdk/formats/encoded_batch.h"

#include <string>

// Spans as text for people, a line each:
//
//   2026-11-27T23:14:43.123456Z SERVER "GET /offers" 12.300 ms ERROR "timed out" trace=0af7...
//     span=b7ad... parent=00f0... {http.route="/offers", tries=3} events=[exception] links=1
//
// (without the break). Control characters are escaped, so that recorded text cannot drive a
// terminal. Thread-confined (the export thread).

namespace binnacle::sdk {

class ConsoleEncoder final : public SpanEncoder {
 public:
  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return spans_; }
  std::size_t byte_count() const noexcept override { return text_.size(); }
  EncodedBatch finish() override;

 private:
  std::string text_;
  std::size_t spans_ = 0;
};

}  // namespace binnacle::sdk
