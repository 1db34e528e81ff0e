#include "io/net/byte_stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <fmt/format.h>

#include <array>
#include <utility>

namespace binnacle {

namespace asio = boost::asio;
using boost::system::error_code;

class TlsContext {
 public:
  asio::ssl::context context{asio::ssl::context::tls_server};
};

namespace {

/// Head, body and a chunk's end: no answer has more pieces.
constexpr std::size_t kMaxPieces = 4;

/// A fixed-size copy of the pieces, so that the write operation owns its buffer list.
struct Pieces {
  std::array<asio::const_buffer, kMaxPieces> buffers;
  std::size_t count = 0;
  explicit Pieces(std::span<const asio::const_buffer> from)
      : count(std::min(from.size(), kMaxPieces)) {
    std::copy_n(from.begin(), count, buffers.begin());
  }
  [[nodiscard]] const asio::const_buffer* begin() const { return buffers.data(); }
  [[nodiscard]] const asio::const_buffer* end() const { return buffers.data() + count; }
};

template <typename Stream>
void read_from(Stream& stream, asio::mutable_buffer into, std::shared_ptr<ByteStreamUser> user) {
  stream.async_read_some(into, [user = std::move(user)](error_code error, std::size_t bytes) {
    user->on_read(error, bytes);
  });
}

template <typename Stream>
void write_to(Stream& stream, std::span<const asio::const_buffer> from,
              std::shared_ptr<ByteStreamUser> user) {
  stream.async_write_some(Pieces(from),
                          [user = std::move(user)](error_code error, std::size_t bytes) {
                            user->on_written(error, bytes);
                          });
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  void start_handshake(std::shared_ptr<ByteStreamUser> user) override {
    asio::post(socket_.get_executor(), [user = std::move(user)] { user->on_handshake({}); });
  }
  void start_read(asio::mutable_buffer into, std::shared_ptr<ByteStreamUser> user) override {
    read_from(socket_, into, std::move(user));
  }
  void start_write(std::span<const asio::const_buffer> from,
                   std::shared_ptr<ByteStreamUser> user) override {
    write_to(socket_, from, std::move(user));
  }
  asio::ip::tcp::socket& socket() noexcept override { return socket_; }

 private:
  asio::ip::tcp::socket socket_;
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> tls)
      : tls_(std::move(tls)), stream_(std::move(socket), tls_->context) {}

  void start_handshake(std::shared_ptr<ByteStreamUser> user) override {
    stream_.async_handshake(
        asio::ssl::stream_base::server,
        [user = std::move(user)](error_code error) { user->on_handshake(error); });
  }
  void start_read(asio::mutable_buffer into, std::shared_ptr<ByteStreamUser> user) override {
    read_from(stream_, into, std::move(user));
  }
  void start_write(std::span<const asio::const_buffer> from,
                   std::shared_ptr<ByteStreamUser> user) override {
    write_to(stream_, from, std::move(user));
  }
  asio::ip::tcp::socket& socket() noexcept override { return stream_.next_layer(); }

 private:
  std::shared_ptr<TlsContext> tls_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> load_tls_context(const TlsConfig& config) {
  auto tls = std::make_shared<TlsContext>();
  error_code error;
  tls->context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                               asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                               asio::ssl::context::no_tlsv1_1,
                           error);
  if (!error) tls->context.use_certificate_chain_file(config.certificate_path, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("tls certificate '{}': {}", config.certificate_path, error.message()));
  }
  tls->context.use_private_key_file(config.key_path, asio::ssl::context::pem, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("tls key '{}': {}", config.key_path, error.message()));
  }
  return tls;
}

std::unique_ptr<ByteStream> make_byte_stream(asio::ip::tcp::socket socket,
                                             const std::shared_ptr<TlsContext>& tls) {
  if (tls) return std::make_unique<TlsStream>(std::move(socket), tls);
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace binnacle
