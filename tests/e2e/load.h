#pragma once

#include "tests/e2e/server_process.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Numbered export requests, one trace each, and what the server has of them afterwards. Free
// functions; any thread.
//
//   client.send(... request_of(17) ...);
//   EXPECT_EQ(missing(server, {17}), std::vector<std::uint64_t>{});

namespace binnacle::e2e {

constexpr std::size_t kSpansPerRequest = 20;

/// The trace id of request `number`, 32 hex digits.
[[nodiscard]] std::string trace_of(std::uint64_t number);

/// OTLP JSON of kSpansPerRequest spans. Each carries up to `noise_words` words of 16 random digits,
/// so that requests take space in the log and parts are written and merged meanwhile. The same
/// number gives the same bytes.
[[nodiscard]] std::string request_of(std::uint64_t number, std::uint64_t noise_words = 100);

/// How many spans each trace has; the order is that of `numbers`.
[[nodiscard]] std::vector<std::size_t> spans_of(const ServerProcess& server,
                                                const std::vector<std::uint64_t>& numbers);

/// Which of `numbers` are not there whole.
[[nodiscard]] std::vector<std::uint64_t> missing(const ServerProcess& server,
                                                 const std::vector<std::uint64_t>& numbers);

}  // namespace binnacle::e2e
