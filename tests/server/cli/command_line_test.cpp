#include "server/cli/command_line.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/child_process.h"
#include "server/cli/exit_code.h"
#include "server/cli/peer_bench.h"
#include "tests/server/cli/shell.h"

namespace lacuna::server {
namespace {

using Json = nlohmann::json;

TEST_CASE("help and version go to stdout and exit with 0") {
  for (const char* flag : {"--help", "--version"}) {
    Shell shell;
    CHECK(shell.run({flag}) == kExitOk);
    CHECK(shell.captured.out().find("lacuna") != std::string::npos);
    CHECK(shell.captured.err().empty());
  }
}

TEST_CASE("every command has a help text") {
  const std::vector<std::vector<const char*>> commands = {
      {"lsp"},          {"complete"},        {"repair"},          {"model", "list"}, {"model", "pull"},
      {"model", "add"}, {"model", "verify"}, {"model", "remove"}, {"bench"},         {"tokenize"},
      {"perplexity"},   {"doctor"},          {"completions"},     {"manual"}};
  for (std::vector<const char*> command : commands) {
    CAPTURE(command.back());
    Shell shell;
    command.push_back("--help");
    CHECK(shell.run(command) == kExitOk);
    CHECK(shell.captured.out().find(command[command.size() - 2]) != std::string::npos);
  }
}

TEST_CASE("wrong usage exits with 2, says why on stderr, and prints nothing to stdout") {
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"nonsense"},
      {"repair"},
      {"repair", "--diff", "--write", "a.py"},
      {"model"},
      {"model", "pull", "--url", "https://example.org/m.gguf"},
      {"model", "pull", "--sha256", "00"},
      {"model", "add"},
      {"model", "remove"},
      {"bench", "--prompt", "0"},
      {"bench", "--prompt", "many"},
      {"tokenize", "--isa", "mmx"},
      {"tokenize", "--threads", "-1"},
      {"perplexity"},
      {"doctor", "--nonsense"},
  };
  for (const std::vector<const char*>& arguments : wrong) {
    CAPTURE(arguments.size());
    Shell shell;
    CHECK(shell.run(arguments) == kExitUsage);
    CHECK(shell.captured.out().empty());
    CHECK_FALSE(shell.captured.err().empty());
  }
}

TEST_CASE("an unknown command is named") {
  Shell shell;
  CHECK(shell.run({"completely"}) == kExitUsage);
  CHECK(shell.captured.err().find("completely") != std::string::npos);
}

TEST_CASE("a model that is not here is a failure that names the command to get it") {
  for (const char* command : {"tokenize", "bench"}) {
    Shell shell;
    CHECK(shell.run({command}) == kExitFailure);
    CHECK(shell.captured.err().find("lacuna model pull") != std::string::npos);
    CHECK(shell.captured.out().empty());
  }
}

TEST_CASE("the list of models as JSON has the catalogue, and where files go") {
  Shell shell;
  CHECK(shell.run({"model", "list", "--json"}) == kExitOk);
  const Json json = Json::parse(shell.captured.out());
  CHECK(json["folder"] == shell.environment.cache_directory + "/models");
  REQUIRE(json["models"].size() >= 3);
  const Json& first = json["models"][0];
  CHECK(first["name"] == "qwen2.5-coder-0.5b");
  CHECK(first["default"] == true);
  CHECK(first["state"] == "absent");
  CHECK(first["bytes"] == 491400064);
}

TEST_CASE("a model is added, listed, verified, found damaged, and removed") {
  Shell shell;
  const std::string path = shell.folder / "mine.gguf";
  write_text(path, empty_gguf());
  CHECK(shell.run({"model", "add", path.c_str()}) == kExitOk);
  CHECK(shell.run({"model", "verify", "mine"}) == kExitOk);
  std::string other = empty_gguf();
  other.back() = 1;
  write_text(path, other);
  CHECK(shell.run({"model", "verify", "mine"}) == kExitFinding);
  CHECK(shell.run({"model", "verify", "--json"}) == kExitFinding);
  CHECK(shell.run({"model", "remove", "mine"}) == kExitOk);
  CHECK(shell.run({"model", "remove", "mine"}) == kExitFailure);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("pulling an unknown name lists the known ones") {
  Shell shell;
  CHECK(shell.run({"model", "pull", "nothing-like-it"}) == kExitFailure);
  CHECK(shell.captured.err().find("smollm2-135m") != std::string::npos);
}

TEST_CASE("the doctor finds the missing model and pip, says how to mend both, and exits with 1") {
  Shell shell;
  shell.environment.python = shell.folder / "no-python";
  CHECK(shell.run({"doctor", "--json"}) == kExitFinding);
  const Json json = Json::parse(shell.captured.out());
  CHECK(json["ok"] == false);
  bool model = false;
  bool pip = false;
  for (const Json& finding : json["findings"]) {
    if (finding["subject"] == "model")
      model =
          finding["health"] == "problem" && finding["mend"].get<std::string>().find("model pull") != std::string::npos;
    if (finding["subject"] == "pip")
      pip =
          finding["health"] == "problem" && finding["mend"].get<std::string>().find("python3-pip") != std::string::npos;
    if (finding["subject"] == "languages") CHECK(finding["health"] == "good");
  }
  CHECK(model);
  CHECK(pip);
}

TEST_CASE("the doctor says which program editors find, and what to do if it is none or another one") {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  const fs::path other = folder / "lacuna";
  const auto found = [&] {
    Shell shell;
    shell.environment.path = "relative:/nonexistent:" + other.parent_path().string();
    shell.run({"doctor", "--json"});
    const Json json = Json::parse(shell.captured.out());
    for (const Json& finding : json["findings"]) {
      if (finding["subject"] == "program") return finding;
    }
    return Json();
  };
  CHECK(found()["health"] == "warning");
  CHECK(found()["mend"].get<std::string>().find("ln -s") != std::string::npos);
  std::ofstream(other) << "#!/bin/sh\n";
  CHECK(found()["mend"].get<std::string>().find("ln -s") != std::string::npos);  // it cannot be run
  fs::permissions(other, fs::perms::owner_all);
  CHECK(found()["health"] == "warning");
  CHECK(found()["text"].get<std::string>().find(other.string()) != std::string::npos);
  fs::remove(other);
  fs::create_symlink(fs::read_symlink("/proc/self/exe"), other);
  CHECK(found()["health"] == "good");
}

TEST_CASE("the peer's output gives its two speeds and its build") {
  const Result<PeerSpeed> speed = parse_peer_output(
      R"([{"build_commit":"abc","n_prompt":512,"n_gen":0,"avg_ts":120.5},{"build_commit":"abc","n_prompt":0,"n_gen":64,"avg_ts":20.25}])");
  REQUIRE(speed.ok());
  CHECK(speed->prefill_tokens_per_s == 120.5);
  CHECK(speed->decode_tokens_per_s == 20.25);
  CHECK(speed->build == "abc");
}

TEST_CASE("one of the peer's tests may be there alone") {
  const Result<PeerSpeed> speed = parse_peer_output(R"([{"n_prompt":512,"n_gen":0,"avg_ts":120.5}])");
  REQUIRE(speed.ok());
  CHECK(speed->prefill_tokens_per_s == 120.5);
  CHECK(speed->decode_tokens_per_s == 0);
}

TEST_CASE("output that is not the peer's is an error") {
  for (const char* output :
       {"", "llama", "{}", "[]", "[1]", R"([{"n_prompt":512,"n_gen":0}])", R"([{"n_prompt":"x"}])"}) {
    CAPTURE(output);
    CHECK(parse_peer_output(output).error().code == ErrorCode::corrupt);
  }
}

TEST_CASE("a child's two outputs, its exit code and its variables") {
  const ChildCommand command{
      {"sh", "-c", "echo out; echo err >&2; echo $LACUNA_TEST_VARIABLE; exit 3"}, {"LACUNA_TEST_VARIABLE=set"}, {}};
  const Result<ChildOutcome> outcome = run_child(command);
  REQUIRE(outcome.ok());
  CHECK(outcome->exit_code == 3);
  CHECK(outcome->output == "out\nset\n");
  CHECK(outcome->errors == "err\n");
}

TEST_CASE("a child that writes much to both sides does not block, and its last megabyte is kept") {
  const ChildCommand command{{"sh", "-c", "yes | head -c 5000000; yes n | head -c 5000000 >&2; echo end"}, {}, {}};
  const Result<ChildOutcome> outcome = run_child(command);
  REQUIRE(outcome.ok());
  CHECK(outcome->output.ends_with("y\nend\n"));
  CHECK(outcome->output.size() <= (size_t{2} << 20) + 65536);
  CHECK(outcome->errors.size() >= size_t{1} << 20);
}

TEST_CASE("a child killed by a signal has 128 and the signal's number; a missing program is not found") {
  CHECK(run_child({{"sh", "-c", "kill -9 $$"}, {}, {}})->exit_code == 137);
  CHECK(run_child({{"no-such-program-of-ours"}, {}, {}}).error().code == ErrorCode::not_found);
}

TEST_CASE("progress shows share, stage and sizes, and survives more bytes than expected") {
  CHECK(progress_text({"part 1 of 2", 50'000'000, 100'000'000}) ==
        "[############............]  50 %  part 1 of 2  50.0 MB of 100.0 MB");
  CHECK(progress_text({"x", 200, 100}).find("100 %") != std::string::npos);
  CHECK(progress_text({"downloading", 1'500'000, 0}) == "downloading  1.5 MB");
}

TEST_CASE("away from a terminal, progress is one line a stage") {
  CapturedConsole captured;
  {
    ProgressLine line(captured.console);
    line.show({"one", 1, 10});
    line.show({"one", 2, 10});
    line.show({"two", 3, 10});
  }
  CHECK(captured.err() == "one\ntwo\n");
}

}  // namespace
}  // namespace lacuna::server
