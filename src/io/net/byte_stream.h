#pragma once

#include "base/error.h"
#include "io/net/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <span>
#include <string>

// A connection's bytes, plain or over TLS, behind one interface: the HTTP state machine compiles
// once and includes no SSL headers. Internal to io/net. Thread-confined to its IoThread.

namespace binnacle {

/// Receives completions. Kept alive by the operation under way.
class ByteStreamUser {
 public:
  ByteStreamUser() = default;
  ByteStreamUser(const ByteStreamUser&) = delete;
  ByteStreamUser& operator=(const ByteStreamUser&) = delete;
  virtual ~ByteStreamUser() = default;
  virtual void on_handshake(boost::system::error_code error) = 0;
  virtual void on_read(boost::system::error_code error, std::size_t bytes) = 0;
  virtual void on_written(boost::system::error_code error, std::size_t bytes) = 0;
};

/// At most one read and one write at a time.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  virtual void start_handshake(std::shared_ptr<ByteStreamUser> user) = 0;
  virtual void start_read(boost::asio::mutable_buffer into,
                          std::shared_ptr<ByteStreamUser> user) = 0;
  /// Writes some of the bytes; the memory must stay until on_written.
  virtual void start_write(std::span<const boost::asio::const_buffer> from,
                           std::shared_ptr<ByteStreamUser> user) = 0;
  [[nodiscard]] virtual boost::asio::ip::tcp::socket& socket() noexcept = 0;
};

/// Shared by a listener's connections; immutable.
class TlsContext;

/// Loads certificate and key. kInvalidArgument names the file.
[[nodiscard]] Result<std::shared_ptr<TlsContext>> load_tls_context(const TlsConfig& config);

/// `tls` null: plain.
[[nodiscard]] std::unique_ptr<ByteStream> make_byte_stream(boost::asio::ip::tcp::socket socket,
                                                           const std::shared_ptr<TlsContext>& tls);

}  // namespace binnacle
