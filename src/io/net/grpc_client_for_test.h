#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A blocking unary call with grpc++'s own generic client, for tests. Bytes in, bytes out.
//
//   GrpcTestClient client(port);
//   auto answer = client.call("/pkg.Service/Method", message);

namespace binnacle {

struct GrpcAnswer {
  grpc::Status status;
  std::string message;
};

class GrpcTestClient {
 public:
  explicit GrpcTestClient(std::uint16_t port) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("ipv4:127.0.0.1:" + std::to_string(port),
                                         grpc::InsecureChannelCredentials(), arguments);
  }

  GrpcAnswer call(const std::string& method, std::string_view message,
                  grpc_compression_algorithm compression = GRPC_COMPRESS_NONE,
                  int timeout_ms = 10'000) {
    grpc::ClientContext context;
    context.set_compression_algorithm(compression);
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
    context.set_deadline(deadline);
    context.AddMetadata("x-tenant", "t1");
    return call(context, method, message);
  }

  GrpcAnswer call(grpc::ClientContext& context, const std::string& method,
                  std::string_view message) {
    const grpc::Slice slice(message.data(), message.size());
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    grpc::GenericStub stub(channel_);
    stub.UnaryCall(&context, method, {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    GrpcAnswer answer{done.get_future().get(), {}};
    std::vector<grpc::Slice> slices;
    if (answer.status.ok() && response.Dump(&slices).ok()) {
      for (const grpc::Slice& piece : slices) {
        answer.message.append(reinterpret_cast<const char*>(piece.begin()), piece.size());
      }
    }
    return answer;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace binnacle
