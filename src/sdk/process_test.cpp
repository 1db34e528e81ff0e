#include "sdk/http_server_for_test.h"
#include "sdk/loopback_listener_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

// Forks, exits and static destruction. Each test acts in a child process and watches it from here.

namespace binnacle::sdk {
namespace {

/// Runs `f` in a child; its exit status, or minus the signal that ended it.
template <typename F>
int in_child(F f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    f();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Config config_for(const HttpServerForTest& server) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(server.url())};
  return config;
}

struct Received {
  std::map<std::string, ReadSpan> spans;  // by name
  std::vector<std::string> names;
};

Received received_by(HttpServerForTest& server) {
  Received received;
  bool is_good = true;
  for (const Request& request : server.requests()) {
    for (ReadSpan& span : read_request(request.body, is_good)) {
      received.names.push_back(span.name);
      received.spans[span.name] = span;
    }
  }
  EXPECT_TRUE(is_good);
  return received;
}

TEST(ExitTest, FlushesWithoutShutdown) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("last words").end();
              std::exit(0);
            }),
            0);
  EXPECT_EQ(received_by(server).names, std::vector<std::string>{"last words"});
}

TEST(ExitTest, WaitsForAHangingCollectorNoLongerThanItsLimit) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_EQ(in_child([&] {
              Config config = config_for(server);
              config.exit_flush_ms = 300;
              init_observability(config);
              start_span("never heard").end();
              std::exit(0);
            }),
            0);
  EXPECT_LT(monotonic_ns() - before_ns, 5'000'000'000);
}

TEST(ExitTest, UnderscoreExitAndAbortDoNotWaitAtAll) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("lost").end();
              _exit(7);
            }),
            7);
}

/// Records when it is destroyed.
struct LateRecorder {
  ~LateRecorder() {
    ActiveSpan span("after everything");
    span.set_attribute("k", "v").add_event("e");
    Span kept = start_span("child");
  }
};

TEST(ExitTest, StaticDestructorsMayRecord) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              static LateRecorder before_init;  // destroyed after the SDK's exit handler
              init_observability(config_for(server));
              static LateRecorder after_init;  // destroyed before it
              static Span open = start_span("open until the very end");
              std::exit(0);
            }),
            0);
  const Received received = received_by(server);
  EXPECT_EQ(received.spans.count("after everything"), 1U);  // the one before the handler
}

TEST(ExitTest, ExitWhileOtherThreadsRecord) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              for (int i = 0; i < 3; ++i) {
                std::thread([] {
                  for (;;) {
                    ActiveSpan span("busy");
                    span.set_attribute("k", "v");
                  }
                }).detach();
              }
              start_span("main").end();
              std::exit(0);
            }),
            0);
}

// A signal that the host's threads wait for must not run its handler on the export thread.
TEST(SignalTest, TheExportThreadTakesNone) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("s").end();
              sigset_t usr1;
              sigemptyset(&usr1);
              sigaddset(&usr1, SIGUSR1);
              pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
              struct sigaction action{};
              action.sa_handler = [](int) { _exit(9); };
              sigaction(SIGUSR1, &action, nullptr);
              kill(getpid(), SIGUSR1);
              const timespec limit{10, 0};
              if (sigtimedwait(&usr1, nullptr, &limit) != SIGUSR1) _exit(1);
              _exit(shutdown(5000) ? 0 : 2);
            }),
            0);
}

// A service that only notes SIGTERM and goes on: nothing of the SDK's is interrupted by it.
TEST(SignalTest, HandlersOfTheHostInterruptNothing) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              struct sigaction action{};  // without SA_RESTART
              action.sa_handler = [](int) {};
              sigaction(SIGTERM, &action, nullptr);
              std::atomic<bool> is_over{false};
              const pthread_t main_thread = pthread_self();
              std::thread sender([&] {
                while (!is_over) {
                  pthread_kill(main_thread, SIGTERM);
                  kill(getpid(), SIGTERM);
                  std::this_thread::yield();
                }
              });
              int failed = 0;
              for (int i = 0; i < 50; ++i) {
                start_span("s").end();
                if (!force_flush(5000)) ++failed;
              }
              if (!shutdown(5000)) ++failed;
              is_over = true;
              sender.join();
              _exit(failed);
            }),
            0);
  EXPECT_EQ(received_by(server).names.size(), 50U);
}

/// Takes a connection, reads a little, and resets it, again and again.
class Resetting {
 public:
  Resetting() : thread_([this] { serve(); }) {}
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;
  ~Resetting() {
    is_over_ = true;
    thread_.join();
  }
  int connections() const { return connections_.load(); }
  std::string url() const { return listener_.url(); }

 private:
  void serve() {
    while (!is_over_) {
      pollfd event{listener_.socket_fd(), POLLIN, 0};
      if (poll(&event, 1, 10) <= 0) continue;
      const int client = accept4(listener_.socket_fd(), nullptr, nullptr, SOCK_CLOEXEC);
      char bytes[64];
      [[maybe_unused]] const ssize_t got = recv(client, bytes, sizeof bytes, 0);
      const linger reset{1, 0};
      setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      close(client);
      ++connections_;
    }
  }

  LoopbackListener listener_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

TEST(SignalTest, ABrokenPipeIsNotTheHostsTrouble) {
  const Resetting collector;
  EXPECT_EQ(in_child([&] {
              signal(SIGPIPE, SIG_DFL);
              Config config = Recording::quiet_config();
              config.exporters = {ExporterConfig().with_endpoint(collector.url())};
              config.retry_limit_ms = 0;
              init_observability(config);
              const std::string text(3000, 'x');
              for (int round = 0; round < 5; ++round) {
                for (int i = 0; i < 400; ++i) start_span("s").set_attribute("text", text);
                force_flush(2000);
              }
              shutdown(1000);
              _exit(0);
            }),
            0);
  EXPECT_GE(collector.connections(), 5);
}

TEST(SignalTest, AFatalOneWaitsForNothing) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("lost").end();
              force_flush(50);
              raise(SIGTERM);
            }),
            -SIGTERM);
  EXPECT_LT(monotonic_ns() - before_ns, 5'000'000'000);
}

TEST(ForkTest, ParentAndChildBothExportAndNothingTwice) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("parent before").end();
              {
                ActiveSpan shared("open across fork");
                const int status = in_child([&] {
                  {
                    ActiveSpan span("child span");
                    span.set_attribute("inherited", true);
                  }
                  shared.set_attribute("child writes into nothing", 1);
                  shared.end();
                  std::thread([] { start_span("child thread").end(); }).join();
                  if (!shutdown(5000)) _exit(1);
                  _exit(0);
                });
                if (status != 0) _exit(2);
                start_span("parent child").end();
              }
              if (!shutdown(5000)) _exit(3);
              _exit(0);
            }),
            0);
  Received received = received_by(server);
  std::sort(received.names.begin(), received.names.end());
  EXPECT_EQ(received.names,
            (std::vector<std::string>{"child span", "child thread", "open across fork",
                                      "parent before", "parent child"}));
  const ReadSpan& open = received.spans["open across fork"];
  EXPECT_TRUE(open.attributes.empty());
  EXPECT_EQ(received.spans["child span"].parent_span_id, open.span_id);
  EXPECT_EQ(received.spans["parent child"].parent_span_id, open.span_id);
  EXPECT_NE(received.spans["child span"].span_id, received.spans["parent child"].span_id);
}

/// Sums of `name` in all requests of metrics: the last one of every process that sent any.
std::vector<std::string> bodies_with(HttpServerForTest& server, const std::string& name) {
  std::vector<std::string> found;
  for (const Request& request : server.requests()) {
    if (request.head.starts_with("POST /v1/metrics ") &&
        request.body.find(name) != std::string::npos) {
      found.push_back(request.body);
    }
  }
  return found;
}

TEST(ForkTest, MetricsOfAChildStartFromZero) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              const Counter counter = create_counter("fork.counter");
              const BoundCounter bound = counter.bind({{"k", "v"}});
              init_observability(config_for(server));
              counter.add(1000);
              bound.add(1000);
              const int status = in_child([&] {
                bound.add(7);
                create_counter("fork.child").add(1, {{"new", true}});
                if (!shutdown(5000)) _exit(1);
                _exit(0);
              });
              bound.add(1);
              if (!shutdown(5000) || status != 0) _exit(1);
            }),
            0);
  const std::vector<std::string> bodies = bodies_with(server, "fork.counter");
  ASSERT_EQ(bodies.size(), 2U);
  const auto has_value = [](const std::string& body, char value, char high) {
    // as_int of NumberDataPoint: tag 0x31, little-endian.
    return body.find(std::string{'\x31', value, high, 0, 0, 0, 0, 0, 0}) != std::string::npos;
  };
  EXPECT_TRUE(has_value(bodies[0], 7, 0));        // the child's own
  EXPECT_FALSE(has_value(bodies[0], '\xE8', 3));  // not the parent's 1,000
  EXPECT_TRUE(has_value(bodies[1], '\xE9', 3));   // the parent goes on: 1,001
  EXPECT_NE(bodies[0].find("fork.child"), std::string::npos);
}

TEST(ForkTest, AChildHasAllTheDestinationsOfItsParent) {
  HttpServerForTest first;
  HttpServerForTest second;
  EXPECT_EQ(in_child([&] {
              Config config = config_for(first);
              config.exporters.push_back(ExporterConfig().with_endpoint(second.url()));
              init_observability(config);
              start_span("parent").end();
              if (in_child([] {
                    start_span("child").end();
                    _exit(shutdown(5000) && sdk_stats().spans_exported == 2 ? 0 : 1);
                  }) != 0) {
                _exit(1);
              }
              _exit(shutdown(5000) && sdk_stats().spans_exported == 2 ? 0 : 2);
            }),
            0);
  for (HttpServerForTest* server : {&first, &second}) {
    std::vector<std::string> names = received_by(*server).names;
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"child", "parent"}));
  }
}

TEST(ForkTest, ManyChildrenHaveDifferentIds) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("warm").end();
              for (int i = 0; i < 10; ++i) {
                if (in_child([] {
                      for (int n = 0; n < 20; ++n) start_span("worker").end();
                      std::exit(0);  // flushed by the exit handler
                    }) != 0) {
                  _exit(1);
                }
              }
              shutdown(5000);
            }),
            0);
  bool is_good = true;
  std::map<std::string, int> ids;
  std::size_t spans = 0;
  for (const Request& request : server.requests()) {
    for (const ReadSpan& span : read_request(request.body, is_good)) {
      ++ids[span.trace_id];
      ++spans;
    }
  }
  EXPECT_EQ(spans, 201U);
  EXPECT_EQ(ids.size(), spans);
}

TEST(ForkTest, AChildThatRecordsNothingExitsQuietly) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              start_span("parent's").end();
              if (in_child([] { std::exit(0); }) != 0) _exit(1);
              if (in_child([] { _exit(force_flush(1000) && shutdown(1000) ? 0 : 1); }) != 0) {
                _exit(2);
              }
              _exit(0);
            }),
            0);
}

TEST(ForkTest, AForkWhileOthersRecordAndFlush) {
  HttpServerForTest server;
  EXPECT_EQ(in_child([&] {
              init_observability(config_for(server));
              for (int i = 0; i < 2; ++i) {
                std::thread([] {
                  for (;;) {
                    start_span("busy").end();
                    force_flush(10);
                  }
                }).detach();
              }
              for (int i = 0; i < 20; ++i) {
                if (in_child([] {
                      start_span("forked").end();
                      _exit(shutdown(10'000) ? 0 : 1);
                    }) != 0) {
                  _exit(1);
                }
              }
              _exit(0);
            }),
            0);
}

}  // namespace
}  // namespace binnacle::sdk
