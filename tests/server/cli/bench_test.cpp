#include "server/cli/bench.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "server/cli/command_line.h"
#include "server/cli/exit_code.h"
#include "server/cli/memory_read.h"
#include "server/cli/sample_statistics.h"
#include "support/os.h"
#include "tests/engine/random_model.h"
#include "tests/server/cli/captured_console.h"
#include "tests/server/models/fixture.h"

namespace lacuna::server {
namespace {

using Json = nlohmann::json;

const std::string kSample = LACUNA_SOURCE_DIR "/tests/samples/inventory.py";

/// `lacuna bench` on a small random model with these options.
struct BenchRun {
  explicit BenchRun(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"lacuna", "bench", "--model", model.path(), "--threads", "2"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    exit_code = run_command_line(static_cast<int>(argv.size()), argv.data(), environment, captured.console);
  }

  Json json() {
    REQUIRE_MESSAGE(exit_code == kExitOk, captured.err());
    return Json::parse(captured.out());
  }

  const engine::ModelFile model{engine::RandomModel{.context_length = 4096}};
  TemporaryFolder folder;
  Environment environment = environment_in(folder);
  CapturedConsole captured;
  int exit_code = -1;
};

TEST_CASE("a benchmark as JSON has the medians of its runs, and what a token reads") {
  BenchRun run({"--prompt", "40", "--generate", "5", "--repetitions", "3", "--json"});
  const Json json = run.json();
  for (const char* what : {"prefill", "decode"}) {
    const auto runs = json[std::string(what) + "_runs"].get<std::vector<double>>();
    CHECK(runs.size() == 3);
    CHECK(json[std::string(what) + "_tokens_per_s"] == median(runs));
    CHECK(*std::min_element(runs.begin(), runs.end()) > 0);
  }
  CHECK(json["architecture"] == "qwen2");
  CHECK(json["threads"] == 2);
  // 2 layers of q8_0 (34 bytes for 32 weights) and the head; of the embedding one row.
  const double layers = 2.0 * (256 * 256 * 2 + 128 * 256 * 2 + 3 * 512 * 256);
  CHECK(json["bytes_per_token"].get<double>() > layers * 34 / 32);
  CHECK(json["bytes_per_token"].get<double>() < std::filesystem::file_size(run.model.path()));
  for (const char* absent : {"peer", "order", "contexts", "memory", "typing"}) CHECK_FALSE(json.contains(absent));
}

TEST_CASE("each context is read in, and written behind") {
  const Json json =
      BenchRun({"--prompt", "8", "--generate", "4", "--context", "24,100", "--repetitions", "2", "--json"}).json();
  REQUIRE(json["contexts"].size() == 2);
  CHECK(json["contexts"][0]["context"] == 24);
  CHECK(json["contexts"][1]["context"] == 100);
  for (const Json& row : json["contexts"]) {
    CHECK(row["prefill_runs"].size() == 2);
    CHECK(row["decode_tokens_per_s"] > 0);
  }
}

TEST_CASE("a context that the model does not have is refused") {
  BenchRun run({"--context", "5000"});
  CHECK(run.exit_code == kExitFailure);
  CHECK(run.captured.err().find("4096") != std::string::npos);
  CHECK(run.captured.out().empty());
}

TEST_CASE("decoding is held against the memory's speed") {
  const Json json =
      BenchRun({"--prompt", "8", "--generate", "4", "--repetitions", "1", "--bandwidth", "--json"}).json();
  const Json& memory = json["memory"];
  CHECK(memory["read_gb_per_s_1_thread"] > 0.05);
  const double read = memory["read_gb_per_s"];
  CHECK(read > 0.05);
  CHECK(
      memory["decode_share"].get<double>() ==
      doctest::Approx(json["bytes_per_token"].get<double>() * json["decode_tokens_per_s"].get<double>() / 1e9 / read));
}

TEST_CASE("memory that is not there to be read is an error") {
  const Result<double> speed = measure_memory_read(2, size_t{1} << 60, 1);
  REQUIRE_FALSE(speed.ok());
  CHECK(speed.error().code == ErrorCode::exhausted);
}

/// A peer that notes its arguments and claims 100 tokens a second of reading and 10 of writing.
std::string write_peer(const TemporaryFolder& folder, const std::string& log) {
  const std::string path = folder / "llama-bench";
  write_text(path, "#!/bin/sh\necho \"$*\" >> '" + log + R"('
echo '[{"build_commit":"abc","n_prompt":1,"n_gen":0,"avg_ts":100},{"build_commit":"abc","n_prompt":0,"n_gen":1,"avg_ts":10}]'
)");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST_CASE("a peer's runs alternate with ours, and who begins changes") {
  const TemporaryFolder folder;
  const std::string log = folder / "log";
  const Json json = BenchRun({"--prompt", "8", "--generate", "4", "--context", "20", "--repetitions", "3", "--peer",
                              write_peer(folder, log), "--json"})
                        .json();
  CHECK(json["order"] == Json({"ours", "peer", "peer", "ours", "ours", "peer"}));
  CHECK(json["peer"]["build"] == "abc");
  CHECK(json["peer"]["prefill_runs"] == Json({100.0, 100.0, 100.0}));
  CHECK(json["decode_ratio"].get<double>() == doctest::Approx(json["decode_tokens_per_s"].get<double>() / 10));
  const Json& row = json["contexts"][0];
  CHECK(row["prefill_ratio"].get<double>() == doctest::Approx(row["prefill_tokens_per_s"].get<double>() / 100));
  // The plain test, and the context's reading and writing, three times.
  const std::string arguments = os::read_file(log, 1 << 20).value();
  const std::string file = json["file"];
  const std::string common = "-m " + file + " -r 1 -o json -t 2 ";
  const std::string once = common + "-p 8 -n 4\n" + common + "-p 20 -n 0\n" + common + "-p 0 -n 4 -d 20\n";
  CHECK(arguments == once + once + once);
}

TEST_CASE("a peer that fails is told with its exit code") {
  BenchRun run({"--prompt", "8", "--generate", "4", "--peer", "/bin/false"});
  CHECK(run.exit_code == kExitFailure);
  CHECK(run.captured.err().find("exit code 1") != std::string::npos);
}

TEST_CASE("a file is typed key by key, and every key has its answer or a reason for none") {
  const Json json =
      BenchRun({"--typing", kSample, "--places", "3", "--keys", "10", "--pace", "1", "--json"}).json()["typing"];
  CHECK(json["places"] == 3);
  CHECK(json["cold_ms"]["count"] == 3);
  CHECK(json["warm_ms"]["count"] == 30);
  CHECK(json["answers"] == 33);
  CHECK(json["evaluated_tokens_per_key"]["count"] == 30);
  const auto sum = [](const Json& counts) {
    int total = 0;
    for (const auto& [name, count] : counts.items()) {
      CHECK_FALSE(name.empty());
      total += count.get<int>();
    }
    return total;
  };
  CHECK(sum(json["sources"]) == 30);
  CHECK(json["offered"].get<int>() + sum(json["silences"]) == 33);
  CHECK(json["cold_ms"]["p50"] <= json["cold_ms"]["max"]);
}

TEST_CASE("for people, both kinds of benchmark are told in words") {
  BenchRun speed({"--prompt", "8", "--generate", "4", "--repetitions", "1", "--context", "16"});
  CHECK(speed.exit_code == kExitOk);
  CHECK(speed.captured.out().find("decode 4 behind 16") != std::string::npos);
  BenchRun typing({"--typing", kSample, "--places", "1", "--keys", "2"});
  CHECK(typing.exit_code == kExitOk);
  CHECK(typing.captured.out().find("first answer, cold") != std::string::npos);
}

TEST_CASE("a file with nothing to type is refused") {
  const TemporaryFolder folder;
  write_text(folder / "empty.py", "\n\nx = 1\n");
  BenchRun run({"--typing", folder / "empty.py"});
  CHECK(run.exit_code == kExitFailure);
  CHECK(run.captured.err().find("empty.py") != std::string::npos);
}

TEST_CASE("options that do not go together are wrong usage") {
  const std::vector<std::vector<std::string>> wrong = {{"--typing", kSample, "--peer", "llama-bench"},
                                                       {"--typing", kSample, "--bandwidth"},
                                                       {"--typing", kSample, "--context", "16"},
                                                       {"--pace", "10"},
                                                       {"--places", "2"},
                                                       {"--context", "0"},
                                                       {"--context", "16,many"}};
  for (const auto& options : wrong) {
    CAPTURE(options.front());
    BenchRun run(options);
    CHECK(run.exit_code == kExitUsage);
    CHECK(run.captured.out().empty());
  }
}

TEST_CASE("what is typed is the file's text: lines come with their indentation, and nothing is lost") {
  const std::string text = "def f(x):\r\n    return x + 1\r\n\r\n\tif caf\u00e9(x):\r\n        pass_on(x)\n# end";
  for (const int keys : {1, 7, 30, 1000}) {
    const std::vector<TypingScript> scripts = typing_scripts(text, 10, keys);
    CHECK(scripts.size() == 4);  // "# end" is too short
    for (const TypingScript& script : scripts) {
      CHECK(script.before + script.rest + script.after == text);
      CHECK((script.after.empty() || script.after.starts_with("\r\n") || script.after.starts_with("\n")));
      CHECK(script.keys.size() <= static_cast<size_t>(keys));
      CHECK(script.rest.starts_with(std::accumulate(script.keys.begin(), script.keys.end(), std::string())));
    }
  }
  const std::vector<std::string> keys = typing_scripts(text, 1, 1000).front().keys;
  CHECK(std::count(keys.begin(), keys.end(), "\u00e9") == 1);
  CHECK(std::count(keys.begin(), keys.end(), "\r\n        ") == 1);
}

TEST_CASE("places are spread over the file, and no more than there are lines") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "value_" + std::to_string(100 + i) + " = 1\n\n";
  const std::vector<TypingScript> scripts = typing_scripts(text, 4, 5);
  REQUIRE(scripts.size() == 4);
  const std::vector<std::string> lines = {"value_112", "value_137", "value_162", "value_187"};
  for (size_t i = 0; i < scripts.size(); ++i) CHECK(scripts[i].rest.starts_with(lines[i]));
  CHECK(typing_scripts(text, 1000, 5).size() == 100);
  CHECK(typing_scripts("", 4, 5).empty());
}

TEST_CASE("percentiles are values of the sample, by the nearest rank") {
  std::vector<double> values(200);
  std::iota(values.rbegin(), values.rend(), 1.0);  // 200 to 1
  const SampleStatistics statistics = statistics_of(values);
  CHECK(statistics.count == 200);
  CHECK(statistics.p50 == 100);
  CHECK(statistics.p95 == 190);
  CHECK(statistics.p99 == 198);
  CHECK(statistics.max == 200);
  CHECK(statistics.mean == doctest::Approx(100.5));
  CHECK(statistics.variation == doctest::Approx(57.7343 / 100.5).epsilon(1e-4));
  CHECK(statistics_of({7}).p99 == 7);
  CHECK(statistics_of({7}).variation == 0);
  CHECK(statistics_of({}).count == 0);
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
}

}  // namespace
}  // namespace lacuna::server
