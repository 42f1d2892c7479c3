#include "server/lsp/parent_watch.h"

#include <doctest/doctest.h>

#include <set>

#include "fakes.h"

using namespace lacuna::server;
using namespace std::chrono_literals;

namespace {

struct Family {
  ManualScheduler scheduler;
  int64_t parent = 10;
  std::set<int64_t> living{10, 20};
  int deaths = 0;
  ParentWatch watch{scheduler,
                    {.parent = [this] { return parent; }, .alive = [this](int64_t id) { return living.contains(id); }},
                    [this] { ++deaths; }};
};

}  // namespace

TEST_CASE("an editor that lives is left alone") {
  Family family;
  family.watch.watch(20);
  family.scheduler.advance(60s);
  CHECK(family.deaths == 0);
}

TEST_CASE("the death of the editor is seen within five seconds, once") {
  Family family;
  family.watch.watch(20);
  family.scheduler.advance(10s);
  family.living.erase(20);
  family.scheduler.advance(5s);
  CHECK(family.deaths == 1);
  family.scheduler.advance(20s);
  CHECK(family.deaths == 1);
}

TEST_CASE("a process id that is used again does not hide the death of our parent") {
  Family family;
  family.watch.watch(10);
  family.parent = 1;
  family.scheduler.advance(5s);
  CHECK(family.deaths == 1);
}

TEST_CASE("a launcher between the editor and us may end") {
  Family family;
  family.watch.watch(20);
  family.parent = 1;
  family.scheduler.advance(60s);
  CHECK(family.deaths == 0);
}

TEST_CASE("without a named editor the parent counts") {
  Family family;
  family.scheduler.advance(10s);
  CHECK(family.deaths == 0);
  family.parent = 1;
  family.scheduler.advance(5s);
  CHECK(family.deaths == 1);
}
