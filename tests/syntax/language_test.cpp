#include "syntax/language.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "marked_text.h"
#include "samples.h"
#include "syntax/diagnose.h"

using namespace lacuna::syntax;

namespace {

void check_found(std::string_view id, std::string_view path, std::string_view expected) {
  CAPTURE(id);
  CAPTURE(path);
  const Language* language = find_language(id, path);
  if (expected.empty()) {
    CHECK(language == nullptr);
  } else {
    REQUIRE(language != nullptr);
    CHECK(language->id == expected);
  }
}

}  // namespace

TEST_CASE("languages are found by languageId, alias, extension and file name") {
  check_found("python", "", "python");
  check_found("javascriptreact", "", "javascript");
  check_found("tsx", "", "typescriptreact");
  check_found("cuda-cpp", "", "cpp");
  check_found("sh", "", "shellscript");
  check_found("jsonc", "", "json");
  check_found("", "/src/main.rs", "rust");
  check_found("", "C:\\src\\Program.cs", "csharp");
  check_found("", "lib/types.d.ts", "typescript");
  check_found("", "/home/me/.bashrc", "shellscript");
  check_found("", "Gemfile", "ruby");
  check_found("plaintext", "notes.go", "go");
}

TEST_CASE("the languageId wins over the path") {
  check_found("cpp", "vector.h", "cpp");
}

TEST_CASE("unknown languages are not guessed") {
  check_found("", "", "");
  check_found("cobol", "x.cbl", "");
  check_found("", "Makefile", "");
  check_found("", "archive.", "");
}

TEST_CASE("no id, alias, extension or file name belongs to two languages") {
  std::set<std::string_view> ids, extensions, files;
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    CHECK(ids.insert(language.id).second);
    for (std::string_view alias : language.aliases) CHECK(ids.insert(alias).second);
    for (std::string_view extension : language.extensions) CHECK(extensions.insert(extension).second);
    for (std::string_view file : language.file_names) CHECK(files.insert(file).second);
  }
}

TEST_CASE("every language of the table parses its sample without an error") {
  CHECK(samples().size() == languages().size());
  for (const Language& language : languages()) {
    CAPTURE(language.id);
    auto sample =
        std::find_if(samples().begin(), samples().end(), [&](const Sample& s) { return s.language == language.id; });
    REQUIRE(sample != samples().end());
    SyntaxTree tree = tree_of(language.id, sample->text);
    CHECK(tree.num_errors() == 0);
    CHECK_FALSE(tree.has_errors());
    CHECK(diagnose(tree, sample->text).empty());
  }
}
