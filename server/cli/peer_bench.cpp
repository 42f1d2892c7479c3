#include "server/cli/peer_bench.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "server/child_process.h"

namespace lacuna::server {
namespace {

using Json = nlohmann::json;

double number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

/// `prompt_tokens` read and `generated_tokens` written, 0: not; both behind `depth` tokens.
Result<PeerSpeed> run_once(const PeerRun& run, int prompt_tokens, int generated_tokens, int depth) {
  ChildCommand command;
  command.arguments = {run.program, "-m", run.model_path, "-r", "1", "-o", "json"};
  const auto add = [&](const char* option, int value) {
    command.arguments.insert(command.arguments.end(), {option, std::to_string(value)});
  };
  add("-t", run.num_threads);
  add("-p", prompt_tokens);
  add("-n", generated_tokens);
  if (depth > 0) add("-d", depth);
  LACUNA_ASSIGN_OR_RETURN(const ChildOutcome outcome, run_child(command));
  if (outcome.exit_code != 0) {
    return Error::format(ErrorCode::io, "'{}' ended with exit code {}: {}", run.program, outcome.exit_code,
                         outcome.errors);
  }
  LACUNA_ASSIGN_OR_RETURN(PeerSpeed speed, parse_peer_output(outcome.output));
  const bool complete = (prompt_tokens == 0 || speed.prefill_tokens_per_s > 0) &&
                        (generated_tokens == 0 || speed.decode_tokens_per_s > 0);
  if (complete) return speed;
  return Error{ErrorCode::corrupt, "the peer's JSON lacks a test that it was asked for"};
}

}  // namespace

Result<PeerSpeed> parse_peer_output(const std::string& output) {
  const Json tests = Json::parse(output, nullptr, false);
  if (!tests.is_array()) return Error{ErrorCode::corrupt, "the peer did not print a JSON list"};
  PeerSpeed speed;
  for (const Json& test : tests) {
    if (!test.is_object()) return Error{ErrorCode::corrupt, "an entry of the peer's JSON list is not an object"};
    const bool reads = number(test, "n_prompt") > 0;
    const bool writes = number(test, "n_gen") > 0;
    if (reads && !writes) speed.prefill_tokens_per_s = number(test, "avg_ts");
    if (writes && !reads) speed.decode_tokens_per_s = number(test, "avg_ts");
    if (const auto build = test.find("build_commit"); build != test.end() && build->is_string()) speed.build = *build;
  }
  if (speed.prefill_tokens_per_s > 0 || speed.decode_tokens_per_s > 0) return speed;
  return Error{ErrorCode::corrupt, "the peer's JSON lacks a prompt or a generation test with avg_ts"};
}

Result<PeerSpeed> run_peer_bench(const PeerRun& run) {
  const SpeedTest& test = run.test;
  if (!test.decode_behind_prompt) return run_once(run, test.prompt_tokens, test.generated_tokens, 0);
  LACUNA_ASSIGN_OR_RETURN(PeerSpeed speed, run_once(run, test.prompt_tokens, 0, 0));
  LACUNA_ASSIGN_OR_RETURN(const PeerSpeed behind, run_once(run, 0, test.generated_tokens, test.prompt_tokens));
  speed.decode_tokens_per_s = behind.decode_tokens_per_s;
  return speed;
}

}  // namespace lacuna::server
