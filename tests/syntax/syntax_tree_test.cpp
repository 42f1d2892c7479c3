#include "syntax/syntax_tree.h"

#include <doctest/doctest.h>
#include <tree_sitter/api.h>

#include <array>
#include <random>
#include <string>
#include <thread>

#include "marked_text.h"
#include "samples.h"
#include "syntax/cursor_walk.h"
#include "syntax/diagnose.h"

using namespace lacuna::syntax;

namespace {

/// A number for the whole shape of a tree: every visible node's type, range and flags.
uint64_t shape_of(const SyntaxTree& tree) {
  uint64_t hash = 14695981039346656037ull;
  auto mix = [&hash](uint64_t value) { hash = (hash ^ value) * 1099511628211ull; };
  walk(ts_tree_root_node(tree.raw()), [&](TSNode node) {
    mix(ts_node_symbol(node));
    mix(ts_node_start_byte(node));
    mix(ts_node_end_byte(node));
    mix(ts_node_start_point(node).row);
    mix(ts_node_start_point(node).column);
    mix(ts_node_end_point(node).column);
    mix(ts_node_is_missing(node));
    return true;
  });
  return hash;
}

struct Change {
  Edit edit;
  std::string text;  ///< after it
};

Change replace(const std::string& text, uint32_t begin, uint32_t end, std::string_view inserted) {
  std::string changed = text.substr(0, begin) + std::string(inserted) + text.substr(end);
  return {{begin, end, begin + static_cast<uint32_t>(inserted.size())}, std::move(changed)};
}

}  // namespace

TEST_CASE("errors are counted as ERROR and MISSING nodes, nested ones too") {
  CHECK(tree_of("python", "x = 1\n").num_errors() == 0);
  CHECK(tree_of("c", "int x = 1").num_errors() == 1);
  CHECK(tree_of("python", "def f(:\n    pass\n").num_errors() == 1);
  SyntaxTree tree = tree_of("javascript", "a = (1;\nb = [;\n");
  CHECK(tree.num_errors() >= 2);
  CHECK(tree.has_errors());
  CHECK(tree.error_cost() > 0);
}

TEST_CASE("an empty text has a tree") {
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    SyntaxTree tree = tree_of(language.id, "");
    CHECK(tree.num_errors() == 0);
    CHECK(&tree.language() == &language);
  }
}

TEST_CASE("a parse gives up when its budget is spent") {
  std::string text;
  for (int i = 0; i < 200'000; i++) text += "f(x);\n";
  auto tree = SyntaxTree::parse(*find_language("c", ""), text, {.budget = std::chrono::milliseconds(0)});
  REQUIRE_FALSE(tree.ok());
  CHECK(tree.error().code == lacuna::ErrorCode::timeout);
  CHECK(tree.error().message == "parsing 1200000 bytes of C took more than 0 ms");
  // The parser that gave up is fit for the next text.
  CHECK(tree_of("c", "int x;").num_errors() == 0);
}

TEST_CASE("a parse gives up when it is cancelled") {
  std::string text;
  for (int i = 0; i < 200'000; i++) text += "f(x);\n";
  std::atomic<bool> cancel = true;
  auto tree = SyntaxTree::parse(*find_language("c", ""), text, {.budget = std::chrono::minutes(5), .cancel = &cancel});
  REQUIRE_FALSE(tree.ok());
  CHECK(tree.error().code == lacuna::ErrorCode::cancelled);
}

TEST_CASE("a reparse after one edit is the parse of the new text") {
  std::string old_text = "def f(a):\n    return a\n\n\ndef g():\n    return f(1)\n";
  SyntaxTree old_tree = tree_of("python", old_text);
  Change change = replace(old_text, 14, 22, "if a:\n        return 'é'\n    return");
  auto tree = old_tree.reparse({&change.edit, 1}, old_text, change.text);
  REQUIRE(tree.ok());
  CHECK(shape_of(*tree) == shape_of(tree_of("python", change.text)));
  CHECK(old_tree.num_errors() == 0);  // the old one is untouched
  CHECK(shape_of(old_tree) == shape_of(tree_of("python", old_text)));
}

TEST_CASE("edits that do not fit their texts still give the tree of the new text") {
  SyntaxTree old_tree = tree_of("json", "[1]");
  const Edit wrong{0, 100, 3};
  auto tree = old_tree.reparse({&wrong, 1}, "[1]", "{\"a\": 2}");
  REQUIRE(tree.ok());
  CHECK(shape_of(*tree) == shape_of(tree_of("json", "{\"a\": 2}")));
}

TEST_CASE("random edits that keep the text valid: the reparse has the shape of a fresh parse") {
  std::mt19937 random(7);
  for (const Sample& sample : samples()) {
    CAPTURE(sample.language);
    std::string text(sample.text);
    SyntaxTree tree = tree_of(sample.language, text);
    int num_valid = 0;
    for (int round = 0; round < 300; round++) {
      auto begin = static_cast<uint32_t>(random() % (text.size() + 1));
      uint32_t end = begin + static_cast<uint32_t>(random() % std::min<size_t>(6, text.size() - begin + 1));
      size_t from = random() % sample.text.size();
      Change change = replace(text, begin, end, sample.text.substr(from, random() % 8));
      SyntaxTree fresh = tree_of(sample.language, change.text);
      auto again = tree.reparse({&change.edit, 1}, text, change.text, {.budget = std::chrono::minutes(1)});
      REQUIRE(again.ok());
      REQUIRE(again->has_errors() == fresh.has_errors());
      if (fresh.has_errors()) continue;  // recovery may choose otherwise when it can reuse more
      CAPTURE(change.text);
      REQUIRE(shape_of(*again) == shape_of(fresh));
      num_valid++;
      text = change.text;
      tree = *again;
    }
    CHECK(num_valid > 5);
  }
}

TEST_CASE("several edits at once: the reparse has the shape of a fresh parse") {
  std::mt19937 random(11);
  std::string line = "    total = compute(alpha, [beta, 'gamma'])  # note\n";
  std::string text = "def f():\n";
  for (int i = 0; i < 40; i++) text += line;
  for (int round = 0; round < 100; round++) {
    SyntaxTree tree = tree_of("python", text);
    std::string changed = text;
    std::vector<Edit> edits;
    for (int i = 0; i < 5; i++) {
      size_t at = changed.find("alpha", random() % (changed.size() / 2));
      if (at == std::string::npos) continue;
      std::string_view word = std::array<std::string_view, 3>{"alphabet", "a", "(alpha,\n      2)"}[random() % 3];
      Change change = replace(changed, static_cast<uint32_t>(at), static_cast<uint32_t>(at + 5), word);
      edits.push_back(change.edit);
      changed = change.text;
    }
    auto again = tree.reparse(edits, text, changed);
    REQUIRE(again.ok());
    REQUIRE(shape_of(*again) == shape_of(tree_of("python", changed)));
  }
}

TEST_CASE("any bytes have a tree, and it can be diagnosed") {
  std::mt19937 random(3);
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    for (int round = 0; round < 20; round++) {
      std::string text;
      for (int i = 0; i < 400; i++) text += static_cast<char>(random() % 256);
      if (round % 2) text += std::string(3, '\0') + "\xF0\x9F\xFF\xC3";
      SyntaxTree tree = tree_of(language.id, text);
      auto errors = diagnose(tree, text);
      CHECK(errors.empty() == !tree.has_errors());
    }
  }
}

TEST_CASE("very deep nesting is parsed, counted and diagnosed without recursion, or given up in time") {
  constexpr size_t depth = 200'000;
  for (std::string_view language : {"python", "c", "javascript", "json"}) {
    CAPTURE(language);
    std::string open(depth, language == "json" ? '[' : '(');
    auto tree = SyntaxTree::parse(*find_language(language, ""), open, {.budget = std::chrono::seconds(2)});
    if (tree.ok()) {
      CHECK(tree->has_errors());
      CHECK(tree->num_errors() > 0);
      CHECK_FALSE(diagnose(*tree, open).empty());
    } else {
      CHECK(tree.error().code == lacuna::ErrorCode::timeout);
    }
  }
}

TEST_CASE("deep nesting without an error survives an edit in the middle") {
  constexpr size_t depth = 20'000;
  std::string text = std::string(depth, '[') + std::string(depth, ']');
  SyntaxTree tree = tree_of("json", text);
  CHECK(tree.num_errors() == 0);
  Change change = replace(text, depth, depth, "1");
  auto again = tree.reparse({&change.edit, 1}, text, change.text, {.budget = std::chrono::minutes(1)});
  REQUIRE(again.ok());
  CHECK(again->num_errors() == 0);
}

TEST_CASE("threads parse, read and reparse one tree at the same time") {
  std::string text;
  for (int i = 0; i < 200; i++) text += "int f" + std::to_string(i) + "(int x) { return x + 1 }\n";
  SyntaxTree tree = tree_of("c", text);
  const int expected = tree.num_errors();
  CHECK(expected == 200);
  std::array<int, 4> counts{};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < counts.size(); i++) {
    threads.emplace_back([&, i] {
      SyntaxTree copy = tree;
      for (int round = 0; round < 20; round++) {
        Change change = replace(text, static_cast<uint32_t>(3 * i), static_cast<uint32_t>(3 * i), " ");
        auto again = copy.reparse({&change.edit, 1}, text, change.text, {.budget = std::chrono::minutes(1)});
        if (again.ok()) counts[i] += copy.num_errors() == expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int count : counts) CHECK(count == 20);
}
