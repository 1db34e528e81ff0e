#include "sdk/scrape/scrape_server.h"

#include "sdk/scrape/gzip_text.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace binnacle::sdk {

namespace {

// A page below this is sent as it is: compressing it costs more than it saves on any network.
constexpr std::size_t kGzipFromBytes = 4096;

std::string last_error() { return std::strerror(errno); }

/// Closes a descriptor and forgets it.
void close_descriptor(int& descriptor) noexcept {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

bool is_loopback(const sockaddr* address) noexcept {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return ntohl(v4->sin_addr.s_addr) >> 24U == 127;
  }
  if (address->sa_family != AF_INET6) return false;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr) != 0;
}

std::uint16_t port_of(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

std::unique_ptr<addrinfo, FreeAddresses> resolve(const std::string& host, std::uint16_t port,
                                                 std::string& problem) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) problem = "cannot resolve '" + host + "': " + gai_strerror(code);
  return std::unique_ptr<addrinfo, FreeAddresses>(code == 0 ? found : nullptr);
}

}  // namespace

ScrapeServer::ScrapeServer(ScrapeServerOptions options, Render render)
    : options_(std::move(options)), render_(std::move(render)) {
  rules_.path = options_.path;
}

std::unique_ptr<ScrapeServer> ScrapeServer::start(ScrapeServerOptions options, Render render,
                                                  std::string& problem) {
  std::unique_ptr<ScrapeServer> server(new ScrapeServer(std::move(options), std::move(render)));
  const std::uint16_t wanted = server->options_.port;
  if (!server->listen_on(wanted, problem)) {
    const bool moves = wanted != 0 && server->options_.may_move;
    if (!moves || !server->listen_on(0, problem)) return nullptr;
  }
  if (!server->start_thread(problem)) return nullptr;
  return server;
}

ScrapeServer::~ScrapeServer() {
  if (has_thread_) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = write(stop_event_, &one, sizeof one);
    pthread_join(thread_, nullptr);
  }
  close_descriptor(listener_);
  close_descriptor(stop_event_);
}

std::string ScrapeServer::address() const {
  const bool is_v6 = options_.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(port_);
}

bool ScrapeServer::listen_on(std::uint16_t port, std::string& problem) {
  const auto address = resolve(options_.host, port, problem);
  if (address == nullptr) return false;
  listener_ = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;  // a restart must not wait for connections of the last run to time out
  const bool is_bound = listener_ >= 0 &&
                        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                        bind(listener_, address->ai_addr, address->ai_addrlen) == 0 &&
                        ::listen(listener_, static_cast<int>(kMaxConnections)) == 0;
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!is_bound || getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    problem =
        "cannot listen on " + options_.host + ":" + std::to_string(port) + ": " + last_error();
    close_descriptor(listener_);
    return false;
  }
  port_ = port_of(bound);
  rules_.requires_local_host = is_loopback(reinterpret_cast<const sockaddr*>(&bound));
  return true;
}

bool ScrapeServer::start_thread(std::string& problem) {
  stop_event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the host's signals are for the host's threads
  has_thread_ =
      stop_event_ >= 0 && pthread_create(&thread_, nullptr, &ScrapeServer::thread_main, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!has_thread_) {
    problem = "cannot start a thread for " + address();
    return false;
  }
  pthread_setname_np(thread_, "binnacle-scrape");
  return true;
}

void* ScrapeServer::thread_main(void* self) {
  auto& server = *static_cast<ScrapeServer*>(self);
  try {
    server.run();
  } catch (const std::exception& error) {  // out of memory: never the host's problem
    server.options_.warn(std::string("metrics are not served any more: ") + error.what());
  }
  server.close_peers();
  return nullptr;
}

void ScrapeServer::run() {
  std::vector<pollfd> events;
  for (;;) {
    events.assign({{stop_event_, POLLIN, 0},
                   // While there is no room, further peers wait in the listener's queue.
                   {listener_, peers_.size() < kMaxConnections ? short{POLLIN} : short{0}, 0}});
    std::int64_t until_ns = options_.monotonic_ns() + kIdleTimeoutNs;
    for (const Connection& peer : peers_) {
      events.push_back({peer.socket, peer.answer.empty() ? short{POLLIN} : short{POLLOUT}, 0});
      until_ns = std::min(until_ns, peer.deadline_ns);
    }
    const std::int64_t wait_ns = std::max<std::int64_t>(0, until_ns - options_.monotonic_ns());
    if (poll(events.data(), events.size(), static_cast<int>(wait_ns / 1'000'000 + 1)) < 0 &&
        errno != EINTR) {
      return options_.warn("metrics are not served any more: " + last_error());
    }
    if (events[0].revents != 0) return;
    const std::int64_t now_ns = options_.monotonic_ns();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (advance(peers_[i], events[i + 2].revents, now_ns)) {
        if (kept != i) peers_[kept] = std::move(peers_[i]);
        ++kept;
      } else {
        close_descriptor(peers_[i].socket);
      }
    }
    peers_.resize(kept);
    if ((events[1].revents & POLLIN) != 0) accept_peers(now_ns);
  }
}

void ScrapeServer::accept_peers(std::int64_t now_ns) {
  while (peers_.size() < kMaxConnections) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    Connection peer;
    peer.socket = socket;
    peer.deadline_ns = now_ns + kPeerTimeoutNs;
    peers_.push_back(std::move(peer));
  }
}

bool ScrapeServer::advance(Connection& peer, short events, std::int64_t now_ns) {
  if (events == 0) return now_ns < peer.deadline_ns;
  const bool is_ok = peer.answer.empty() ? receive(peer) : send_answer(peer, now_ns);
  if (!is_ok) return false;
  // More requests may have come with the first one.
  while (peer.answer.empty() && prepare_answer(peer)) {
    peer.deadline_ns = now_ns + kPeerTimeoutNs;
    if (!send_answer(peer, now_ns)) return false;
  }
  return true;
}

bool ScrapeServer::receive(Connection& peer) {
  char bytes[2048];
  const ssize_t got = recv(peer.socket, bytes, sizeof bytes, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  peer.received.append(bytes, static_cast<std::size_t>(got));
  return true;
}

bool ScrapeServer::prepare_answer(Connection& peer) {
  const std::size_t end = scrape_head_end(peer.received);
  ScrapeRequest request;
  if (end != std::string::npos && end <= kScrapeHeadLimitBytes) {
    request = read_scrape_request(std::string_view(peer.received).substr(0, end), rules_);
    peer.received.erase(0, end);
  } else if (peer.received.size() > kScrapeHeadLimitBytes) {
    request.status = 431;
    request.problem = "the request's head is longer than 8192 bytes\n";
  } else {
    return false;  // more is to come
  }
  std::string body = std::move(request.problem);
  if (request.status == 200) {
    body = render_(request.format);
    if (body.empty()) {
      request.status = 503;
      body = "metrics cannot be collected now\n";
    }
  }
  bool is_gzip = false;
  if (request.accepts_gzip && body.size() >= kGzipFromBytes) {
    if (std::string packed = gzip_text(body); !packed.empty()) {
      body = std::move(packed);
      is_gzip = true;
    }
  }
  peer.closes_after_answer = !request.keeps_alive;
  peer.answer = scrape_answer_head(request, body.size(), is_gzip);
  if (!request.is_head) peer.answer += body;
  peer.sent = 0;
  return true;
}

bool ScrapeServer::send_answer(Connection& peer, std::int64_t now_ns) {
  const std::string_view rest = std::string_view(peer.answer).substr(peer.sent);
  const ssize_t put = send(peer.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (put < 0) return errno == EAGAIN || errno == EINTR;
  peer.sent += static_cast<std::size_t>(put);
  if (peer.sent < peer.answer.size()) return true;
  if (peer.closes_after_answer) {
    shutdown(peer.socket, SHUT_WR);  // what the peer still sends must not turn into a reset
    return false;
  }
  peer.answer = std::string();  // pages are large: their memory is not kept between scrapes
  peer.sent = 0;
  peer.deadline_ns = now_ns + kIdleTimeoutNs;
  return true;
}

void ScrapeServer::close_peers() noexcept {
  for (Connection& peer : peers_) close_descriptor(peer.socket);
  peers_.clear();
}

void ScrapeServer::abandon_in_child() noexcept {
  close_descriptor(listener_);
  close_descriptor(stop_event_);
  for (const Connection& peer : peers_) close(peer.socket);
  has_thread_ = false;
}

}  // namespace binnacle::sdk
