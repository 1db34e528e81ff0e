#pragma once

#include "http_service.h"

#include <cstdint>
#include <functional>
#include <string>

// What each process of the demo does. A role adds its routes to the service that main() runs.

namespace arbitrage {

/// Where the others are, from the environment that the launcher sets.
struct Peers {
  std::string rag_url;
  std::string scanner_url;
  std::string arena_url;
  std::string payment_url;
  static Peers from_environment();
};

/// Folder of the demo's texts, and a folder to write into.
struct Folders {
  std::string texts;
  std::string state;
};

void add_chat_model(HttpService& service, const Folders& folders);
void add_rag(HttpService& service, const Folders& folders);
void add_scanner(HttpService& service, std::uint16_t own_port);
void add_payment(HttpService& service, const Folders& folders);
void add_arena(HttpService& service);

/// Runs tasks until `tasks` are done (0: for ever) or `stopping` says so. Returns how many failed.
int run_tasks(int tasks, double tasks_per_second, const std::function<bool()>& stopping);

/// The contents of all *.txt files of a folder, by name.
[[nodiscard]] std::map<std::string, std::string> read_texts(const std::string& folder);

/// The secret that the payment provider and the webhook share. PAYMENT_WEBHOOK_SECRET.
[[nodiscard]] std::string webhook_secret();

}  // namespace arbitrage
