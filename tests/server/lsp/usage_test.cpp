#include "server/lsp/usage.h"

#include <doctest/doctest.h>

#include "fakes.h"

using namespace lacuna::server;
using namespace std::chrono_literals;

namespace {

constexpr const char* kUri = "file:///a.py";

struct Session {
  ManualScheduler scheduler;
  DocumentStore documents{scheduler};
  Usage usage{scheduler, documents};
  int64_t version = 1;

  Session() {
    documents.open({kUri, "python", 1, "x = 1\n"});
    scheduler.settle();
  }
  void text(std::string all) {
    DidChangeParams params{{kUri, ++version}, {}};
    params.changes.push_back({std::nullopt, std::move(all)});
    documents.change(params);
    scheduler.settle();
  }
};

}  // namespace

TEST_CASE("what stays on the screen for three quarters of a second was seen, and what is accepted before") {
  Session session;
  session.usage.offered(kUri, 1, "a", 5);
  session.scheduler.advance(749ms);
  CHECK(session.usage.to_json()["seen"] == 0);
  session.scheduler.advance(1ms);
  CHECK(session.usage.to_json()["seen"] == 1);
  session.usage.offered(kUri, 2, "b", 5);
  session.usage.withdrawn(kUri);
  session.scheduler.advance(1s);
  CHECK(session.usage.to_json()["seen"] == 1);
  session.usage.offered(kUri, 3, "c", 5);
  session.usage.accepted(3);
  session.scheduler.advance(1s);
  CHECK(session.usage.to_json()["seen"] == 2);
  CHECK(session.usage.to_json()["offered"] == 3);
}

TEST_CASE("an accepted text is kept while the document has it as often as after the acceptance") {
  Session session;
  session.usage.offered(kUri, 1, "  total += é\n", 5);
  session.text("x = 1\ntotal += é\n");
  session.usage.accepted(1);
  CHECK(session.usage.to_json()["acceptedCharacters"] == 10);
  session.text("# moved\nx = 1\n    total += é\n");
  session.scheduler.advance(30s);
  CHECK(session.usage.to_json()["keptAfter30s"]["kept"] == 1);
  session.text("x = 1\n");
  session.scheduler.advance(90s);
  CHECK(session.usage.to_json()["keptAfter120s"]["checked"] == 1);
  CHECK(session.usage.to_json()["keptAfter120s"]["kept"] == 0);
}

TEST_CASE("of a closed document nobody can tell what was kept") {
  Session session;
  session.usage.offered(kUri, 1, "y = 2", 5);
  session.text("y = 2\n");
  session.usage.accepted(1);
  session.documents.close(kUri);
  session.scheduler.advance(3min);
  CHECK(session.usage.to_json()["keptAfter30s"]["checked"] == 0);
  CHECK(session.scheduler.num_timers() == 0);
}

TEST_CASE("percentiles are those of the newest answers, and reasons are in order of their number") {
  Session session;
  for (int i = 1; i <= 100; ++i) session.usage.offered(kUri, static_cast<uint64_t>(i), "t", i);
  CHECK(session.usage.to_json()["latencyMs"] == Json{{"answers", 100}, {"p50", 50.0}, {"p95", 95.0}, {"p99", 99.0}});
  for (const char* reason : {"a", "b", "b"}) session.usage.silent(reason);
  const Json silences = session.usage.to_json()["silences"];
  CHECK(silences[0] == Json{{"reason", "b"}, {"count", 2}});
  for (int i = 0; i < 1000; ++i) session.usage.silent("reason " + std::to_string(i));
  CHECK(session.usage.to_json()["silences"].size() <= 41);
}

TEST_CASE("an acceptance of something never offered, and one after the session, do no harm") {
  Session session;
  session.usage.accepted(99);
  CHECK(session.usage.to_json()["accepted"] == 1);
  {
    Usage short_lived(session.scheduler, session.documents);
    short_lived.offered(kUri, 1, "x = 1", 1);
    short_lived.accepted(1);
    CHECK(session.scheduler.num_timers() == 2);
  }
  CHECK(session.scheduler.num_timers() == 0);
}
