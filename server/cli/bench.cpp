/// What is measured is what llama-bench measures: a prompt of random tokens into an empty cache with the logits of its
/// last position, and the writing of tokens after a prompt of one. The runs of both sides alternate, so that a machine
/// that becomes slower or busier does so for both.
#include "server/cli/bench.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <vector>

#include "engine/engine.h"
#include "server/cli/exit_code.h"
#include "server/cli/json_output.h"
#include "server/cli/load_engine.h"
#include "server/cli/peer_bench.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

using Clock = std::chrono::steady_clock;

struct Rates {
  std::vector<double> prefill;  ///< tokens a second, one entry a repetition
  std::vector<double> decode;
};

double median(std::vector<double> values) {
  LACUNA_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Bench {
 public:
  Bench(engine::Engine& engine, const BenchOptions& options) : engine_(engine), options_(options) {}

  Result<double> prefill_rate();
  Result<double> decode_rate();

 private:
  /// When the tokens of one request came.
  struct Run {
    Clock::time_point start;
    Clock::time_point first_token;
    Clock::time_point last_token;
    int tokens = 0;
  };
  Result<Run> generate(std::vector<engine::TokenId> prompt, int max_tokens);
  std::vector<engine::TokenId> random_prompt(int length);

  engine::Engine& engine_;
  const BenchOptions& options_;
  std::mt19937 random_{20240607};  // the same prompts in every run
  engine::RequestId next_id_ = 1;
};

std::vector<engine::TokenId> Bench::random_prompt(int length) {
  std::uniform_int_distribution<engine::TokenId> any(0, engine_.tokenizer().size() - 1);
  std::vector<engine::TokenId> prompt;
  while (static_cast<int>(prompt.size()) < length) {
    const engine::TokenId token = any(random_);
    if (!engine_.tokenizer().is_control(token)) prompt.push_back(token);
  }
  return prompt;
}

Result<Bench::Run> Bench::generate(std::vector<engine::TokenId> prompt, int max_tokens) {
  engine_.clear_cache();
  Run run;
  std::optional<Error> failure;
  engine::Request request;
  request.id = next_id_++;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.estimate_probabilities = true;  // as a completion while typing
  request.speculate = false;              // random texts are no place for guesses, nor has the peer any
  run.start = Clock::now();
  LACUNA_RETURN_IF_ERROR(engine_.submit(std::move(request), [&](const engine::Update& update) {
    if (update.token >= 0) {
      run.last_token = Clock::now();
      if (run.tokens++ == 0) run.first_token = run.last_token;
    }
    if (update.finished && update.reason == engine::FinishReason::failed) failure = update.error;
  }));
  while (engine_.has_work()) engine_.step();
  if (failure) return *failure;
  return run;
}

Result<double> Bench::prefill_rate() {
  LACUNA_ASSIGN_OR_RETURN(const Run run, generate(random_prompt(options_.prompt_tokens), 1));
  const auto end =
      run.tokens > 0 ? run.first_token : Clock::now();  // the one token may be an end token, which is not sent
  return options_.prompt_tokens / seconds(end - run.start);
}

/// A model may end its text early: then another one is begun, and only the time between its tokens counts.
Result<double> Bench::decode_rate() {
  constexpr int max_attempts = 100;
  int tokens = 0;
  double time = 0;
  for (int attempt = 0; attempt < max_attempts && tokens < options_.generated_tokens; ++attempt) {
    LACUNA_ASSIGN_OR_RETURN(const Run run, generate(random_prompt(1), options_.generated_tokens - tokens + 1));
    if (run.tokens < 2) continue;
    tokens += run.tokens - 1;
    time += seconds(run.last_token - run.first_token);
  }
  if (tokens > 0) return tokens / time;
  return Error{ErrorCode::unavailable, "the model ends its text at once, so there is no decoding to measure"};
}

Result<void> measure(Bench& bench, Rates& rates) {
  LACUNA_ASSIGN_OR_RETURN(const double prefill, bench.prefill_rate());
  LACUNA_ASSIGN_OR_RETURN(const double decode, bench.decode_rate());
  rates.prefill.push_back(prefill);
  rates.decode.push_back(decode);
  return {};
}

Json to_json(const Rates& rates) {
  return {{"prefill_tokens_per_s", median(rates.prefill)},
          {"decode_tokens_per_s", median(rates.decode)},
          {"prefill_runs", rates.prefill},
          {"decode_runs", rates.decode}};
}

struct Report {
  Rates ours;
  Rates peers;
  std::string peer_build;
  uint64_t rss_bytes = 0;
};

Result<Report> run_all(const BenchOptions& options, LoadedEngine& loaded, const Console& console) {
  const PeerRun peer{options.peer, loaded.path, loaded.engine->model().num_threads, options.prompt_tokens,
                     options.generated_tokens};
  Bench bench(*loaded.engine, options);
  Report report;
  Rates warm_up;  // pages of the mapped file come in here
  LACUNA_RETURN_IF_ERROR(measure(bench, warm_up));
  ProgressLine line(console);
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    line.show({fmt::format("run {} of {}", repetition + 1, options.repetitions), 0, 0});
    LACUNA_RETURN_IF_ERROR(measure(bench, report.ours));
    if (options.peer.empty()) continue;
    LACUNA_ASSIGN_OR_RETURN(const PeerSpeed speed, run_peer_bench(peer));
    report.peers.prefill.push_back(speed.prefill_tokens_per_s);
    report.peers.decode.push_back(speed.decode_tokens_per_s);
    report.peer_build = speed.build;
  }
  report.rss_bytes = os::resident_bytes();
  return report;
}

Json to_json(const Report& report, const BenchOptions& options, const LoadedEngine& loaded) {
  const engine::ModelInfo& model = loaded.engine->model();
  Json json = {{"model", model.name},
               {"file", loaded.path},
               {"architecture", model.architecture},
               {"file_type", model.file_type},
               {"isa", model.isa},
               {"threads", model.num_threads},
               {"prompt_tokens", options.prompt_tokens},
               {"generated_tokens", options.generated_tokens},
               {"repetitions", options.repetitions}};
  json.update(to_json(report.ours));
  json["load_ms"] = loaded.load_ms;
  json["rss_bytes"] = report.rss_bytes;
  if (options.peer.empty()) return json;
  json["peer"] = to_json(report.peers);
  json["peer"]["program"] = options.peer;
  json["peer"]["build"] = report.peer_build;
  json["prefill_ratio"] = median(report.ours.prefill) / median(report.peers.prefill);
  json["decode_ratio"] = median(report.ours.decode) / median(report.peers.decode);
  return json;
}

void print_report(const Report& report, const BenchOptions& options, const LoadedEngine& loaded,
                  const Console& console) {
  const engine::ModelInfo& model = loaded.engine->model();
  console.print("{} ({}), {} kernels, {} threads, median of {} runs\n", model.name, model.file_type, model.isa,
                model.num_threads, options.repetitions);
  const auto row = [&](const char* what, int tokens, const std::vector<double>& ours,
                       const std::vector<double>& peers) {
    console.print("{:<8} {:>5} tokens  {:9.1f} tokens/s", what, tokens, median(ours));
    if (!peers.empty())
      console.print("   peer {:9.1f} tokens/s   ratio {:.2f}", median(peers), median(ours) / median(peers));
    console.print("\n");
  };
  row("prefill", options.prompt_tokens, report.ours.prefill, report.peers.prefill);
  row("decode", options.generated_tokens, report.ours.decode, report.peers.decode);
  console.print("loaded in {:.0f} ms, {} resident\n", loaded.load_ms, human_bytes(report.rss_bytes));
}

}  // namespace

int run_bench(const BenchOptions& options, const CommonOptions& common, const Environment& environment,
              const Console& console) {
  const int context = std::max(options.prompt_tokens, options.generated_tokens + 1) + 16;
  Result<LoadedEngine> loaded = load_engine(common, context, environment);
  if (!loaded.ok()) return fail(console, loaded.error());
  const Result<Report> report = run_all(options, *loaded, console);
  if (!report.ok()) return fail(console, report.error());
  if (common.json) {
    print_json(console, to_json(*report, options, *loaded));
  } else {
    print_report(*report, options, *loaded, console);
  }
  return kExitOk;
}

}  // namespace lacuna::server
