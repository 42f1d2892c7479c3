#include "server/completion/dismissals.h"

#include <doctest/doctest.h>

#include <string>

using namespace lacuna::server;
using std::chrono::milliseconds;

namespace {

/// A person before a document in which `^` marks the cursor.
struct Person {
  Dismissals dismissals;
  Dismissals::TimePoint now{};

  void sees(const std::string& marked, const std::string& inserted) {
    const auto [text, offset] = divided(marked);
    dismissals.offered(text, offset, inserted, now);
  }
  void writes(const std::string& marked, int after_ms = 1000) {
    now += milliseconds(after_ms);
    const auto [text, offset] = divided(marked);
    dismissals.moved_on(text, offset, now);
  }
  void dismisses(int times) {
    for (int i = 0; i < times; ++i) {
      sees("x = ^\n", "foo()");
      writes("x = b^\n");
    }
  }

 private:
  static std::pair<std::string, uint32_t> divided(const std::string& marked) {
    const size_t cursor = marked.find('^');
    REQUIRE(cursor != std::string::npos);
    return {std::string(marked).erase(cursor, 1), static_cast<uint32_t>(cursor)};
  }
};

}  // namespace

TEST_CASE("three offers in a row that were seen and not taken are many") {
  Person person;
  person.dismisses(2);
  CHECK_FALSE(person.dismissals.backs_off());
  person.dismisses(1);
  CHECK(person.dismissals.backs_off());
}

TEST_CASE("what was not seen long, and what one moves away from, is not dismissed") {
  Person person;
  for (int i = 0; i < 5; ++i) {
    person.sees("x = ^\n", "foo()");
    person.writes("x = b^\n", 100);
    person.sees("x = ^\n", "foo()");
    person.writes("^x = \n");
    person.sees("x = ^\n", "foo()");
    person.writes("x =^\n");
  }
  CHECK_FALSE(person.dismissals.backs_off());
}

TEST_CASE("taking an offer, at once or key by key, makes up for all") {
  for (const bool at_once : {true, false}) {
    Person person;
    person.dismisses(3);
    REQUIRE(person.dismissals.backs_off());
    person.sees("x = ^\n", "foo()");
    if (!at_once) {
      for (const char* marked : {"x = f^\n", "x = fo^\n", "x = foo(^)\n"}) {
        person.writes(marked);
        CHECK(person.dismissals.backs_off());
      }
    }
    person.writes("x = foo()^\n");
    CHECK_FALSE(person.dismissals.backs_off());
  }
}

TEST_CASE("an offer is judged once, and after leaving it half way") {
  Person person;
  person.dismisses(2);
  person.writes("x = ba^\n");
  person.writes("x = bar^\n");
  CHECK_FALSE(person.dismissals.backs_off());
  person.sees("x = ^\n", "foo()");
  person.writes("x = f^\n");
  person.writes("x = fa^\n");
  CHECK(person.dismissals.backs_off());
}
