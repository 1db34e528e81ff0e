#include "auction.h"
#include "chat_client.h"
#include "json.h"
#include "market.h"
#include "roles.h"
#include "signature.h"

#include <binnacle/scopes.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

// The three roles that trade: the marketplace scanner, the payment webhook and the arena.

namespace arbitrage {
namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The market serves this many pages a second and answers 429 beyond, as real ones do.
constexpr int kPagesPerSecond = 24;

class RateLimit {
 public:
  bool take() {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = unix_seconds();
    if (now != second_) {
      second_ = now;
      used_ = 0;
    }
    return used_++ < kPagesPerSecond;
  }

 private:
  std::mutex mutex_;
  std::int64_t second_ = 0;
  int used_ = 0;
};

std::vector<Offer> fetch_page(HttpPeer& peer, std::uint16_t port, int page) {
  const std::string url = fmt::format("http://127.0.0.1:{}/market?page={}", port, page);
  auto scan = binnacle::trace_marketplace_scan(url);
  scan.marketplace("quayside").set_attribute("marketplace.page", page).pages(1);
  const Answer answer = peer.get(url);
  if (answer.status == 0) {
    scan.fail("transport", answer.error);
    return {};
  }
  scan.http_status(answer.status);
  if (!answer.ok()) return {};
  auto parse = binnacle::start_active_span("parse page", {{"page.bytes", answer.body.size()}});
  auto offers = parse_page(answer.body);
  parse.set_attribute("page.offers", offers.size());
  scan.items_found(static_cast<std::int64_t>(offers.size()));
  return offers;
}

Response scan(std::uint16_t own_port, const Request& request) {
  const auto body = parse_json(request.body);
  const auto pages = std::min<std::int64_t>(int_member(body, "pages", kPages), kPages);
  thread_local HttpPeer peer;
  std::vector<Offer> offers;
  for (int page = 1; page <= pages; ++page) {
    for (Offer& offer : fetch_page(peer, own_port, page)) offers.push_back(std::move(offer));
  }
  auto span =
      binnacle::start_active_span("find opportunities", {{"marketplace.offers", offers.size()}});
  const auto found = find_opportunities(offers);
  span.set_attribute("marketplace.opportunities", found.size());
  if (found.empty()) return Response::json(503, R"({"error":"no page could be read"})");
  const Opportunity& best = found.front();
  return Response::json(
      200,
      fmt::format(
          R"({{"offers":{},"opportunities":{},"best":{{"sku":{},"buy_cents":{},"sell_cents":{},"buy_from":{},"sell_to":{}}}}})",
          offers.size(), found.size(), json_string(best.sku), best.buy_cents, best.sell_cents,
          json_string(best.buy_from), json_string(best.sell_to)));
}

// An append-only file, synced before a payment is acknowledged.
class Ledger {
 public:
  explicit Ledger(const std::string& path)
      : file_(::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error("cannot open " + path);
  }
  ~Ledger() { ::close(file_); }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void append(const std::string& line) {
    const std::lock_guard lock(mutex_);
    const auto span = binnacle::start_active_span("ledger.append", {{"ledger.bytes", line.size()}});
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::fdatasync(file_) != 0) {
      throw std::runtime_error("ledger write failed");
    }
  }

 private:
  std::mutex mutex_;
  int file_;
};

binnacle::SignatureResult signature_result(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return binnacle::SignatureResult::kValid;
    case Verdict::kExpired:
      return binnacle::SignatureResult::kExpired;
    case Verdict::kMalformed:
      return binnacle::SignatureResult::kMalformed;
    case Verdict::kMismatch:
      break;
  }
  return binnacle::SignatureResult::kInvalid;
}

Response take_payment(Ledger& ledger, const Request& request) {
  const auto body = parse_json(request.body);
  const std::string id = string_member(body, "payment_id");
  const auto cents = int_member(body, "amount_cents", 0);
  auto payment = binnacle::trace_payment_processing(id, binnacle::Money(cents, "EUR"));
  payment.provider("quaypay");
  const auto header = request.headers.find("binnacle-signature");
  if (header == request.headers.end()) {
    payment.signature(binnacle::SignatureResult::kMissing);
    return Response::json(401, R"({"error":"signature missing"})");
  }
  const Verdict verdict = verify(webhook_secret(), header->second, request.body, unix_seconds());
  payment.signature(signature_result(verdict));
  if (verdict != Verdict::kGood) {
    return Response::json(401, fmt::format(R"({{"error":"signature {}"}})", to_string(verdict)));
  }
  if (cents <= 0) {
    payment.declined("amount");
    return Response::json(422, R"({"error":"amount must be positive"})");
  }
  ledger.append(fmt::format("{} {} {} EUR\n", unix_seconds(), id, cents));
  return Response::json(200,
                        fmt::format(R"({{"payment_id":{},"state":"booked"}})", json_string(id)));
}

Response compete(const Request& request) {
  const auto body = parse_json(request.body);
  AuctionSetup setup;
  setup.worth = static_cast<double>(int_member(body, "worth_cents", 10'000));
  setup.seed = static_cast<std::uint64_t>(int_member(body, "seed", 1));
  AuctionResult result;
  {
    auto arena = binnacle::trace_arena_competition(fmt::format("match-{}", setup.seed));
    arena.arena("bidding").rounds(setup.rounds);
    result = play(setup);
    arena.contestant("shading", result.profit_shading)
        .contestant("learning", result.profit_learning)
        .verdict(result.verdict());
  }
  thread_local HttpPeer peer;
  static const ChatEndpoint endpoint = ChatEndpoint::from_environment();
  const ChatAnswer comment =
      chat(peer, endpoint, "You comment on auctions in one sentence.",
           fmt::format("Strategy {} won the bidding.", result.verdict()), 40);
  return Response::json(200, fmt::format(R"({{"verdict":{},"comment":{}}})",
                                         json_string(result.verdict()), json_string(comment.text)));
}

}  // namespace

std::string webhook_secret() {
  const char* secret = std::getenv("PAYMENT_WEBHOOK_SECRET");
  return secret != nullptr ? secret : "demo-secret-not-for-production";
}

void add_scanner(HttpService& service, std::uint16_t own_port) {
  auto limit = std::make_shared<RateLimit>();
  service.on("GET", "/market", [limit](const Request& request) {
    if (!limit->take()) return Response::json(429, R"({"error":"too many pages"})");
    const auto page = request.query.find("page");
    int number = 1;
    if (page != request.query.end()) {
      const std::string& text = page->second;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc()) number = 0;
    }
    if (number < 1 || number > kPages) return Response::json(404, R"({"error":"no such page"})");
    return Response::html(render_page(number, unix_seconds()));
  });
  service.on("POST", "/scan",
             [own_port](const Request& request) { return scan(own_port, request); });
}

void add_payment(HttpService& service, const Folders& folders) {
  auto ledger = std::make_shared<Ledger>(folders.state + "/ledger.txt");
  service.on("POST", "/webhook",
             [ledger](const Request& request) { return take_payment(*ledger, request); });
}

void add_arena(HttpService& service) { service.on("POST", "/compete", compete); }

}  // namespace arbitrage
