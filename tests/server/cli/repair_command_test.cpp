#include "server/cli/repair_command.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "server/cli/exit_code.h"
#include "server/cli/source_files.h"
#include "tests/server/cli/captured_console.h"
#include "tests/server/models/fixture.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kGood = "def f(x):\n    return g(x)\n";
constexpr const char* kBroken = "def f(x):\n    return g(x\n\n\ndef h(y):\n    return y\n";
constexpr const char* kMended = "def f(x):\n    return g(x)\n\n\ndef h(y):\n    return y\n";

struct Tree {
  TemporaryFolder folder;
  CapturedConsole captured;

  std::string write(const std::string& name, const std::string& text) const {
    write_text(folder / name, text);
    return folder / name;
  }
  int run(std::vector<std::string> paths, RepairMode mode, bool json = false) {
    RepairCommandOptions options;
    options.paths = std::move(paths);
    options.mode = mode;
    options.json = json;
    return run_repair(options, captured.console);
  }
};

TEST_CASE("a diff shows the mended line, and leaves the file alone") {
  Tree tree;
  const std::string path = tree.write("a.py", kBroken);
  CHECK(tree.run({path}, RepairMode::diff) == kExitOk);
  const std::string diff = tree.captured.out();
  CHECK(diff.find("-    return g(x\n+    return g(x)\n") != std::string::npos);
  CHECK(read_text(path) == kBroken);
}

TEST_CASE("writing mends the file and keeps its mode") {
  Tree tree;
  const std::string path = tree.write("a.py", kBroken);
  fs::permissions(path, fs::perms::owner_all);
  CHECK(tree.run({path}, RepairMode::write) == kExitOk);
  CHECK(read_text(path) == kMended);
  CHECK(fs::status(path).permissions() == fs::perms::owner_all);
  CHECK(tree.run({path}, RepairMode::check) == kExitOk);
}

TEST_CASE("a check exits with 1 at a file with an error, tells its place, and changes nothing") {
  Tree tree;
  const std::string good = tree.write("good.py", kGood);
  const std::string bad = tree.write("bad.py", kBroken);
  CHECK(tree.run({good}, RepairMode::check) == kExitOk);
  CHECK(tree.captured.out().empty());
  CHECK(tree.run({good, bad}, RepairMode::check) == kExitFinding);
  CHECK(tree.captured.out().find(bad + ":2:") == 0);
  CHECK(read_text(bad) == kBroken);
}

TEST_CASE("JSON names errors, changes and the diff") {
  Tree tree;
  const std::string path = tree.write("a.py", kBroken);
  CHECK(tree.run({path}, RepairMode::diff, true) == kExitOk);
  const Json json = Json::parse(tree.captured.out());
  CHECK(json["files_examined"] == 1);
  CHECK(json["files_with_errors"] == 1);
  CHECK(json["failures"].empty());
  const Json& file = json["files"].at(0);
  CHECK(file["file"] == path);
  CHECK(file["language"] == "python");
  CHECK(file["errors"].at(0)["line"] == 2);
  CHECK(file["changes"].at(0)["text"] == ")");
  CHECK(file["remaining_errors"] == 0);
  CHECK(file["written"] == false);
  CHECK(file["diff"].get<std::string>().find("+    return g(x)\n") != std::string::npos);
}

TEST_CASE("what cannot be read is told, the exit code says so, and the other files are still done") {
  Tree tree;
  const std::string binary = tree.write("binary.py", std::string("x = \0 1\n", 8));
  const std::string latin = tree.write("latin.py", "name = 'caf\xE9'\n");
  const std::string unknown = tree.write("notes.xyz", "hello");
  const std::string bad = tree.write("bad.py", kBroken);
  CHECK(tree.run({binary, latin, unknown, tree.folder / "none.py", bad}, RepairMode::write) == kExitFailure);
  const std::string err = tree.captured.err();
  CHECK(err.find("binary.py' is not text") != std::string::npos);
  CHECK(err.find("latin.py' is not UTF-8: the byte at offset 11") != std::string::npos);
  CHECK(err.find("notes.xyz': the name does not tell its language") != std::string::npos);
  CHECK(err.find("there is no file '" + (tree.folder / "none.py")) != std::string::npos);
  CHECK(read_text(bad) == kMended);
}

TEST_CASE("most of a file is never thrown away to make the rest parse") {
  const std::string hopeless = "<<<%%% ?? )(][ def def def ]]]] @@@ ;;; (((\n\x01 $$ 1 2 3 : : :\n";
  Tree tree;
  const std::string path = tree.write("a.py", hopeless);
  CHECK(tree.run({path}, RepairMode::write) == kExitFinding);
  CHECK(read_text(path).size() > hopeless.size() / 2);
}

TEST_CASE("writing exits with 1 exactly where it leaves an error") {
  for (const char* text : {kGood, kBroken, "def f(:\n  ]]]\n x = = 3 )(\n", "<<< %% ?? )(][ def def def @@ (((\n"}) {
    CAPTURE(text);
    Tree tree;
    const std::string path = tree.write("a.py", text);
    const int wrote = tree.run({path}, RepairMode::write);
    CHECK(wrote == tree.run({path}, RepairMode::check));
  }
}

TEST_CASE("a folder is walked for known languages, without hidden folders, node_modules and links") {
  Tree tree;
  tree.write("b/z.py", kGood);
  tree.write("a.js", "f();\n");
  tree.write("notes.xyz", "text");
  tree.write(".git/hook.py", kGood);
  tree.write("node_modules/m/index.js", "f();\n");
  fs::create_symlink(tree.folder / "a.js", tree.folder / "link.js");
  const auto files = find_source_files(tree.folder.path(), "");
  REQUIRE(files.ok());
  std::vector<std::string> names;
  for (const SourceFile& file : *files) names.push_back(fs::relative(file.path, tree.folder.path()).string());
  CHECK(names == std::vector<std::string>{"a.js", "b/z.py"});
  CHECK(find_source_files(tree.folder.path(), "python")->size() == 1);
}

TEST_CASE("stdin and unknown names need a language, and an unknown language is told") {
  CHECK(find_source_files("-", "").error().code == ErrorCode::invalid_argument);
  CHECK(find_source_files("-", "klingon").error().message.find("klingon") != std::string::npos);
  REQUIRE(find_source_files("-", "python").ok());
  CHECK(find_source_files("-", "python")->at(0).language->id == "python");
}

}  // namespace
}  // namespace lacuna::server
