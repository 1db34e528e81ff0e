#pragma once

#include <binnacle/apm.h>
#include <curl/curl.h>

#include <cstring>
#include <string_view>

// Trace context in the requests of libcurl. Header-only; stateless.
//
//   curl_slist* headers = nullptr;
//   headers = curl_slist_append(headers, "content-type: application/json");
//   headers = binnacle::curl::add_trace_context(headers);
//   curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);     // free the list after the transfer

namespace binnacle {
inline namespace v1 {
namespace curl {

/// Appends traceparent (and tracestate, baggage if there are any) to a header list, which may be
/// null, and returns the list. If memory runs out the list comes back with what fitted.
inline curl_slist* add_trace_context(curl_slist* headers,
                                     const Context& context = current_context()) {
  add_trace_context_to_headers(
      [&headers](std::string_view name, std::string_view value) {
        // The longest value is baggage: 8192 bytes (W3C Baggage).
        char line[8192 + 32];
        if (name.size() + value.size() + 3 > sizeof line) return;
        std::memcpy(line, name.data(), name.size());
        std::memcpy(line + name.size(), ": ", 2);
        std::memcpy(line + name.size() + 2, value.data(), value.size());
        line[name.size() + 2 + value.size()] = '\0';
        if (curl_slist* grown = curl_slist_append(headers, line)) headers = grown;
      },
      context);
  return headers;
}

}  // namespace curl
}  // namespace v1
}  // namespace binnacle
