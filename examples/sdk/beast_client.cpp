#include <binnacle/integrations/beast.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <iostream>
#include <string>

// A request with Boost.Beast: it carries the context of its client span.
//
//   $ beast_client 127.0.0.1 40123 /bids/17

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

int main(int argc, char** argv) try {
  if (argc < 4) return 2;
  binnacle::init_observability();
  {
    auto job = binnacle::start_active_span("look a bid up");
    asio::io_context io;
    Tcp::socket socket(io);
    asio::connect(socket, Tcp::resolver(io).resolve(argv[1], argv[2]));
    http::request<http::empty_body> request(http::verb::get, argv[3], 11);
    request.set(http::field::host, std::string(argv[1]) + ":" + argv[2]);

    binnacle::beast::ClientRequest traced(request, argv[1],
                                          static_cast<unsigned short>(std::stoi(argv[2])), "http");
    http::write(socket, request);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    traced.set_response(response);

    std::cout << response.result_int() << ' ' << response.body();
  }
  return binnacle::shutdown(5000) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
