/// The runs of both sides alternate, and who goes first changes with every repetition, so that a machine that becomes
/// slower, warmer or busier does so for both.
#include "server/cli/bench.h"

#include <algorithm>
#include <utility>

#include "server/cli/bench_report.h"
#include "server/cli/exit_code.h"
#include "server/cli/load_engine.h"
#include "server/cli/memory_read.h"
#include "server/cli/peer_bench.h"
#include "server/cli/source_files.h"
#include "server/model_store.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

std::vector<MeasuredTest> tests_of(const BenchOptions& options) {
  std::vector<MeasuredTest> tests = {{.test = {options.prompt_tokens, options.generated_tokens}}};
  for (const int context : options.contexts) tests.push_back({.test = {context, options.generated_tokens, true}});
  return tests;
}

/// What the longest test needs: its prompt, its text, and one token more.
int context_tokens(const std::vector<MeasuredTest>& tests) {
  int most = 0;
  for (const auto& [test, ours, peers] : tests) {
    const int prompt = test.decode_behind_prompt ? test.prompt_tokens : 1;
    most = std::max({most, test.prompt_tokens + 1, prompt + test.generated_tokens + 1});
  }
  return most;
}

/// One run of each test by one side.
class Side {
 public:
  Side(SpeedReport& report, SpeedBench& bench) : report_(report), bench_(bench) {}

  Result<void> run_ours() {
    for (MeasuredTest& measured : report_.tests) LACUNA_RETURN_IF_ERROR(bench_.measure(measured.test, measured.ours));
    return {};
  }

  Result<void> read_memory() {
    constexpr int kPasses = 16;
    const auto read = [](int num_threads) { return measure_memory_read(num_threads, memory_read_bytes(), kPasses); };
    LACUNA_ASSIGN_OR_RETURN(const double one, read(1));
    LACUNA_ASSIGN_OR_RETURN(const double all, read(report_.model.num_threads));
    report_.memory.one_thread.push_back(one);
    report_.memory.all_threads.push_back(all);
    return {};
  }

  Result<void> run_peer() {
    for (auto& [test, ours, peers] : report_.tests) {
      const PeerRun run{report_.peer_program, report_.path, report_.model.num_threads, test};
      LACUNA_ASSIGN_OR_RETURN(const PeerSpeed speed, run_peer_bench(run));
      peers.prefill.push_back(speed.prefill_tokens_per_s);
      peers.decode.push_back(speed.decode_tokens_per_s);
      report_.peer_build = speed.build;
    }
    return {};
  }

 private:
  SpeedReport& report_;
  SpeedBench& bench_;
};

/// All repetitions of all tests, the peer's and those of the memory between ours.
Result<void> run_all(SpeedReport& report, SpeedBench& bench, bool read_memory, const Console& console) {
  Side side(report, bench);
  ProgressLine line(console);
  for (int repetition = 0; repetition < report.repetitions; ++repetition) {
    line.show({fmt::format("run {} of {}", repetition + 1, report.repetitions), 0, 0});
    if (read_memory) LACUNA_RETURN_IF_ERROR(side.read_memory());
    if (report.peer_program.empty()) {
      LACUNA_RETURN_IF_ERROR(side.run_ours());
      continue;
    }
    const bool we_begin = repetition % 2 == 0;
    for (const bool ours : {we_begin, !we_begin}) {
      LACUNA_RETURN_IF_ERROR(ours ? side.run_ours() : side.run_peer());
      report.order.emplace_back(ours ? "ours" : "peer");
    }
  }
  return {};
}

Result<SpeedReport> measure_speed(const BenchOptions& options, const CommonOptions& common,
                                  const Environment& environment, const Console& console) {
  SpeedReport report;
  report.tests = tests_of(options);
  report.repetitions = options.repetitions;
  report.peer_program = options.peer;
  const int needed = context_tokens(report.tests);
  LACUNA_ASSIGN_OR_RETURN(const LoadedEngine loaded, load_engine(common, needed, environment));
  report.model = loaded.engine->model();
  report.path = loaded.path;
  report.load_ms = loaded.load_ms;
  if (needed > report.model.context_length) {
    return Error::format(ErrorCode::invalid_argument, "{} tokens do not fit the model's context of {}", needed,
                         report.model.context_length);
  }
  SpeedBench bench(*loaded.engine);
  Speeds warm_up;  // pages of the mapped file come in here
  LACUNA_RETURN_IF_ERROR(bench.measure(report.tests.front().test, warm_up));
  LACUNA_RETURN_IF_ERROR(run_all(report, bench, options.memory, console));
  report.rss_bytes = os::resident_bytes();
  return report;
}

/// Loads the model as an editor's server does.
Result<void> load_model(EventLoop& loop, ModelHost& host, const std::string& path, const CommonOptions& common,
                        const Environment& environment) {
  host.on_change([&] {
    if (host.state() != ModelHost::State::loading) loop.stop();
  });
  host.load(engine_options(path, common, environment));
  loop.run();
  host.on_change({});
  if (host.state() != ModelHost::State::ready) return Error{ErrorCode::unavailable, host.reason()};
  return {};
}

Result<TypingReport> measure_typing(const TypingOptions& options, const CommonOptions& common,
                                    const Environment& environment) {
  TypingReport report;
  report.options = options;
  LACUNA_ASSIGN_OR_RETURN(const std::string text, read_source({options.file, nullptr}));
  const std::vector<TypingScript> scripts = typing_scripts(text, options.places, options.keys);
  if (scripts.empty()) {
    return Error::format(ErrorCode::invalid_argument, "{} has no line that is long enough to be typed", options.file);
  }
  report.num_places = scripts.size();
  LACUNA_ASSIGN_OR_RETURN(report.path, resolve_model(common.model, environment));
  EventLoop loop;
  ModelHost host(loop.poster());
  LACUNA_RETURN_IF_ERROR(load_model(loop, host, report.path, common, environment));
  report.model = host.loaded()->model;
  report.load_ms = host.loaded()->load_ms;
  report.answers = type_scripts(loop, host, options.file, scripts, options.pace_ms);
  return report;
}

template <class Report>
int tell(const Result<Report>& report, bool as_json, const Console& console) {
  if (!report.ok()) return fail(console, report.error());
  if (as_json) {
    print_json(console, to_json(*report));
  } else {
    print_report(*report, console);
  }
  return kExitOk;
}

}  // namespace

int run_bench(const BenchOptions& options, const CommonOptions& common, const Environment& environment,
              const Console& console) {
  if (!options.typing.file.empty())
    return tell(measure_typing(options.typing, common, environment), common.json, console);
  return tell(measure_speed(options, common, environment, console), common.json, console);
}

}  // namespace lacuna::server
