#pragma once

// What the snippets of the documentation take for granted: the reader's own code. Only declared;
// tools/check_snippets.py compiles and never links.

#include <binnacle/config.h>
#include <binnacle/extension.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

void work();
void done();
void print(std::string_view text);
std::string costly_summary();
std::string without_card_numbers(std::string_view text);
int parse_page(const char* html);
std::size_t queue_length();
const char* current_tenant();

struct Market {
  bool bid(int cents);
};
extern Market market;

struct Pool {
  void submit(std::function<void()> work);
};
extern Pool pool;

struct Executor {
#if defined(__cpp_impl_coroutine)
  std::suspend_always schedule();
#endif
};

struct Order {};
extern Order order;
void charge_card(const Order& order);

bool send(const binnacle::SpanBatch& spans);
struct Queue {
  void push(std::function<void()> work);
};
extern Queue queue;

extern binnacle::Config config;

struct MySampler final : binnacle::Sampler {
  binnacle::SamplingResult should_sample(const binnacle::SamplingParameters&) override;
};
struct MyIds final : binnacle::IdGenerator {
  binnacle::TraceId make_trace_id() override;
  binnacle::SpanId make_span_id() override;
};
struct MyProcessor final : binnacle::SpanProcessor {};
struct MyExporter final : binnacle::SpanExporter {
  void export_spans(const binnacle::SpanBatch&, binnacle::ExportReply) override;
};

// Of GoogleTest, as much as is shown.
#define ASSERT_TRUE(condition) \
  if (!(condition)) return
#define EXPECT_EQ(left, right) static_cast<void>((left) == (right))
