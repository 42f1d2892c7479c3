#include "server/lsp/json.h"

#include <doctest/doctest.h>

#include <string>

#include "support/utf8.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("values are read as they are written") {
  for (const char* text : {"null", "true", "-0.5", "[1,2,[]]", R"({"a":{"b":[1,"x\n"]},"c":null})", R"("😀")"}) {
    const auto value = parse_json(text);
    REQUIRE(value.ok());
    CHECK(*value == Json::parse(text));
  }
}

TEST_CASE("text that is not JSON is refused with its place") {
  for (const char* text :
       {"", "{", "{}{}", "[1,]", "{\"a\"}", "\"a", "nul", "1e400", "\xff\xfe{", "'a'", "{\"a\":1}x"}) {
    CAPTURE(text);
    const auto value = parse_json(text);
    REQUIRE_FALSE(value.ok());
    CHECK(value.error().code == ErrorCode::corrupt);
    CHECK(value.error().message.starts_with("not JSON"));
  }
  CHECK_FALSE(parse_json(std::string_view("{}\0", 3)).ok());
  CHECK_FALSE(parse_json(std::string_view("{}\0{}", 5)).ok());
}

TEST_CASE("depth is limited while parsing") {
  CHECK(parse_json(nested(kJsonDepthLimit)).ok());
  for (const size_t depth : {kJsonDepthLimit + 1, size_t{1000}, size_t{100000}, size_t{1000000}}) {
    const auto value = parse_json(nested(depth));
    REQUIRE_FALSE(value.ok());
    CHECK(value.error().message == "JSON is nested deeper than 128 levels");
  }
  std::string objects;
  for (int i = 0; i < 200; ++i) objects += "{\"a\":";
  CHECK_FALSE(parse_json(objects).ok());
}

TEST_CASE("of a key given twice the last value counts") {
  CHECK((*parse_json(R"({"a":[1],"a":{"b":2}})"))["a"]["b"] == 2);
}

TEST_CASE("lone surrogates and broken bytes become replacement characters") {
  CHECK(*parse_json(R"("a\ud800b")") == "a\uFFFDb");
  CHECK(*parse_json(R"("\udc00\ud83d\ude00\uD83D")") == "\uFFFD😀\uFFFD");
  CHECK(*parse_json(R"("\\ud800")") == "\\ud800");
  CHECK(*parse_json("\"a\xff\xc3\"") == "a\uFFFD\uFFFD");
}

TEST_CASE("what is written is UTF-8, whatever the strings hold") {
  for (const char* text : {"\xff", "a\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\x80", "ok\x80"}) {
    const std::string out = dump_json(Json(text));
    CHECK(utf8::is_valid(out));
    CHECK(parse_json(out).ok());
  }
}

TEST_CASE("many keys and long strings pass") {
  std::string keys = "{";
  for (int i = 0; i < 100000; ++i) keys += "\"k" + std::to_string(i) + "\":1,";
  keys.back() = '}';
  CHECK(parse_json(keys)->size() == 100000);
  CHECK(parse_json(Json(std::string(20 << 20, 'x')).dump()).ok());
}
