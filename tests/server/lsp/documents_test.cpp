#include "server/lsp/documents.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "fakes.h"
#include "syntax/syntax_tree.h"
#include "syntax/tree_shape.h"

using namespace lacuna;
using namespace lacuna::server;

namespace {

constexpr const char* kUri = "file:///a.py";

struct Editor {
  ManualScheduler scheduler;
  std::vector<std::string> events;
  DocumentStore documents{scheduler};

  Editor() {
    documents.set_observer({.opened = [this](const SnapshotPointer&) { events.push_back("opened"); },
                            .changed = [this](const SnapshotPointer&,
                                              const Edits& edits) { events.push_back(edits ? "edited" : "replaced"); },
                            .closed = [this](const std::string&) { events.push_back("closed"); }});
  }
  void open(std::string text, std::string language = "python") {
    documents.open({kUri, std::move(language), 1, std::move(text)});
  }
  void change(int64_t version, std::optional<Range> range, std::string text) {
    DidChangeParams params;
    params.text_document = {kUri, version};
    params.changes.push_back({range, std::move(text)});
    documents.change(params);
  }
  void type(int64_t version, Position at, std::string text) { change(version, Range{at, at}, std::move(text)); }
  SnapshotPointer now() const { return documents.find(kUri); }
};

}  // namespace

TEST_CASE("a document is opened, edited, replaced and closed") {
  Editor editor;
  editor.open("a = 1\n");
  CHECK(*editor.now()->text == "a = 1\n");
  CHECK(editor.now()->path == "/a.py");
  REQUIRE(editor.now()->language != nullptr);
  CHECK(editor.now()->language->id == "python");
  const SnapshotPointer before = editor.now();
  editor.type(2, {0, 5}, "2");
  CHECK(*editor.now()->text == "a = 12\n");
  CHECK(editor.now()->version == 2);
  CHECK(*before->text == "a = 1\n");
  CHECK_FALSE(editor.documents.is_current(*before));
  editor.change(3, std::nullopt, "b");
  CHECK(*editor.now()->text == "b");
  editor.documents.close(kUri);
  CHECK(editor.now() == nullptr);
  CHECK(editor.events == std::vector<std::string>{"opened", "edited", "replaced", "closed"});
}

TEST_CASE("strange orders do no harm") {
  Editor editor;
  editor.type(2, {0, 0}, "x");
  editor.documents.close(kUri);
  editor.documents.save({{kUri}, "x"});
  CHECK(editor.events.empty());
  editor.open("one");
  editor.open("two");
  CHECK(*editor.now()->text == "two");
  CHECK(editor.events == std::vector<std::string>{"opened", "closed", "opened"});
  editor.type(-5, {0, 0}, "x");  // a version that goes down
  CHECK(*editor.now()->text == "xtwo");
  CHECK(editor.now()->version == -5);
  editor.type(1000000, {9, 9}, "!");
  CHECK(*editor.now()->text == "xtwo!");
  editor.documents.change({{kUri, 1000001}, {}});  // no change at all
  CHECK(*editor.now()->text == "xtwo!");
}

TEST_CASE("a saved text that differs from ours is noticed and taken") {
  Editor editor;
  editor.open("one");
  editor.documents.save({{kUri}, std::nullopt});
  editor.documents.save({{kUri}, "one"});
  CHECK(editor.documents.num_divergences() == 0);
  editor.documents.save({{kUri}, "two"});
  CHECK(editor.documents.num_divergences() == 1);
  CHECK(*editor.now()->text == "two");
}

TEST_CASE("trees come from workers, and belong to exactly the snapshot's text") {
  Editor editor;
  editor.open("def f(:\n");
  CHECK(editor.now()->tree == nullptr);
  std::vector<SnapshotPointer> heard;
  const auto hear = [&](const SnapshotPointer& snapshot) { heard.push_back(snapshot); };
  editor.documents.when_parsed(kUri, hear);
  editor.type(2, {0, 6}, "x");  // before the first parse ran
  REQUIRE(heard.size() == 1);
  CHECK(heard[0] == nullptr);
  editor.documents.when_parsed(kUri, hear);
  editor.scheduler.settle();
  REQUIRE(heard.size() == 2);
  REQUIRE(heard[1] != nullptr);
  REQUIRE(heard[1]->tree != nullptr);
  CHECK(*heard[1]->text == "def f(x:\n");
  CHECK(heard[1]->tree->has_errors());
  editor.documents.when_parsed(kUri, hear);
  CHECK(heard.size() == 3);
  CHECK(heard[2] == editor.now());
}

TEST_CASE("who waits for a tree is told when its document goes") {
  Editor editor;
  editor.open("a");
  int heard = 0;
  editor.documents.when_parsed(kUri, [&](const SnapshotPointer& snapshot) { heard += snapshot == nullptr ? 1 : 100; });
  editor.documents.close(kUri);
  CHECK(heard == 1);
  editor.documents.when_parsed(kUri, [&](const SnapshotPointer& snapshot) { heard += snapshot == nullptr ? 1 : 100; });
  CHECK(heard == 2);
  editor.scheduler.settle();
  CHECK(heard == 2);
}

TEST_CASE("a document of an unknown language has no tree, and says so at once") {
  Editor editor;
  editor.documents.open({"untitled:x", "klingon", 1, "nuqneH"});
  bool heard = false;
  editor.documents.when_parsed("untitled:x",
                               [&](const SnapshotPointer& snapshot) { heard = snapshot->tree == nullptr; });
  CHECK(heard);
}

TEST_CASE("incremental trees of random edits equal trees from scratch") {
  std::mt19937 random(7);
  static const std::vector<std::string> pieces = {"x",  "(", ")",  "\n",     "    ",       "def f():\n",
                                                  "\"", "é", "😀", "[1, 2]", "return x\n", "\r\n"};
  for (int round = 0; round < 40; ++round) {
    Editor editor;
    std::string text;
    for (int i = 0; i < 30; ++i) text += pieces[random() % pieces.size()];
    editor.open(text);
    for (int64_t version = 2; version < 20; ++version) {
      const Position at{static_cast<uint32_t>(random() % 12), static_cast<uint32_t>(random() % 10)};
      const Position to{at.line, at.character + static_cast<uint32_t>(random() % 3)};
      editor.change(version, Range{at, to}, random() % 3 != 0 ? pieces[random() % pieces.size()] : "");
      if (random() % 3 == 0) editor.scheduler.settle();
    }
    editor.scheduler.settle();
    const SnapshotPointer snapshot = editor.now();
    REQUIRE(snapshot->tree != nullptr);
    const auto fresh = syntax::SyntaxTree::parse(*snapshot->language, *snapshot->text);
    REQUIRE(fresh.ok());
    CHECK(snapshot->tree->has_errors() == fresh->has_errors());
  }
}

TEST_CASE("whole texts that replace one another have the trees of a parse from scratch") {
  Editor editor;
  std::mt19937 random(5);
  const std::vector<std::string> pieces = {"x = 1\n", "def f(a):\n",  "    return a\n", "(", ")",
                                           "\"é",     "日本 = 'ü'\n", "# ñ\n",          "\n"};
  std::string text = "a = 1\n";
  editor.open(text);
  for (int64_t version = 2; version < 200; ++version) {
    if (version % 40 == 0) text.clear();
    const auto& piece = pieces[random() % pieces.size()];
    size_t at = random() % (text.size() + 1);
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    text.insert(at, piece);
    if (version % 7 == 0) text = text.substr(0, at);
    editor.change(version, std::nullopt, text);
    if (version % 3 == 0) continue;  // the next one comes before the parse
    editor.scheduler.settle();
    REQUIRE(*editor.now()->text == text);
    REQUIRE(editor.now()->tree != nullptr);
    const auto fresh = syntax::SyntaxTree::parse(*editor.now()->language, text);
    REQUIRE(fresh.ok());
    CAPTURE(text);
    CHECK(editor.now()->tree->error_cost() == fresh->error_cost());
    CHECK(syntax::shape_of(*editor.now()->tree, text) == syntax::shape_of(*fresh, text));
  }
}

TEST_CASE("a text that replaces a broken one whole is still known to have begun with errors") {
  Editor editor;
  editor.open("print(f(1)\n");
  editor.scheduler.settle();
  REQUIRE(editor.now()->tree->began_with_errors());
  editor.change(2, std::nullopt, "print(f(1))\n");
  editor.scheduler.settle();
  CHECK_FALSE(editor.now()->tree->has_errors());
  CHECK(editor.now()->tree->began_with_errors());

  editor.documents.close(kUri);
  editor.open("print(1)\n");
  editor.scheduler.settle();
  editor.change(2, std::nullopt, "print(1\n");
  editor.scheduler.settle();
  CHECK_FALSE(editor.now()->tree->began_with_errors());
}

TEST_CASE("a parser that hangs holds nobody up, and its late end changes nothing") {
  Editor editor;
  editor.scheduler.workers_hang = true;
  editor.open("a = 1\n");
  std::vector<SnapshotPointer> heard;
  editor.documents.when_parsed(kUri, [&](const SnapshotPointer& snapshot) { heard.push_back(snapshot); });
  editor.scheduler.advance(std::chrono::seconds(1));
  CHECK(heard.empty());
  editor.scheduler.advance(std::chrono::seconds(2));
  REQUIRE(heard.size() == 1);
  REQUIRE(heard[0] != nullptr);
  CHECK(heard[0]->tree == nullptr);
  editor.scheduler.workers_hang = false;
  editor.scheduler.settle();
  CHECK(editor.now()->tree == nullptr);
  editor.scheduler.advance(std::chrono::minutes(2));
  editor.type(2, {0, 0}, "b");
  editor.scheduler.settle();
  CHECK(editor.now()->tree != nullptr);
  CHECK(editor.scheduler.num_timers() == 0);
}
