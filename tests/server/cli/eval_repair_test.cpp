#include "server/cli/eval_repair.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "captured_console.h"

using namespace lacuna::server;
using nlohmann::json;

namespace {

struct CaseFile {
  std::string path = (std::filesystem::temp_directory_path() / ("lacuna-cases-" + std::to_string(::getpid()))).string();
  ~CaseFile() { std::filesystem::remove(path); }

  void write(const std::string& text) const { std::ofstream(path) << text; }
  void write_gzipped(const std::string& text) const {
    gzFile file = ::gzopen(path.c_str(), "wb");
    REQUIRE(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
    ::gzclose(file);
  }
};

std::string line(const char* language, const char* original, const char* broken, json ops) {
  return json{{"lang", language}, {"original", original}, {"broken", broken}, {"ops", std::move(ops)}}.dump() + "\n";
}

/// One case that is restored, one whose original nobody can guess, and one with two errors.
std::string cases() {
  return line("c", "void f(int a) {\n  g(a, 1);\n  h(a, 2);\n}\n", "void f(int a) {\n  g(a, 1);\n  h(a, 2;\n}\n",
              {"del_close"}) +
         line("python", "x = [1, 2]\nprint('never', 'guessed')\n", "x = [1, 2]\nprint('never', )\nprint(]\n",
              {"del_op"}) +
         line("c", "int a = 1;\nint b = (2);\n", "int a = 1\nint b = (2;\n", {"del_punct", "del_close"});
}

}  // namespace

TEST_CASE("the evaluation tells what was restored, by language and by kind of error") {
  CaseFile file;
  file.write_gzipped(cases());
  CapturedConsole captured;
  REQUIRE(run_eval_repair({.cases = file.path, .json = true}, {}, {}, captured.console) == 0);
  const json result = json::parse(captured.out());
  CHECK(result["headline"]["n"] == 2);
  CHECK(result["headline"]["exact"] == doctest::Approx(0.5));
  CHECK(result["all"]["n"] == 3);
  const auto row = [&](const char* name) {
    for (const json& each : result["rows"])
      if (each["name"] == name) return each;
    return json();
  };
  CHECK(row("c")["n"] == 2);
  CHECK(row("c")["exact"] == 1);
  CHECK(row("single del_close")["exact"] == 1);
  CHECK(row("single del_op")["exact"] == 0);
  CHECK(row("2 errors")["exact"] == 1);
  CHECK(row("2 errors")["valid"] == 1);
}

TEST_CASE("the table has the columns of the project's tool") {
  CaseFile file;
  file.write(cases());
  CapturedConsole captured;
  REQUIRE(run_eval_repair({.cases = file.path}, {}, {}, captured.console) == 0);
  CHECK(captured.out().find("2 errors                 n    1  valid 1.000  exact 1.000  top3 1.000\n") !=
        std::string::npos);
  CHECK(captured.out().find("HEADLINE single edit     n    2  valid ") != std::string::npos);
}

TEST_CASE("a case file that is none is refused with its line") {
  CaseFile file;
  const auto message = [&] {
    CapturedConsole captured;
    CHECK(run_eval_repair({.cases = file.path}, {}, {}, captured.console) == 3);
    return captured.err();
  };
  CHECK(message().find("there is no file") != std::string::npos);
  file.write("");
  CHECK(message().find("holds no cases") != std::string::npos);
  file.write(line("c", "int a;", "int a", {"del_punct"}) + "{\n");
  CHECK(message().find(":2: not a JSON object") != std::string::npos);
  file.write(line("klingon", "a", "b", {"x"}));
  CHECK(message().find("there is no language 'klingon'") != std::string::npos);
  file.write(line("c", "a", "b", json::array()));
  CHECK(message().find("no list 'ops'") != std::string::npos);
}
