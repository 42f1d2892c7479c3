#include "server/lsp/foresight.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

using namespace lacuna::server;

namespace {

constexpr const char* kUri = "file:///a.py";

/// A text that is edited, and what is foreseen after each edit.
struct Typist {
  Foresight foresight;
  std::string text;

  std::optional<uint32_t> replace(uint32_t begin, uint32_t end, const std::string& with) {
    text.replace(begin, end - begin, with);
    return after(Edits{{{begin, end, begin + static_cast<uint32_t>(with.size())}}});
  }
  std::optional<uint32_t> insert(uint32_t at, const std::string& with) { return replace(at, at, with); }
  std::optional<uint32_t> after(const Edits& edits) {
    Snapshot snapshot;
    snapshot.uri = kUri;
    snapshot.text = std::make_shared<const std::string>(text);
    return foresight.after(snapshot, edits);
  }
};

Typist asked_at(std::string text, uint32_t offset) {
  Typist typist{.foresight = {}, .text = std::move(text)};
  typist.foresight.asked(kUri, offset);
  return typist;
}

}  // namespace

TEST_CASE("behind what is typed where the client has asked, it is going to ask again") {
  Typist typist = asked_at("x = \n", 4);
  CHECK(typist.insert(4, "v") == 5);
  CHECK(typist.insert(5, "\xc3\xa4") == 7);
  CHECK(typist.insert(7, "\n    ") == 12);
}

TEST_CASE("a client that has not asked is not expected to") {
  Typist typist{.foresight = {}, .text = "x = \n"};
  CHECK_FALSE(typist.insert(4, "v"));
  typist.foresight.asked("file:///other.py", 5);
  CHECK_FALSE(typist.insert(5, "a"));
}

TEST_CASE("the cursor stands before what the editor has put in along with a key") {
  CHECK(asked_at("f\n", 1).insert(1, "()") == 2);
  CHECK(asked_at("f\n", 1).insert(1, "\"\"") == 2);
  CHECK(asked_at("f {}\n", 3).insert(3, "\n    \n") == 8);
  CHECK(asked_at("f {}\r\n", 3).insert(3, "\r\n    \r\n") == 9);
}

TEST_CASE("a closer that is typed over is typed") {
  CHECK(asked_at("f()\n", 2).replace(2, 3, ")") == 3);
}

TEST_CASE("nothing is foreseen after deletions and pastes, but they do not hide where the cursor is") {
  Typist typist = asked_at("x = value\n", 9);
  CHECK_FALSE(typist.replace(8, 9, ""));
  CHECK(typist.insert(8, "e") == 9);
  CHECK_FALSE(typist.insert(9, " + a_long_name_from_elsewhere"));
  const auto behind = static_cast<uint32_t>(typist.text.size()) - 1;
  CHECK(typist.insert(behind, "(") == behind + 1);
}

TEST_CASE("an edit elsewhere, several at once and a whole new text end it until the client asks") {
  const auto ends = [](const auto& edit) {
    Typist typist = asked_at("x = 1\ny = \n", 10);
    CHECK_FALSE(edit(typist));
    return !typist.insert(10, "2");
  };
  CHECK(ends([](Typist& typist) { return typist.insert(0, "z"); }));
  CHECK(ends([](Typist& typist) { return typist.after(Edits{{{10, 10, 11}, {0, 0, 1}}}); }));
  CHECK(ends([](Typist& typist) { return typist.after(std::nullopt); }));
  CHECK(ends([](Typist& typist) {
    typist.foresight.forget(kUri);
    return std::optional<uint32_t>();
  }));
}

TEST_CASE("a client that no longer asks is not computed for") {
  Typist typist = asked_at("", 0);
  uint32_t foreseen = 0;
  for (uint32_t key = 0; key < 100; ++key) foreseen += typist.insert(key, "k") ? 1 : 0;
  CHECK(foreseen > 0);
  CHECK(foreseen < 20);
  typist.foresight.asked(kUri, 100);
  CHECK(typist.insert(100, "k") == 101);
}
