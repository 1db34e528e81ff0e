#include "chat_client.h"
#include "json.h"
#include "roles.h"
#include "signature.h"

#include <binnacle/scopes.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

// The task runner: an agent that looks things up, asks the model, scans the market, lets two
// bidding strategies compete, and pays. Each task is one trace through all services.

namespace arbitrage {
namespace {

struct TaskType {
  std::string_view name;
  std::string_view question;
  int pages;
};

constexpr std::array<TaskType, 4> kTaskTypes = {{
    {"price_arbitrage", "Which fees apply when an agent buys from one seller and sells to another?",
     8},
    {"seller_review", "How are sellers rated and when is a seller suspended?", 4},
    {"shipping_quote", "What does insured shipping of fragile instruments cost?", 2},
    {"dispute_check", "When may a payment be disputed and who decides?", 3},
}};

// Every so many payments one is signed with yesterday's key, as happens after a rotation.
constexpr int kStaleKeyEvery = 25;

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Agent {
 public:
  Agent(const Peers& peers, const ChatEndpoint& endpoint) : peers_(peers), endpoint_(endpoint) {}

  bool run(int number) {
    const TaskType& type = kTaskTypes[static_cast<std::size_t>(number) % kTaskTypes.size()];
    auto task = binnacle::trace_task_execution(fmt::format("task-{:06}", number), type.name,
                                               binnacle::Context());
    task.agent("scout");
    try {
      perform(number, type);
      return true;
    } catch (const std::exception& error) {
      task.fail(error);
      return false;
    }
  }

 private:
  void perform(int number, const TaskType& type) {
    const std::string context = look_up(type);
    think("Plan the task from these rules:\n" + context, std::string(type.question), 60);
    const auto found = scan(type);
    const auto& best = object_member(found, "best");
    const std::string verdict = compete(number, int_member(best, "sell_cents", 0));
    bid(number, best);
    think("Sum up what was done.", fmt::format("{} bought, strategy {}", type.name, verdict), 40);
  }

  // The bid is placed with the money: a payment that is refused is a bid that is.
  void bid(int number, const boost::json::object& best) {
    const std::int64_t cents = int_member(best, "buy_cents", 0);
    auto scope = binnacle::trace_bid_placement("quayside", binnacle::Money(cents, "EUR"));
    scope.bid_id(fmt::format("bid-{:06}", number)).item_id(string_member(best, "sku"));
    scope.run([&] { pay(number, cents); });
  }

  boost::json::object ask(const std::string& url, std::string body) {
    const Answer answer = peer_.post_json(url, std::move(body));
    if (!answer.ok()) {
      throw std::runtime_error(fmt::format("{} answered {} {}", url, answer.status, answer.error));
    }
    return parse_json(answer.body);
  }

  std::string look_up(const TaskType& type) {
    const auto found = ask(peers_.rag_url + "/query",
                           fmt::format(R"({{"query":{},"top_k":3}})", json_string(type.question)));
    std::string context;
    for (const auto& document : array_member(found, "documents"))
      context += string_member(as_object(document, "document"), "text");
    return context;
  }

  void think(const std::string& system, const std::string& user, int max_tokens) {
    if (!chat(peer_, endpoint_, system, user, max_tokens).ok)
      throw std::runtime_error("no answer from the model");
  }

  boost::json::object scan(const TaskType& type) {
    return ask(peers_.scanner_url + "/scan", fmt::format(R"({{"pages":{}}})", type.pages));
  }

  std::string compete(int number, std::int64_t worth_cents) {
    const auto result = ask(peers_.arena_url + "/compete",
                            fmt::format(R"({{"worth_cents":{},"seed":{}}})", worth_cents, number));
    return string_member(result, "verdict");
  }

  void pay(int number, std::int64_t cents) {
    const std::string body =
        fmt::format(R"({{"payment_id":"pay-{:06}","amount_cents":{}}})", number, cents);
    const bool stale = number % kStaleKeyEvery == kStaleKeyEvery - 1;
    const std::string secret = stale ? "yesterdays-secret" : webhook_secret();
    const Answer answer =
        peer_.send(Call{"POST",
                        peers_.payment_url + "/webhook",
                        body,
                        {"content-type: application/json",
                         "binnacle-signature: " + sign(secret, unix_seconds(), body)},
                        {}});
    if (!answer.ok())
      throw std::runtime_error(fmt::format("payment refused with {}", answer.status));
  }

  Peers peers_;
  ChatEndpoint endpoint_;
  HttpPeer peer_;
};

}  // namespace

Peers Peers::from_environment() {
  const auto url = [](const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr)
      throw std::runtime_error(std::string(name) + " is not set; use the launcher");
    return std::string(value);
  };
  return Peers{url("RAG_URL"), url("SCANNER_URL"), url("ARENA_URL"), url("PAYMENT_URL")};
}

int run_tasks(int tasks, double tasks_per_second, const std::function<bool()>& stopping) {
  Agent agent(Peers::from_environment(), ChatEndpoint::from_environment());
  std::mutex mutex;
  std::condition_variable never;
  int failed = 0;
  auto next = std::chrono::steady_clock::now();
  for (int number = 0; (tasks == 0 || number < tasks) && !stopping(); ++number) {
    if (!agent.run(number)) ++failed;
    next += std::chrono::microseconds(static_cast<std::int64_t>(1e6 / tasks_per_second));
    // Tasks arrive at a steady pace; between them the agent is idle. Woken often enough to stop.
    while (!stopping() && std::chrono::steady_clock::now() < next) {
      std::unique_lock lock(mutex);
      never.wait_until(
          lock, std::min(next, std::chrono::steady_clock::now() + std::chrono::milliseconds(100)));
    }
  }
  return failed;
}

}  // namespace arbitrage
