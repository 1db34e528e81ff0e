#include "io/net/http_connection.h"

#include "base/check.h"
#include "io/net/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace binnacle {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Bytes asked for per read: bodies of typical exports (10 to 100 KB) arrive in one or two.
constexpr std::size_t kReadBytes = 32 * 1024;
/// Pipelined bytes buffered while a request is handled; more wait in the kernel.
constexpr std::size_t kPipelineBytes = 64 * 1024;
/// A refused client that still sends is read and ignored for so long and so much, because closing a
/// socket with unread data resets it and the refusal never arrives (RFC 9112, 9.6).
constexpr std::int64_t kLingerNs = 2 * kNanosPerSecond;
constexpr std::uint64_t kLingerBytes = 64ULL * 1024 * 1024;
/// Retry-After of refusals for load: exporters back off from seconds on.
constexpr std::int64_t kLoadRetryNs = kNanosPerSecond;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool changes_state(HttpMethod method) noexcept {
  return method != HttpMethod::kGet && method != HttpMethod::kHead &&
         method != HttpMethod::kOptions;
}

/// "http://host/path" (absolute-form, RFC 9112, 3.2.2) to "/path".
std::string_view origin_form(std::string_view target) noexcept {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const std::size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

Counter& response_counter(HttpProbe& probe, int status) noexcept {
  if (status >= 500) return probe.responses_5xx;
  if (status >= 400) return probe.responses_4xx;
  if (status >= 300) return probe.responses_3xx;
  return probe.responses_2xx;
}

}  // namespace

HttpConnection::HttpConnection(HttpServerCore& core,
                               std::shared_ptr<const HttpListenerState> listener,
                               std::shared_ptr<IoThread> thread, asio::ip::tcp::socket socket)
    : core_(core),
      listener_(std::move(listener)),
      thread_(std::move(thread)),
      stream_(make_byte_stream(std::move(socket), listener_->tls)),
      timer_(thread_->context()) {
  error_code error;
  const asio::ip::tcp::endpoint remote = stream_->socket().remote_endpoint(error);
  if (!error) peer_ = {remote.address().to_string(), remote.port()};
  stream_->socket().set_option(asio::ip::tcp::no_delay(true), error);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  set_deadline(core_.config.header_timeout_ns);
  stream_->start_handshake(shared_from_this());
}

void HttpConnection::on_handshake(error_code error) {
  if (state_ != State::kHandshake) return;
  if (error) return close();
  state_ = State::kIdle;
  read_more();
}

void HttpConnection::drain() {
  if (state_ == State::kHandshake || state_ == State::kIdle) return close();
  keep_alive_ = false;
}

void HttpConnection::close() {
  if (state_ == State::kClosed) return;
  if (state_ == State::kHandling || state_ == State::kWriting) {
    core_.probe.requests_in_flight.add(-1);
  }
  state_ = State::kClosed;
  if (cancel_) cancel_->cancel();
  error_code ignored;
  stream_->socket().close(ignored);
  timer_.cancel();
  parser_.reset();
  response_ = {};
  thread_->connections.erase(shared_from_this());
  core_.probe.connections_open.add(-1);
  {
    const std::lock_guard lock(core_.mutex);
    --core_.open_connections;
  }
  core_.connection_closed.notify_all();
}

// ---- reading ----

void HttpConnection::read_more() {
  if (reading_ || read_closed_ || state_ == State::kClosed) return;
  if (input_begin_ == input_end_) {
    input_begin_ = input_end_ = 0;
  } else if (input_begin_ > 0) {
    std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  if (input_.size() - input_end_ < kReadBytes) input_.resize(input_end_ + kReadBytes);
  reading_ = true;
  stream_->start_read(asio::buffer(input_.data() + input_end_, kReadBytes), shared_from_this());
}

void HttpConnection::on_read(error_code error, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (error) return on_read_closed();
  if (state_ == State::kLingering) {
    lingered_bytes_ += bytes;
    if (lingered_bytes_ > kLingerBytes) return close();
    return read_more();
  }
  input_end_ += bytes;
  if (state_ == State::kHandling || state_ == State::kWriting) {
    if (input_end_ - input_begin_ < kPipelineBytes) read_more();
    return;
  }
  parse_buffered();
}

void HttpConnection::on_read_closed() {
  read_closed_ = true;
  if (state_ != State::kHandling && state_ != State::kWriting) return close();
  // The client may only have closed its sending half: the answer is still tried.
  keep_alive_ = false;
  if (state_ == State::kHandling && cancel_) {
    core_.probe.clients_gone.add();
    cancel_->cancel();
  }
}

HttpRequestParser& HttpConnection::parser() {
  BINNACLE_CHECK(parser_.has_value(), "there is a request");
  return *parser_;
}

bool HttpConnection::begin_request() {
  // A few stray line ends before a request are tolerated (RFC 9112, 2.2).
  while (input_begin_ < input_end_ &&
         (input_[input_begin_] == '\r' || input_[input_begin_] == '\n')) {
    ++input_begin_;
  }
  if (input_begin_ == input_end_) return false;
  parser_.emplace(core_.config.header_limit_bytes, &core_.bodies);
  route_ = nullptr;
  origin_ = OriginVerdict::kSame;
  exchange_ = {};
  cancel_.reset();
  state_ = State::kHeader;
  set_deadline(core_.config.header_timeout_ns);
  return true;
}

void HttpConnection::parse_buffered() {
  while (state_ == State::kIdle || state_ == State::kHeader || state_ == State::kBody) {
    if (state_ == State::kIdle && !begin_request()) break;
    const std::size_t used =
        parser().parse({input_.data() + input_begin_, input_end_ - input_begin_});
    input_begin_ += used;
    if (state_ == State::kBody) core_.probe.received_bytes.add(used);
    if (parser().refusal() != ParseRefusal::kNone) return refuse_while_parsing();
    if (state_ == State::kHeader && parser().is_header_done()) {
      on_header();
      if (state_ != State::kBody) return;
    }
    if (parser().is_done()) return dispatch();
    if (input_begin_ == input_end_) break;
    if (used == 0) {
      // What is left is one unfinished line of chunk framing or trailer.
      if (input_end_ - input_begin_ > core_.config.header_limit_bytes) {
        core_.probe.malformed.add();
        return refuse(HttpResponse::text(400, "chunk extensions or trailers are too long\n"));
      }
      break;
    }
  }
  read_more();
}

void HttpConnection::on_header() {
  HttpRequest& request = parser().request;
  request.peer = peer_;
  request.listener = listener_->config.name;
  request.secure = listener_->tls != nullptr;
  core_.probe.requests.add();
  keep_alive_ = parser().keep_alive() && !core_.draining.load(std::memory_order_relaxed);
  exchange_.http11 = parser().http11;
  exchange_.head = parser().method_known && request.method == HttpMethod::kHead;
  exchange_.accepts_gzip = accepts_gzip(request.headers.get("Accept-Encoding"));
  exchange_.gzip_threshold_bytes = core_.config.gzip_threshold_bytes;
  if (std::optional<HttpResponse> refusal = check_request(request)) {
    return refuse(*std::move(refusal));
  }
  state_ = State::kBody;
  expect_body();
}

std::optional<HttpResponse> HttpConnection::check_request(HttpRequest& request) {
  if (!parser().method_known) {
    return HttpResponse::text(501,
                              fmt::format("method '{}' is not supported\n",
                                          std::string_view(parser().method_text).substr(0, 32)));
  }
  const unsigned hosts = parser().host_fields;
  if (hosts > 1 || (hosts == 0 && parser().http11)) {
    return HttpResponse::text(400, "exactly one host header is needed\n");
  }
  request.target = std::string(origin_form(request.target));
  const std::size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (!request.path.starts_with('/') && request.path != "*") {
    return HttpResponse::text(400, "the request target must start with /\n");
  }
  if (auto refusal = check_origin(request)) return refusal;
  if (question != std::string::npos) {
    std::string_view text = std::string_view(request.target).substr(question + 1);
    Result<QueryParameters> query = parse_query(text.substr(0, text.find('#')));
    if (!query) return HttpResponse::text(400, query.error().message + "\n");
    request.query = *std::move(query);
  }
  if (auto refusal = find_route(request)) return refusal;
  if (listener_->config.gate) {
    if (auto refusal = listener_->config.gate(request)) return refusal;
  }
  return check_body_headers(request);
}

std::optional<HttpResponse> HttpConnection::check_origin(HttpRequest& request) {
  const std::string_view host = request.headers.get("Host");
  const bool named = parser().host_fields > 0;
  if (listener_->loopback && named && !host_allowed(host, listener_->config.allowed_hosts)) {
    core_.probe.forbidden_hosts.add();
    return HttpResponse::text(
        403, fmt::format("host '{}' is not served on a loopback address; use localhost or add the "
                         "name to the allowed hosts\n",
                         host.substr(0, 256)));
  }
  const std::string_view origin = request.headers.get("Origin");
  origin_ = judge_origin(origin, host, listener_->config.cors);
  if (origin_ == OriginVerdict::kAllowed) exchange_.allow_origin = origin;
  const bool preflight = request.method == HttpMethod::kOptions && !origin.empty() &&
                         request.headers.has("Access-Control-Request-Method");
  if (preflight && listener_->config.cors) return preflight_response(request, origin_);
  if (origin_ == OriginVerdict::kForeign && changes_state(request.method)) {
    return HttpResponse::text(403, fmt::format("origin '{}' may not send requests here; add it to "
                                               "the allowed CORS origins\n",
                                               origin.substr(0, 256)));
  }
  return std::nullopt;
}

std::optional<HttpResponse> HttpConnection::find_route(HttpRequest& request) {
  Result<HttpRouteMatch> match = listener_->router->match(request.method, request.path);
  if (!match) return HttpResponse::text(400, match.error().message + "\n");
  route_ = match->route;
  request.path_parameters = std::move(match->parameters);
  if (route_ != nullptr) return std::nullopt;
  if (match->allowed.empty()) {
    return HttpResponse::text(404, fmt::format("no such path on this port: {}\n",
                                               std::string_view(request.path).substr(0, 256)));
  }
  std::string allow;
  for (const HttpMethod method : match->allowed) {
    if (!allow.empty()) allow += ", ";
    allow += to_string(method);
  }
  return HttpResponse::text(405, fmt::format("this path answers to: {}\n", allow))
      .header("Allow", allow);
}

std::optional<HttpResponse> HttpConnection::check_body_headers(HttpRequest& request) {
  if (parser().has_transfer_encoding && !parser().chunked()) {
    return render_refusal(
        501, {ErrorCode::kUnimplemented, "the only transfer-encoding supported is chunked"});
  }
  const auto length = parser().content_length();
  if (route_->options.needs_body && !length && !parser().chunked()) {
    return render_refusal(411,
                          {ErrorCode::kInvalidArgument,
                           "a body is needed: send content-length or transfer-encoding chunked"});
  }
  const std::uint64_t limit = route_->options.body_limit_bytes != 0
                                  ? route_->options.body_limit_bytes
                                  : core_.config.body_limit_bytes;
  parser().set_body_limit(limit);
  if (length && *length > limit) {
    core_.probe.body_too_large.add();
    return render_refusal(413, {ErrorCode::kInvalidArgument,
                                fmt::format("the body has {} bytes, the limit is {}; send smaller "
                                            "batches",
                                            *length, limit)});
  }
  const std::string_view expect = request.headers.get("Expect");
  if (!expect.empty() && !equal_ignoring_case(expect, "100-continue")) {
    return render_refusal(
        417, {ErrorCode::kInvalidArgument, "the only expectation supported is 100-continue"});
  }
  return std::nullopt;
}

void HttpConnection::expect_body() {
  if (parser().is_done()) return;
  set_deadline(core_.config.body_timeout_ns);
  const bool waits = parser().http11 && input_begin_ == input_end_ &&
                     equal_ignoring_case(parser().request.headers.get("Expect"), "100-continue");
  if (!waits) return;
  const asio::const_buffer interim = asio::buffer(kContinue.data(), kContinue.size());
  writing_interim_ = true;
  stream_->start_write({&interim, 1}, shared_from_this());
}

// ---- handling ----

HttpResponse HttpConnection::render_refusal(int status, const Error& error) {
  if (route_ != nullptr && route_->options.render_refusal) {
    HttpResponse response = route_->options.render_refusal(parser().request, status, error);
    response.status = status;
    return response;
  }
  return HttpResponse::text(status, error.message + "\n");
}

void HttpConnection::refuse_while_parsing() {
  Error error{ErrorCode::kInvalidArgument, parser().refusal_text()};
  switch (parser().refusal()) {
    case ParseRefusal::kHeaderTooLarge:
      core_.probe.header_too_large.add();
      return refuse(HttpResponse::text(431, error.message + "\n"));
    case ParseRefusal::kBodyTooLarge:
      core_.probe.body_too_large.add();
      return refuse(render_refusal(413, error));
    case ParseRefusal::kOverBudget:
      core_.probe.bodies_over_budget.add();
      error.code = ErrorCode::kUnavailable;
      error.retry_after_ns = kLoadRetryNs;
      return refuse(
          render_refusal(503, error).header("Retry-After", retry_after_seconds(kLoadRetryNs)));
    default:
      core_.probe.malformed.add();
      return refuse(HttpResponse::text(400, error.message + "\n"));
  }
}

/// Answers without a handler. The connection goes on only if the whole request was read.
void HttpConnection::refuse(HttpResponse&& response) {
  const bool complete = parser().refusal() == ParseRefusal::kNone && parser().is_done();
  if (!complete) keep_alive_ = false;
  if (state_ != State::kHandling) core_.probe.requests_in_flight.add(1);
  state_ = State::kHandling;
  respond(prepare_response(std::move(response), exchange_, core_.clock));
}

HttpResponder HttpConnection::make_responder() {
  // The connection is only ever held on its own thread: here it is but weakly known.
  return HttpResponder([weak = weak_from_this(), thread = thread_, exchange = exchange_,
                        clock = &core_.clock](HttpResponse&& response) mutable {
    PreparedResponse prepared = prepare_response(std::move(response), exchange, *clock);
    thread->post([weak = std::move(weak), prepared = std::move(prepared)]() mutable {
      if (const auto connection = weak.lock()) connection->respond(std::move(prepared));
    });
  });
}

void HttpConnection::dispatch() {
  state_ = State::kHandling;
  clear_deadline();
  core_.probe.requests_in_flight.add(1);
  HttpRequest& request = parser().request;
  request.received_steady_ns = core_.clock.steady_now_ns();
  request.cancel = cancel_.emplace().token();
  if (route_->options.run == HttpRun::kInline) {
    route_->handler(std::move(request), make_responder());
  } else {
    const bool taken = core_.workers.try_submit([&] {
      return [route = route_, router = listener_->router, call = std::move(request),
              responder = make_responder()]() mutable {
        route->handler(std::move(call), std::move(responder));
      };
    });
    if (!taken) {
      core_.probe.worker_queue_full.add();
      return refuse(
          render_refusal(503, {ErrorCode::kUnavailable,
                               "too many requests wait to be handled; try again", kLoadRetryNs})
              .header("Retry-After", retry_after_seconds(kLoadRetryNs)));
    }
  }
  if (input_end_ - input_begin_ < kPipelineBytes) read_more();
}

// ---- answering ----

void HttpConnection::respond(PreparedResponse&& response) {
  if (state_ != State::kHandling) return;
  state_ = State::kWriting;
  if (core_.draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  if (response.source && !response.chunked) keep_alive_ = false;
  response_ = std::move(response);
  finish_head(response_, keep_alive_, exchange_.http11);
  response_counter(core_.probe, response_.status).add();
  const std::string_view body = response_.body();
  pieces_[0] = asio::buffer(response_.head);
  pieces_[1] = asio::buffer(body.data(), body.size());
  piece_count_ = body.empty() ? 1 : 2;
  source_done_ = response_.source == nullptr;
  if (!writing_interim_) write_pieces();
}

void HttpConnection::write_pieces() {
  set_deadline(core_.config.write_timeout_ns);
  stream_->start_write({pieces_.data(), piece_count_}, shared_from_this());
}

void HttpConnection::on_written(error_code error, std::size_t bytes) {
  if (state_ == State::kClosed) return;
  if (error) return close();
  core_.probe.sent_bytes.add(bytes);
  if (writing_interim_) {
    writing_interim_ = false;
    // 25 bytes into an empty socket buffer: written at once or the connection is of no use.
    if (bytes != kContinue.size()) return close();
    if (state_ == State::kWriting) write_pieces();
    return;
  }
  std::size_t first = 0;
  while (first < piece_count_ && bytes >= pieces_[first].size()) bytes -= pieces_[first++].size();
  if (first == piece_count_) return on_answer_written();
  pieces_[first] += bytes;
  std::copy(pieces_.begin() + static_cast<std::ptrdiff_t>(first),
            pieces_.begin() + static_cast<std::ptrdiff_t>(piece_count_), pieces_.begin());
  piece_count_ -= first;
  write_pieces();
}

void HttpConnection::on_answer_written() {
  if (!source_done_) return pull_source();
  finish_exchange();
}

void HttpConnection::pull_source() {
  clear_deadline();
  core_.workers.submit_continuation([weak = weak_from_this(), thread = thread_,
                                     source = std::move(response_.source),
                                     chunk = std::move(chunk_)]() mutable {
    chunk.clear();
    Result<bool> more = source(chunk);
    thread->post([weak = std::move(weak), more = std::move(more), chunk = std::move(chunk),
                  source = std::move(source)]() mutable {
      if (const auto connection = weak.lock()) {
        connection->on_source_chunk(std::move(more), std::move(chunk), std::move(source));
      }
    });
  });
}

void HttpConnection::on_source_chunk(Result<bool> more, std::string&& chunk,
                                     HttpBodySource&& source) {
  if (state_ != State::kWriting) return;
  // A broken answer must not look like a short one: no last chunk, the connection ends.
  if (!more) return close();
  response_.source = std::move(source);
  chunk_ = std::move(chunk);
  if (*more && chunk_.empty()) return pull_source();
  source_done_ = !*more;
  if (!response_.chunked) {
    if (chunk_.empty()) return finish_exchange();
    pieces_[0] = asio::buffer(chunk_);
    piece_count_ = 1;
    return write_pieces();
  }
  chunk_size_ = chunk_.empty() ? std::string() : fmt::format("{:x}\r\n", chunk_.size());
  const std::string_view end = chunk_.empty() ? std::string_view("0\r\n\r\n")
                               : source_done_ ? std::string_view("\r\n0\r\n\r\n")
                                              : std::string_view("\r\n");
  pieces_[0] = asio::buffer(chunk_size_);
  pieces_[1] = asio::buffer(chunk_);
  pieces_[2] = asio::buffer(end.data(), end.size());
  piece_count_ = 3;
  write_pieces();
}

void HttpConnection::finish_exchange() {
  core_.probe.requests_in_flight.add(-1);
  response_ = {};
  parser_.reset();
  if (!keep_alive_ || core_.draining.load(std::memory_order_relaxed)) return linger();
  state_ = State::kIdle;
  set_deadline(core_.config.idle_timeout_ns);
  // A read may be pending into the buffer's tail; what is before it can be parsed all the same,
  // because only read_more() moves the buffer, and not while a read is pending.
  parse_buffered();
}

void HttpConnection::linger() {
  state_ = State::kLingering;
  error_code ignored;
  stream_->socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (read_closed_) return close();
  input_begin_ = input_end_ = 0;
  set_deadline(kLingerNs);
  read_more();
}

// ---- time ----

/// One timer per connection, armed lazily: moving the deadline later costs a store, and the timer
/// re-arms itself when it fires early.
void HttpConnection::set_deadline(std::int64_t from_now_ns) {
  const std::int64_t now = core_.clock.steady_now_ns();
  deadline_steady_ns_ = now + from_now_ns;
  if (!timer_armed_ || timer_steady_ns_ > deadline_steady_ns_) arm_timer(from_now_ns);
}

void HttpConnection::arm_timer(std::int64_t in_ns) {
  timer_armed_ = true;
  timer_steady_ns_ = core_.clock.steady_now_ns() + in_ns;
  timer_.expires_after(std::chrono::nanoseconds(in_ns));
  timer_.async_wait([self = shared_from_this()](error_code error) {
    // Re-arming cancels the wait before: only the latest counts.
    if (!error) self->on_timer();
  });
}

void HttpConnection::on_timer() {
  timer_armed_ = false;
  if (state_ == State::kClosed || deadline_steady_ns_ == 0) return;
  const std::int64_t left = deadline_steady_ns_ - core_.clock.steady_now_ns();
  if (left > 0) return arm_timer(left);
  deadline_steady_ns_ = 0;
  on_deadline();
}

void HttpConnection::on_deadline() {
  switch (state_) {
    case State::kHeader:
    case State::kBody:
      core_.probe.timeouts.add();
      return refuse(render_refusal(
          408, {ErrorCode::kDeadlineExceeded, "the request did not arrive in time"}));
    case State::kWriting:
      core_.probe.timeouts.add();
      return close();
    case State::kHandshake:
    case State::kIdle:
    case State::kLingering:
      return close();
    case State::kHandling:
    case State::kClosed:
      return;
  }
}

}  // namespace binnacle
