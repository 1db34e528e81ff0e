#include "io/net/grpc_server.h"

#include "base/check.h"
#include "base/memory_budget.h"
#include "codec/decompress.h"
#include "io/net/rpc_status.h"

#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace binnacle {
namespace {

/// Status messages travel in trailers, whose size clients limit to 8 KB together.
constexpr std::size_t kStatusMessageBytes = 1024;
/// Headers of a call, compressed cookies and tokens included.
constexpr int kMetadataLimitBytes = 32 * 1024;
/// What refused callers are told to wait.
constexpr std::int64_t kLoadRetryNs = kNanosPerSecond;
constexpr std::string_view kHealthCheck = "/grpc.health.v1.Health/Check";

grpc::Status to_grpc_status(const Error& error) {
  Error shown = error;
  if (shown.message.size() > kStatusMessageBytes) shown.message.resize(kStatusMessageBytes);
  // RESOURCE_EXHAUSTED without RetryInfo means "do not send again" to OTLP clients.
  const bool retry = shown.retryable() && shown.retry_after_ns > 0;
  return {static_cast<grpc::StatusCode>(shown.code), shown.message,
          retry ? encode_rpc_status(shown) : std::string()};
}

/// What the handlers of all calls share.
struct Core {
  Core(const GrpcServerConfig& server_config, const Clock& server_clock)
      : config(server_config),
        clock(server_clock),
        messages("grpc_messages", server_config.messages_limit_bytes) {}

  GrpcServerConfig config;
  const Clock& clock;
  GrpcProbe probe;
  MemoryBudget messages;
  std::map<std::string, GrpcHandler, std::less<>> methods;  // constant once serving
};

/// Bytes of a message and who keeps them.
struct Message {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

/// The message as one piece; copied only when gRPC received it in several.
Message contiguous(const grpc::ByteBuffer& buffer) {
  auto slice = std::make_shared<grpc::Slice>();
  if (!buffer.TrySingleSlice(slice.get()).ok()) {
    std::vector<grpc::Slice> slices;
    auto joined = std::make_shared<std::string>();
    joined->reserve(buffer.Length());
    if (buffer.Dump(&slices).ok()) {
      for (const grpc::Slice& piece : slices) {
        joined->append(reinterpret_cast<const char*>(piece.begin()), piece.size());
      }
    }
    return {*joined, joined};
  }
  const std::string_view bytes(reinterpret_cast<const char*>(slice->begin()), slice->size());
  return {bytes, slice};
}

/// gRPC's own decompression is off, because it inflates before it looks at any limit. It also hides
/// the grpc-encoding header and the message's flag, so a compressed message is known by its first
/// bytes: gzip's 1f would be a tag of the impossible wire type 7, and zlib's 78 a varint field 15,
/// which no message that is served here has.
codec::Compression compression_of(std::string_view bytes) {
  if (bytes.size() < 2) return codec::Compression::kNone;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  if (first == 0x1F && second == 0x8B) return codec::Compression::kGzip;
  if (first == 0x78 && (first * 256U + second) % 31U == 0) return codec::Compression::kDeflate;
  return codec::Compression::kNone;
}

Result<Message> receive_message(const grpc::ByteBuffer& buffer, std::uint32_t limit_bytes) {
  Message message = contiguous(buffer);
  const codec::Compression compression = compression_of(message.bytes);
  if (compression != codec::Compression::kNone) {
    Result<std::string> plain =
        codec::decompress(compression, message.bytes, {.max_bytes = limit_bytes});
    if (!plain) return std::unexpected(plain.error().in("compressed message"));
    auto owner = std::make_shared<const std::string>(*std::move(plain));
    message = {*owner, owner};
  }
  return message;
}

/// One call from its first byte to OnDone, which destroys it. gRPC serialises its own callbacks
/// except OnCancel; the responder may finish from any thread.
class UnaryCall final : public grpc::ServerGenericBidiReactor {
 public:
  UnaryCall(Core& core, grpc::GenericCallbackServerContext& context)
      : core_(core), context_(context) {
    core_.probe.calls.add();
    core_.probe.calls_in_flight.add(1);
    begin();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return finish_with(Error{ErrorCode::kInvalidArgument,
                               "the call ended before a whole message arrived, or its message is "
                               "over the size limit"});
    }
    Status taken = take_message();
    request_buffer_.Clear();
    if (!taken) return finish_with(taken.error());
    (*handler_)(std::move(request_), GrpcResponder([this](Result<std::string>&& outcome) {
                  outcome ? finish_with(*std::move(outcome)) : finish_with(outcome.error());
                }));
  }

  void OnCancel() override { cancel_.cancel(); }

  void OnDone() override {
    core_.probe.calls_in_flight.add(-1);
    const std::unique_ptr<UnaryCall> self(this);
  }

 private:
  void begin() {
    const auto found = core_.methods.find(context_.method());
    if (found == core_.methods.end()) {
      core_.probe.unknown_methods.add();
      return finish_with(Error{ErrorCode::kUnimplemented, unknown_method()});
    }
    if (core_.probe.calls_in_flight.value() > core_.config.calls_limit) {
      core_.probe.over_limit.add();
      return finish_with(Error{
          ErrorCode::kResourceExhausted,
          fmt::format("more than {} calls at once; send again later", core_.config.calls_limit),
          kLoadRetryNs});
    }
    handler_ = &found->second;
    StartRead(&request_buffer_);
  }

  Status take_message() {
    for (const auto& [name, value] : context_.client_metadata()) {
      request_.metadata.add({name.data(), name.size()}, {value.data(), value.size()});
    }
    Result<Message> message = receive_message(request_buffer_, core_.config.message_limit_bytes);
    if (!message) return std::unexpected(message.error());
    core_.probe.received_bytes.add(message->bytes.size());
    Result<MemoryReservation> memory =
        MemoryReservation::take(&core_.messages, message->bytes.size());
    if (!memory) {
      core_.probe.over_limit.add();
      return fail(ErrorCode::kResourceExhausted, memory.error().message, kLoadRetryNs);
    }
    memory_ = *std::move(memory);
    request_.set_message(message->bytes, std::move(message->owner));
    request_.method = context_.method();
    request_.peer = context_.peer();
    request_.cancel = cancel_.token();
    request_.received_steady_ns = core_.clock.steady_now_ns();
    request_.deadline_steady_ns = deadline();
    return {};
  }

  /// The caller's deadline on the injected clock's steady time; 0 for none.
  [[nodiscard]] std::int64_t deadline() const {
    const gpr_timespec at = gpr_convert_clock_type(context_.raw_deadline(), GPR_CLOCK_REALTIME);
    if (gpr_time_cmp(at, gpr_inf_future(GPR_CLOCK_REALTIME)) == 0) return 0;
    const std::int64_t unix_ns = at.tv_sec * kNanosPerSecond + at.tv_nsec;
    return std::max<std::int64_t>(
        1, core_.clock.steady_now_ns() + (unix_ns - core_.clock.unix_now_ns()));
  }

  [[nodiscard]] std::string unknown_method() const {
    std::string known;
    for (const auto& [name, handler] : core_.methods) known += (known.empty() ? "" : ", ") + name;
    return fmt::format("method {} is not served here; served are {}",
                       context_.method().substr(0, 256), known);
  }

  void finish_with(const Error& error) {
    core_.probe.calls_failed.add();
    Finish(to_grpc_status(error));
  }

  void finish_with(std::string&& answer) {
    core_.probe.calls_ok.add();
    const grpc::Slice slice(answer);
    response_buffer_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&response_buffer_, {}, grpc::Status::OK);
  }

  Core& core_;
  grpc::GenericCallbackServerContext& context_;
  const GrpcHandler* handler_ = nullptr;
  grpc::ByteBuffer request_buffer_;
  grpc::ByteBuffer response_buffer_;
  GrpcRequest request_;
  MemoryReservation memory_;
  CancelSource cancel_;
};

class GenericService final : public grpc::CallbackGenericService {
 public:
  explicit GenericService(Core& core) : core_(core) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return std::make_unique<UnaryCall>(core_, *context).release();  // OnDone takes it back
  }

 private:
  Core& core_;
};

}  // namespace

GrpcResponder& GrpcResponder::operator=(GrpcResponder&& other) noexcept {
  if (this != &other) {
    GrpcResponder abandoned(std::move(*this));
    sink_ = std::exchange(other.sink_, nullptr);
  }
  return *this;
}

GrpcResponder::~GrpcResponder() {
  if (sink_) finish(fail(ErrorCode::kInternal, "the call was dropped without an answer"));
}

void GrpcResponder::finish(Result<std::string>&& outcome) {
  BINNACLE_CHECK(sink_ != nullptr, "a responder is used once");
  Sink sink = std::exchange(sink_, nullptr);
  sink(std::move(outcome));
}

class GrpcServer::Impl {
 public:
  Impl(const GrpcServerConfig& config, const Clock& clock) : core_(config, clock) {
    // HealthCheckResponse{status: SERVING}.
    core_.methods.emplace(kHealthCheck, [](GrpcRequest&&, GrpcResponder responder) {
      responder.finish(std::string("\x08\x01", 2));
    });
  }

  Core core_;
  GenericService service_{core_};
  std::vector<GrpcListenerConfig> listeners_;
  std::unique_ptr<grpc::Server> server_;

  Result<std::vector<std::uint16_t>> start() {
    BINNACLE_CHECK(server_ == nullptr, "start() is called once");
    grpc::ServerBuilder builder;
    std::vector<int> ports(listeners_.size(), 0);
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      const GrpcListenerConfig& l = listeners_[i];
      const bool v6 = l.address.find(':') != std::string::npos;
      builder.AddListeningPort(
          fmt::format("{}{}{}:{}", v6 ? "[" : "", l.address, v6 ? "]" : "", l.port),
          grpc::InsecureServerCredentials(), &ports[i]);
    }
    configure(builder);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return std::unexpected(listen_error(ports));
    return std::vector<std::uint16_t>(ports.begin(), ports.end());
  }

  void stop() {
    if (server_ == nullptr) return;
    // gRPC wants the deadline on its own clock.
    const gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                     gpr_time_from_nanos(core_.config.drain_timeout_ns, GPR_TIMESPAN));
    server_->Shutdown(deadline);
    server_.reset();
  }

 private:
  void configure(grpc::ServerBuilder& builder) const {
    const GrpcServerConfig& config = core_.config;
    // What compresses to the limit is inflated by receive_message, which has the same limit.
    builder.SetMaxReceiveMessageSize(static_cast<int>(
        std::min<std::uint32_t>(config.message_limit_bytes, std::numeric_limits<int>::max())));
    builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    // gRPC would share a taken port with whoever has it.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               static_cast<int>(config.streams_per_connection_limit));
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataLimitBytes);
    grpc::ResourceQuota quota("binnacle");
    quota.Resize(config.transport_memory_limit_bytes);
    builder.SetResourceQuota(quota);
  }

  [[nodiscard]] Error listen_error(const std::vector<int>& ports) const {
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i] != 0) continue;
      const GrpcListenerConfig& l = listeners_[i];
      return {ErrorCode::kAlreadyExists,
              fmt::format("{} {}:{}{}: the port is taken by another process, or the address is not "
                          "this machine's; stop it or choose another port",
                          l.name, l.address, l.port,
                          l.setting.empty() ? "" : fmt::format(" (setting {})", l.setting))};
    }
    return {ErrorCode::kInternal, "grpc did not start", 0};
  }
};

GrpcServer::GrpcServer(const GrpcServerConfig& config, const Clock& clock)
    : impl_(std::make_unique<Impl>(config, clock)) {}

GrpcServer::~GrpcServer() { stop(); }

void GrpcServer::add_unary(std::string_view method, GrpcHandler handler) {
  BINNACLE_CHECK(impl_->server_ == nullptr, "methods are added before start()");
  const bool added = impl_->core_.methods.emplace(method, std::move(handler)).second;
  BINNACLE_CHECK(added, "a method is added once");
}

void GrpcServer::listen(GrpcListenerConfig listener) {
  impl_->listeners_.push_back(std::move(listener));
}

Result<std::vector<std::uint16_t>> GrpcServer::start() { return impl_->start(); }

void GrpcServer::stop() { impl_->stop(); }

const GrpcProbe& GrpcServer::probe() const noexcept { return impl_->core_.probe; }

}  // namespace binnacle
