#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

// A payment provider's webhooks come in: one is good, one is declined, one has a signature that
// does not fit. Amounts are whole cents with a currency; a double would not compile.

namespace {

struct Webhook {
  std::string payment_id;
  long cents;
  std::string signature;
  bool is_declined;
  std::int64_t sent_unix_ns;
};

std::int64_t unix_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

binnacle::SignatureResult check(const Webhook& webhook) {
  if (webhook.signature.empty()) return binnacle::SignatureResult::kMissing;
  return webhook.signature == "good" ? binnacle::SignatureResult::kValid
                                     : binnacle::SignatureResult::kInvalid;
}

void book(const Webhook& webhook) {
  const auto span = binnacle::start_active_span("ledger append");
  std::printf("booked %s\n", webhook.payment_id.c_str());
}

void process(const Webhook& webhook) {
  auto payment =
      binnacle::trace_payment_processing(webhook.payment_id, binnacle::Money(webhook.cents, "EUR"));
  payment.provider("stripe").method("card").webhook_sent_at(webhook.sent_unix_ns);
  const binnacle::SignatureResult result = check(webhook);
  payment.signature(result);
  if (result != binnacle::SignatureResult::kValid) return;
  if (webhook.is_declined) {
    payment.declined("insufficient_funds");
    return;
  }
  book(webhook);
}

}  // namespace

int main() {
  binnacle::init_observability();
  const std::int64_t a_while_ago = unix_ns() - 80'000'000;
  process({"pay-1", 4200, "good", false, a_while_ago});
  process({"pay-2", 9900, "good", true, a_while_ago});
  process({"pay-3", 1, "forged", false, a_while_ago});
  binnacle::shutdown();
}
