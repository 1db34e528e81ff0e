#include "tests/conformance/span_store_conformance.h"

#include "store/memory/memory_span_store.h"
#include "store/predicate/span_matcher.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>

namespace binnacle::conformance {

SpanStoreConformance::SpanStoreConformance()
    : engine_(GetParam().open(clock_)), oracle_(make_memory_span_store(clock_)) {}

Result<AppendResult> SpanStoreConformance::append_to(SpanStore& store, SpanBatch batch,
                                                     const std::string& tenant) {
  std::promise<Result<AppendResult>> done;
  auto result = done.get_future();
  store.append({TenantId{tenant}}, std::move(batch),
               [&](Result<AppendResult> r) { done.set_value(std::move(r)); });
  return result.get();
}

void SpanStoreConformance::remove(const std::vector<TraceId>& ids, const std::string& tenant) {
  for (SpanStore* s : {&store(), oracle_.get()}) {
    std::promise<Status> done;
    s->remove({TenantId{tenant}}, ids, [&](Status r) { done.set_value(std::move(r)); });
    ASSERT_TRUE(done.get_future().get());
  }
  engine_->settle();
}

void SpanStoreConformance::verdict(const std::vector<TraceVerdict>& verdicts,
                                   const std::string& tenant) {
  for (SpanStore* s : {&store(), oracle_.get()}) {
    std::promise<Status> done;
    s->verdict({TenantId{tenant}}, verdicts, [&](Status r) { done.set_value(std::move(r)); });
    ASSERT_TRUE(done.get_future().get());
  }
  engine_->settle();
}

Result<std::vector<std::string>> SpanStoreConformance::drain(SpanCursor& cursor) {
  const auto residual = SpanMatcher::compile(cursor.residual());
  if (!residual) return std::unexpected(residual.error());
  std::vector<std::string> out;
  SpanBatch batch;
  for (;;) {
    const auto more = cursor.next(batch);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (auto valid = batch.validate(); !valid) return std::unexpected(valid.error());
    BoundMatcher bound = residual->bind(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (bound.matches(i)) out.push_back(span_text(batch, i));
    }
  }
  for (const CompletenessWarning& w : cursor.warnings()) ADD_FAILURE() << w.message;
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> SpanStoreConformance::scanned(SpanStore& store, const Selection& selection,
                                                       const std::string& tenant) {
  auto cursor = store.scan(reading(tenant), selection);
  if (!cursor) {
    ADD_FAILURE() << cursor.error().message;
    return {};
  }
  auto out = drain(**cursor);
  if (!out) {
    ADD_FAILURE() << out.error().message;
    return {};
  }
  return *out;
}

std::vector<std::string> SpanStoreConformance::read(SpanStore& store,
                                                    const std::vector<TraceId>& ids,
                                                    const std::string& tenant) {
  auto cursor = store.read_traces(reading(tenant), ids);
  if (!cursor) {
    ADD_FAILURE() << cursor.error().message;
    return {};
  }
  EXPECT_TRUE((*cursor)->residual().always_true()) << "read_traces leaves no residual";
  auto out = drain(**cursor);
  if (!out) {
    ADD_FAILURE() << out.error().message;
    return {};
  }
  return *out;
}

namespace {

Selection where(FieldKind kind, std::string key, CompareOp op, Operand operand) {
  Selection out;
  out.predicate.require({{kind, std::move(key)}, op, std::move(operand)});
  return out;
}

TEST_P(SpanStoreConformance, EmptyStoreAnswersEverythingWithNothing) {
  EXPECT_TRUE(scanned(store(), {}).empty());
  EXPECT_TRUE(read(store(), {TraceId{7, 1}}).empty());
  EXPECT_TRUE(read(store(), {}).empty());
  const auto hits = store().find_traces(reading(), {});
  ASSERT_TRUE(hits);
  EXPECT_TRUE(hits->hits.empty());
  EXPECT_TRUE(hits->warnings.empty());
  const auto values = store().values(reading(), {FieldKind::kServiceName, ""}, {}, 10);
  ASSERT_TRUE(values);
  EXPECT_TRUE(values->entries.empty());
  EXPECT_FALSE(values->truncated);
  EXPECT_EQ(store().stats().spans, 0U);
  EXPECT_EQ(store().stats().oldest_start_unix_ns, 0U);
}

TEST_P(SpanStoreConformance, AnEmptyAppendCompletes) {
  const auto done = append_to(store(), SpanBatch());
  ASSERT_TRUE(done);
  EXPECT_EQ(done->spans, 0U);
}

TEST_P(SpanStoreConformance, SpansComeBackExactlyAsTheyWent) {
  const auto make = [] {
    Random random(1);
    return random_batch(random, 300);
  };
  append(make);
  EXPECT_EQ(scanned(store(), {}), scanned(oracle(), {}));
  std::vector<std::string> expected = span_texts(make());
  expected.erase(std::ranges::unique(expected).begin(), expected.end());
  EXPECT_EQ(scanned(store(), {}), expected);
}

TEST_P(SpanStoreConformance, OddSpansComeBackExactly) {
  const auto make = [] {
    SpanBatch b = batch_of({{1, 1, 0}, {1, 2, ~std::uint64_t{0} - 1}, {2, 0, kFirstStartNs}});
    const auto text = [&](std::string_view s) { return b.strings.intern(s); };
    b.attributes.emplace_back(text(""), Value::of_int(INT64_MIN));
    b.attributes.emplace_back(text("nul\0key"), Value::of_string(text({"nul\0value", 9})));
    b.attributes.emplace_back(text("large"), Value::of_string(text(std::string(1 << 20, 'x'))));
    b.attributes.emplace_back(text("same"), Value::of_int(1));
    b.attributes.emplace_back(text("same"), Value::of_string(text("1")));
    for (int i = 0; i < 300; ++i) {
      b.attributes.emplace_back(text("wide-" + std::to_string(i)), Value::of_int(i));
    }
    b.append({.trace_id = TraceId{}, .span_id = SpanId{}, .start_unix_ns = 5, .end_unix_ns = 1});
    return b;
  };
  append(make);
  EXPECT_EQ(scanned(store(), {}), scanned(oracle(), {}));
  EXPECT_EQ(read(store(), {TraceId{}}), read(oracle(), {TraceId{}}));
  EXPECT_EQ(read(store(), {TraceId{}}).size(), 1U);
}

TEST_P(SpanStoreConformance, RandomSelectionsAgreeWithTheOracle) {
  for (std::uint64_t seed = 10; seed < 13; ++seed) {
    append([&] {
      Random random(seed);
      return random_batch(random, 1 + random.below(150));
    });
  }
  Random random(99);
  for (int round = 0; round < 300; ++round) {
    const Selection selection = random_selection(random);
    const auto expected = scanned(oracle(), selection);
    ASSERT_EQ(scanned(store(), selection), expected) << "round " << round;
  }
}

TEST_P(SpanStoreConformance, RandomSearchesAgreeWithTheOracle) {
  for (std::uint64_t seed = 20; seed < 24; ++seed) {
    append([&] {
      Random random(seed);
      return random_batch(random, 1 + random.below(120));
    });
  }
  Random random(98);
  for (int round = 0; round < 300; ++round) {
    TraceSearch search;
    search.selection = random_selection(random);
    search.limit = static_cast<std::uint32_t>(random.below(15));
    search.order =
        random.below(2) == 0 ? TraceSearch::Order::kNewestFirst : TraceSearch::Order::kLongestFirst;
    const auto got = store().find_traces(reading(), search);
    const auto want = oracle().find_traces(reading(), search);
    ASSERT_TRUE(got) << got.error().message;
    const auto lines = [](const TraceHits& hits) {
      std::vector<std::string> out;
      for (const TraceHit& h : hits.hits) {
        out.push_back(to_hex(h.trace_id) + " " + std::to_string(h.start_unix_ns) + " " +
                      std::to_string(h.duration_ns));
      }
      return out;
    };
    ASSERT_EQ(lines(*got), lines(*want)) << "round " << round;
  }
}

TEST_P(SpanStoreConformance, RandomValuesAgreeWithTheOracle) {
  // Distinct identities: values may count retried duplicates until they are merged.
  for (std::uint64_t part = 0; part < 3; ++part) {
    append([&] {
      SpanBatch b;
      for (std::uint64_t n = 0; n < 80; ++n) {
        append_span(b, TraceId{7, 1 + n % 9}, SpanId{1 + part * 80 + n}, SpanKind::kClient,
                    kFirstStartNs + n * 1'000'000);
      }
      return b;
    });
  }
  Random random(97);
  for (int round = 0; round < 300; ++round) {
    Selection selection = random_selection(random);
    if (random.below(3) == 0) selection.predicate.clauses.clear();
    const Field field = random_field(random);
    const bool catalogue_field = field.kind == FieldKind::kServiceName ||
                                 field.kind == FieldKind::kName || field.kind == FieldKind::kKind;
    if (catalogue_field) selection.time = {};
    const auto limit = static_cast<std::uint32_t>(random.below(12));
    const auto got = store().values(reading(), field, selection, limit);
    const auto want = oracle().values(reading(), field, selection, limit);
    ASSERT_TRUE(got) << got.error().message;
    const auto lines = [](const FieldValues& values) {
      std::vector<std::string> out{values.truncated ? "truncated" : "all"};
      for (const auto& e : values.entries) {
        out.push_back(e.text + " " + std::to_string(static_cast<int>(e.type)) + " " +
                      std::to_string(e.spans));
      }
      return out;
    };
    ASSERT_EQ(lines(*got), lines(*want)) << "round " << round;
  }
}

TEST_P(SpanStoreConformance, CatalogueValuesHoldAllInRangeAndNothingInvented) {
  append([] { return batch_of({{1, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}); });
  Selection later;
  later.time.begin_unix_ns = kFirstStartNs + 1;
  const Field service{FieldKind::kServiceName, ""};
  const auto all = oracle().values(reading(), service, {}, 100);
  const auto got = store().values(reading(), service, later, 100);
  ASSERT_TRUE(got);
  for (const auto& e : got->entries) {
    EXPECT_TRUE(std::ranges::any_of(all->entries, [&](auto& a) { return a.text == e.text; }));
  }
}

TEST_P(SpanStoreConformance, AggregatesAreExactOrUnsupported) {
  for (std::uint64_t seed = 30; seed < 33; ++seed) {
    append([&] {
      Random random(seed);
      return random_batch(random, 100);
    });
  }
  Random random(96);
  for (int round = 0; round < 100; ++round) {
    SpanAggregation a;
    a.selection = random_selection(random);
    for (std::uint64_t n = random.below(3); n > 0; --n) a.group_by.push_back(random_field(random));
    a.step_ns = random.below(2) * 50'000'000;
    a.group_limit = static_cast<std::uint32_t>(1 + random.below(60));
    const auto got = store().aggregate(reading(), a);
    if (!got && got.error().code == ErrorCode::kUnimplemented) continue;
    const auto want = oracle().aggregate(reading(), a);
    ASSERT_EQ(got.has_value(), want.has_value()) << "round " << round;
    if (!want) {
      EXPECT_EQ(got.error().code, want.error().code);
      continue;
    }
    ASSERT_EQ(got->rows.size(), want->rows.size()) << "round " << round;
    for (std::size_t i = 0; i < want->rows.size(); ++i) {
      const AggregateRow& g = got->rows[i];
      const AggregateRow& w = want->rows[i];
      ASSERT_EQ(std::tie(g.group, g.bucket_unix_ns, g.spans, g.errors, g.duration_sum_ns,
                         g.duration_max_ns),
                std::tie(w.group, w.bucket_unix_ns, w.spans, w.errors, w.duration_sum_ns,
                         w.duration_max_ns))
          << "round " << round << " row " << i;
    }
  }
}

TEST_P(SpanStoreConformance, TenantsNeverSeeEachOther) {
  append([] { return batch_of({{1, 1}, {2, 2}}); }, "blue");
  append([] { return batch_of({{1, 3}}); }, "red");
  for (const char* tenant : {"blue", "red", "default"}) {
    EXPECT_EQ(scanned(store(), {}, tenant), scanned(oracle(), {}, tenant)) << tenant;
    EXPECT_EQ(read(store(), {TraceId{7, 1}}, tenant), read(oracle(), {TraceId{7, 1}}, tenant));
    const auto values = store().values(reading(tenant), {FieldKind::kSpanId, ""}, {}, 10);
    const auto want = oracle().values(reading(tenant), {FieldKind::kSpanId, ""}, {}, 10);
    EXPECT_EQ(values->entries.size(), want->entries.size()) << tenant;
  }
  remove({TraceId{7, 1}}, "red");
  EXPECT_EQ(scanned(store(), {}, "blue").size(), 2U);
  EXPECT_EQ(scanned(store(), {}, "red").size(), 0U);
}

TEST_P(SpanStoreConformance, RetriedSpansCountOnce) {
  const auto make = [] { return batch_of({{1, 1}, {1, 2}, {1, 1}, {2, 1}}); };
  append(make);
  append(make);
  append([] { return batch_of({{1, 2}, {1, 3}}); });
  EXPECT_EQ(scanned(store(), {}).size(), 4U);
  EXPECT_EQ(read(store(), {TraceId{7, 1}}).size(), 3U);
  SpanAggregation count;
  const auto rows = store().aggregate(reading(), count);
  if (rows) {
    ASSERT_EQ(rows->rows.size(), 1U);
    EXPECT_EQ(rows->rows[0].spans, 4U);
  }
}

TEST_P(SpanStoreConformance, SpansThatDifferOnlyInKindOrStartAreDistinct) {
  append([] {
    SpanBatch b;
    append_span(b, TraceId{0, 1}, SpanId{1}, SpanKind::kClient, 100);
    append_span(b, TraceId{0, 1}, SpanId{1}, SpanKind::kServer, 100);
    append_span(b, TraceId{0, 1}, SpanId{1}, SpanKind::kServer, 101);
    append_span(b, TraceId{1, 1}, SpanId{1}, SpanKind::kServer, 101);
    return b;
  });
  EXPECT_EQ(scanned(store(), {}).size(), 4U);
  EXPECT_EQ(read(store(), {TraceId{0, 1}}).size(), 3U);
}

TEST_P(SpanStoreConformance, RemovalHidesWhatCameBeforeAndNotWhatComesAfter) {
  append([] { return batch_of({{1, 1}, {2, 2}}); });
  remove({TraceId{7, 1}, TraceId{9, 9}});
  EXPECT_TRUE(read(store(), {TraceId{7, 1}}).empty());
  EXPECT_EQ(scanned(store(), {}), scanned(oracle(), {}));
  append([] { return batch_of({{1, 3}}); });
  EXPECT_EQ(read(store(), {TraceId{7, 1}}), read(oracle(), {TraceId{7, 1}}));
  EXPECT_EQ(read(store(), {TraceId{7, 1}}).size(), 1U);
  append([] { return batch_of({{1, 1}}); });  // the removed span, sent again
  EXPECT_EQ(read(store(), {TraceId{7, 1}}).size(), 2U);
  remove({TraceId{7, 1}});
  EXPECT_EQ(scanned(store(), {}), scanned(oracle(), {}));
  const auto values = store().values(reading(), {FieldKind::kTraceId, ""}, {}, 10);
  ASSERT_EQ(values->entries.size(), 1U);
  EXPECT_EQ(values->entries[0].spans, 1U);
}

TEST_P(SpanStoreConformance, ADropVerdictHidesAKeepVerdictDoesNot) {
  append([] { return batch_of({{1, 1}, {2, 2}, {3, 3}}); });
  verdict({{TraceId{7, 1}, TraceVerdict::Decision::kDrop},
           {TraceId{7, 2}, TraceVerdict::Decision::kKeep}});
  EXPECT_EQ(scanned(store(), {}), scanned(oracle(), {}));
  EXPECT_EQ(scanned(store(), {}).size(), 2U);
  const auto hits = store().find_traces(reading(), {});
  EXPECT_EQ(hits->hits.size(), 2U);
}

TEST_P(SpanStoreConformance, TimeBoundsIncludeTheBeginAndExcludeTheEnd) {
  append([] { return batch_of({{1, 1, 100}, {1, 2, 101}, {1, 3, 200}}); });
  const auto between = [&](std::uint64_t begin, std::uint64_t end) {
    Selection s;
    s.time = {begin, end};
    return scanned(store(), s).size();
  };
  EXPECT_EQ(between(100, 101), 1U);
  EXPECT_EQ(between(100, 201), 3U);
  EXPECT_EQ(between(101, 200), 1U);
  EXPECT_EQ(between(201, 300), 0U);
  EXPECT_EQ(between(0, 100), 0U);
  EXPECT_EQ(between(200, 200), 0U);
}

TEST_P(SpanStoreConformance, FindsTheNewestAndTheLongest) {
  append([] {
    SpanBatch b;
    b.add_resource(0);
    b.add_scope(0, {}, {});
    const auto add = [&](std::uint64_t trace, std::uint64_t start, std::uint64_t duration) {
      b.append({.trace_id = TraceId{0, trace},
                .span_id = SpanId{start},
                .start_unix_ns = start,
                .end_unix_ns = start + duration});
    };
    add(1, 1'000, 10);
    add(1, 5'000, 1);
    add(2, 3'000, 500);
    add(3, 3'000, 500);
    add(4, 100, 0);
    return b;
  });
  const auto ids = [&](TraceSearch::Order order, std::uint32_t limit) {
    TraceSearch search;
    search.order = order;
    search.limit = limit;
    std::vector<std::uint64_t> out;
    const auto hits = store().find_traces(reading(), search);
    for (const TraceHit& hit : hits->hits) out.push_back(hit.trace_id.low);
    return out;
  };
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(ids(TraceSearch::Order::kNewestFirst, 10), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(ids(TraceSearch::Order::kNewestFirst, 2), (Ids{1, 2}));
  EXPECT_EQ(ids(TraceSearch::Order::kLongestFirst, 3), (Ids{2, 3, 1}));
  EXPECT_EQ(ids(TraceSearch::Order::kNewestFirst, 0), Ids{});
}

TEST_P(SpanStoreConformance, ASearchWantsAllClausesOnOneSpan) {
  append([] {
    SpanBatch b;
    b.add_resource(0);
    b.add_scope(0, {}, {});
    const StringId key = b.strings.intern("k");
    b.attributes.emplace_back(key, Value::of_int(1));
    b.append({.trace_id = TraceId{0, 1}, .span_id = SpanId{1}, .name = b.strings.intern("a")});
    b.attributes.emplace_back(key, Value::of_int(2));
    b.append({.trace_id = TraceId{0, 1}, .span_id = SpanId{2}, .name = b.strings.intern("b")});
    return b;
  });
  TraceSearch search;
  search.selection = where(FieldKind::kName, "", CompareOp::kEq, std::string("a"));
  search.selection.predicate.require(
      {{FieldKind::kSpanAttribute, "k"}, CompareOp::kEq, std::int64_t{2}});
  EXPECT_TRUE(store().find_traces(reading(), search)->hits.empty());
}

TEST_P(SpanStoreConformance, ATraceOf50000SpansIsReadWhole) {
  constexpr std::uint64_t kSpans = 50'000;
  for (std::uint64_t first = 0; first < kSpans; first += 10'000) {
    append([&] {
      SpanBatch b;
      b.add_resource(0);
      b.add_scope(0, {}, {});
      const StringId name = b.strings.intern("step");
      for (std::uint64_t i = first; i < first + 10'000; ++i) {
        b.append({.trace_id = TraceId{5, 5},
                  .span_id = SpanId{i + 1},
                  .start_unix_ns = kFirstStartNs + i,
                  .name = name});
      }
      return b;
    });
  }
  EXPECT_EQ(read(store(), {TraceId{5, 5}}), read(oracle(), {TraceId{5, 5}}));
  EXPECT_EQ(store().stats().spans, kSpans);
}

TEST_P(SpanStoreConformance, CursorsSeeTheSpansOfTheirStart) {
  append([] { return batch_of({{1, 1}, {1, 2}}); });
  auto cursor = store().scan(reading(), {});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(append_to(store(), batch_of({{1, 3}})));
  EXPECT_EQ(drain(**cursor)->size(), 2U);
}

TEST_P(SpanStoreConformance, CancelledAndLateReadsFail) {
  append([] { return batch_of({{1, 1}}); });
  const auto codes = [&](const ReadContext& context) {
    std::vector<ErrorCode> out;
    const auto note = [&](const auto& result) {
      if (!result) out.push_back(result.error().code);
    };
    auto cursor = store().scan(context, {});
    if (cursor) {
      note(drain(**cursor));
    } else {
      note(cursor);
    }
    note(store().find_traces(context, {}));
    note(store().values(context, {FieldKind::kSpanAttribute, "user"}, {}, 5));
    return out;
  };
  CancelSource source;
  ReadContext cancelled = reading();
  cancelled.cancel = source.token();
  EXPECT_TRUE(codes(cancelled).empty());
  source.cancel();
  EXPECT_EQ(codes(cancelled), std::vector(3, ErrorCode::kCancelled));
  ReadContext late = reading();
  late.deadline_steady_ns = clock_.steady_now_ns() + 5;
  EXPECT_TRUE(codes(late).empty());
  clock_.advance_ns(5);
  EXPECT_EQ(codes(late), std::vector(3, ErrorCode::kDeadlineExceeded));
}

TEST_P(SpanStoreConformance, ReadsStayInTheirBudgetAndGiveItBack) {
  append([] {
    Random random(4);
    return random_batch(random, 400);
  });
  MemoryBudget small("query", 64);
  ReadContext context = reading();
  context.budget = &small;
  auto cursor = store().scan(context, {});
  const auto refused = cursor ? drain(**cursor) : std::unexpected(cursor.error());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  cursor = fail(ErrorCode::kCancelled, "released");
  EXPECT_EQ(small.used_bytes(), 0U);

  MemoryBudget large("query", std::uint64_t{1} << 30);
  context.budget = &large;
  cursor = store().scan(context, {});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(*drain(**cursor), scanned(oracle(), {}));
  EXPECT_GT(large.used_bytes(), 0U);
  cursor = fail(ErrorCode::kCancelled, "released");
  EXPECT_EQ(large.used_bytes(), 0U);
}

TEST_P(SpanStoreConformance, WritesPastTheirDeadlineAreRefused) {
  std::promise<Result<AppendResult>> done;
  store().append({TenantId{}, clock_.steady_now_ns() - 1}, batch_of({{1, 1}}),
                 [&](Result<AppendResult> r) { done.set_value(std::move(r)); });
  const auto result = done.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(scanned(store(), {}).empty());
}

TEST_P(SpanStoreConformance, ABadExpressionIsTheCallersError) {
  TraceSearch search;
  search.selection = where(FieldKind::kName, "", CompareOp::kRegex, std::string("("));
  EXPECT_EQ(store().find_traces(reading(), search).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(SpanStoreConformance, ConcurrentWritersAndReadersSeeWholeAppends) {
  constexpr int kWriters = 3;
  constexpr std::uint64_t kAppends = 20;
  std::vector<std::thread> writers;
  SpanStore& shared = store();
  for (std::uint64_t w = 0; w < kWriters; ++w) {
    writers.emplace_back([&shared, w] {
      for (std::uint64_t n = 0; n < kAppends; ++n) {
        const std::uint64_t trace = 1 + w * kAppends + n;
        EXPECT_TRUE(append_to(shared, batch_of({{trace, 1}, {trace, 2}, {trace, 3}})));
        EXPECT_EQ(read(shared, {TraceId{7, trace}}).size(), 3U) << "acknowledged, so visible";
      }
    });
  }
  for (int i = 0; i < 30; ++i) EXPECT_EQ(scanned(shared, {}).size() % 3, 0U) << "all or none";
  for (std::thread& t : writers) t.join();
  EXPECT_EQ(scanned(shared, {}).size(), kWriters * kAppends * 3);
}

TEST_P(SpanStoreConformance, ASnapshotHoldsEverythingAcknowledged) {
  append([] { return batch_of({{1, 1}, {1, 2}, {2, 3}}); });
  append([] { return batch_of({{3, 4}}); }, "red");
  remove({TraceId{7, 2}});
  const std::string directory =
      ::testing::TempDir() + "span-snapshot-" + std::to_string(Random::from_system().next());
  const Status copied = store().snapshot_to(directory);
  if (!GetParam().has_snapshots) {
    EXPECT_EQ(copied.error().code, ErrorCode::kUnimplemented);
    return;
  }
  ASSERT_TRUE(copied) << copied.error().message;
  ASSERT_TRUE(append_to(store(), batch_of({{9, 9}})));
  {
    const auto copy = engine_->open_snapshot(directory);
    EXPECT_EQ(scanned(copy->store(), {}), scanned(oracle(), {}));
    EXPECT_EQ(scanned(copy->store(), {}, "red"), scanned(oracle(), {}, "red"));
  }
  std::filesystem::remove_all(directory);
}

TEST_P(SpanStoreConformance, StatsCountSpansAndTheirTimes) {
  append([] { return batch_of({{1, 1, 500}, {1, 2, 900}}); });
  const SpanStoreStats stats = store().stats();
  EXPECT_EQ(stats.spans, 2U);
  EXPECT_EQ(stats.oldest_start_unix_ns, 500U);
  EXPECT_EQ(stats.newest_start_unix_ns, 900U);
}

}  // namespace
}  // namespace binnacle::conformance
