#pragma once

#include <string_view>

// What a transport has to know of a format: where its receivers listen and how its bodies are
// announced. One constant per encoder: `JaegerThriftEncoder::kFormat`.

namespace binnacle::sdk {

struct SpanFormat {
  std::string_view content_type;
  std::string_view default_endpoint;  ///< scheme, host and port of a receiver on this machine
  std::string_view path;              ///< behind the endpoint, with the query if there is one
};

}  // namespace binnacle::sdk
