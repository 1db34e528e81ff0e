#include <binnacle/integrations/beast.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <iostream>
#include <string>

// A server with Boost.Beast: each request is a span that descends from the caller's, and what the
// handler does descends from it.
//
//   $ beast_server 2              # serves two requests on a free port, which it prints first
//   40123

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

namespace {

http::response<http::string_body> answer(const http::request<http::string_body>& request) {
  auto work = binnacle::start_active_span("find bid");
  const auto target = request.target();
  const bool is_found = target.substr(0, target.find('?')) == "/bids/17";
  work.set_attribute("bid.is_found", is_found);
  http::response<http::string_body> response(is_found ? http::status::ok : http::status::not_found,
                                             request.version());
  response.body() = is_found ? "{\"bid\":17}\n" : "no such bid\n";
  response.prepare_payload();
  return response;
}

void serve_one(Tcp::acceptor& acceptor) {
  Tcp::socket socket = acceptor.accept();
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(socket, buffer, request);
  binnacle::beast::ServerRequest traced(request, "/bids/{id}");
  const auto response = answer(request);
  traced.set_response(response);
  http::write(socket, response);
}

}  // namespace

int main(int argc, char** argv) try {
  binnacle::init_observability();
  asio::io_context io;
  Tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::cout << acceptor.local_endpoint().port() << std::endl;
  for (int left = argc > 1 ? std::stoi(argv[1]) : 1; left > 0; --left) serve_one(acceptor);
  return binnacle::shutdown(5000) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
