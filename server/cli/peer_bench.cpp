#include "server/cli/peer_bench.h"

#include <nlohmann/json.hpp>

#include "server/child_process.h"

namespace lacuna::server {
namespace {

using Json = nlohmann::json;

double number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
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
  if (speed.prefill_tokens_per_s > 0 && speed.decode_tokens_per_s > 0) return speed;
  return Error{ErrorCode::corrupt, "the peer's JSON lacks a prompt or a generation test with avg_ts"};
}

Result<PeerSpeed> run_peer_bench(const PeerRun& run) {
  ChildCommand command;
  command.arguments = {run.program,
                       "-m",
                       run.model_path,
                       "-t",
                       std::to_string(run.num_threads),
                       "-p",
                       std::to_string(run.prompt_tokens),
                       "-n",
                       std::to_string(run.generated_tokens),
                       "-r",
                       "1",
                       "-o",
                       "json"};
  LACUNA_ASSIGN_OR_RETURN(const ChildOutcome outcome, run_child(command));
  if (outcome.exit_code != 0) {
    return Error::format(ErrorCode::io, "'{}' ended with exit code {}: {}", run.program, outcome.exit_code,
                         outcome.errors);
  }
  return parse_peer_output(outcome.output);
}

}  // namespace lacuna::server
