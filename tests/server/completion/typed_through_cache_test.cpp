#include "server/completion/typed_through_cache.h"

#include <doctest/doctest.h>

using namespace lacuna::server;

namespace {

/// A text and the cursor that `^` marks in it.
struct Marked {
  explicit Marked(std::string marked) : offset(static_cast<uint32_t>(marked.find('^'))) {
    REQUIRE(offset < marked.size());
    text = marked.erase(offset, 1);
  }
  uint32_t offset;
  std::string text;
};

TypedThroughCache cache_with(const std::string& place, const std::string& generated) {
  const Marked marked(place);
  TypedThroughCache cache;
  cache.add(Place(marked.text, marked.offset), {.generated = generated});
  return cache;
}

/// How much was typed, or -1 for a miss.
int typed(const TypedThroughCache& cache, const std::string& place) {
  const Marked marked(place);
  const auto match = cache.find(marked.text, marked.offset);
  return match ? static_cast<int>(match->typed) : -1;
}

}  // namespace

TEST_CASE("what was suggested and is being typed is found") {
  const TypedThroughCache cache = cache_with("x = ^\ny\n", "foo(bar)\nbaz");
  CHECK(typed(cache, "x = ^\ny\n") == 0);
  CHECK(typed(cache, "x = f^\ny\n") == 1);
  CHECK(typed(cache, "x = foo(bar)^\ny\n") == 8);
  CHECK(typed(cache, "x = foo(bar)\nbaz^\ny\n") == 12);
}

TEST_CASE("deleting typed characters finds it again, deleting more does not") {
  const TypedThroughCache cache = cache_with("x = ^\n", "foo");
  CHECK(typed(cache, "x = fo^\n") == 2);
  CHECK(typed(cache, "x = f^\n") == 1);
  CHECK(typed(cache, "x = ^\n") == 0);
  CHECK(typed(cache, "x =^\n") == -1);
}

TEST_CASE("other text is a miss") {
  const TypedThroughCache cache = cache_with("x = ^\ny\n", "foo");
  CHECK(typed(cache, "x = g^\ny\n") == -1);
  CHECK(typed(cache, "x = food^\ny\n") == -1);
  CHECK(typed(cache, "z = f^\ny\n") == -1);
  CHECK(typed(cache, "x = f^\nz\n") == -1);
  CHECK(typed(cache, "x = f^\n") == -1);
  CHECK(typed(cache, "q = ^\nx = \ny\n") == -1);
}

TEST_CASE("closers that the editor inserts after the cursor are no obstacle, other text is") {
  const Marked marked("x = foo(^)\n");
  const TypedThroughCache cache = cache_with("x = ^\n", "foo(bar)");
  const auto match = cache.find(marked.text, marked.offset);
  REQUIRE(match);
  CHECK(match->typed == 4);
  CHECK(match->closers_inserted);
  CHECK(typed(cache, "x = foo(^a\n") == -1);
  CHECK(typed(cache, "x = foo(^)))))\n") == -1);
}

TEST_CASE("the newest suggestion wins and old ones go") {
  TypedThroughCache cache;
  for (int i = 0; i < 20; ++i) {
    const Marked marked("x" + std::to_string(i) + " = ^\n");
    cache.add(Place(marked.text, marked.offset), {.generated = std::to_string(i)});
  }
  CHECK(typed(cache, "x19 = ^\n") == 0);
  CHECK(typed(cache, "x4 = ^\n") == 0);
  CHECK(typed(cache, "x3 = ^\n") == -1);
  const Marked marked("x19 = ^\n");
  cache.add(Place(marked.text, marked.offset), {.generated = "newer"});
  CHECK(cache.find(marked.text, marked.offset)->suggestion->generated == "newer");
}

TEST_CASE("places far into long texts are told apart by their sizes") {
  const std::string far(100000, 'a');
  const TypedThroughCache cache = cache_with(far + "^" + far, "foo");
  CHECK(typed(cache, far + "f^" + far) == 1);
  CHECK(typed(cache, far + "f^" + far + "b") == -1);
}
