#include "server/cli/bench_report.h"

#include <map>

#include "server/cli/sample_statistics.h"

namespace lacuna::server {
namespace {

constexpr double kGiga = 1e9;

Json to_json(const Speeds& speeds) {
  return {{"prefill_tokens_per_s", median(speeds.prefill)},
          {"decode_tokens_per_s", median(speeds.decode)},
          {"prefill_runs", speeds.prefill},
          {"decode_runs", speeds.decode}};
}

double prefill_ratio(const MeasuredTest& measured) {
  return median(measured.ours.prefill) / median(measured.peers.prefill);
}
double decode_ratio(const MeasuredTest& measured) {
  return median(measured.ours.decode) / median(measured.peers.decode);
}

/// Our medians and, with a peer, its and the ratios.
Json to_json(const MeasuredTest& measured) {
  Json json = to_json(measured.ours);
  if (measured.peers.prefill.empty()) return json;
  json["peer"] = to_json(measured.peers);
  json["prefill_ratio"] = prefill_ratio(measured);
  json["decode_ratio"] = decode_ratio(measured);
  return json;
}

/// Bytes a second that decoding reads at least: the weights that a token needs, in the file's format.
double decode_read(const SpeedReport& report) {
  return static_cast<double>(report.model.bytes_per_token) * median(report.tests.front().ours.decode);
}

Json of_model(const engine::ModelInfo& model, const std::string& path, double load_ms) {
  return {{"model", model.name},
          {"file", path},
          {"architecture", model.architecture},
          {"file_type", model.file_type},
          {"isa", model.isa},
          {"threads", model.num_threads},
          {"load_ms", load_ms}};
}

struct TypingFigures {
  SampleStatistics cold_ms, warm_ms, evaluated, generated;  // the last two of warm answers
  size_t offered = 0, partial = 0, right = 0, warm_offered = 0, warm_right = 0;
  std::map<std::string, int> sources;   // of warm answers
  std::map<std::string, int> silences;  // of all
};

TypingFigures figures_of(const std::vector<TypedAnswer>& answers) {
  TypingFigures figures;
  std::vector<double> cold, warm, evaluated, generated;
  for (const TypedAnswer& typed : answers) {
    (typed.cold ? cold : warm).push_back(typed.ms);
    figures.offered += typed.offered;
    figures.right += typed.right;
    figures.partial += typed.answer.partial;
    if (!typed.offered) ++figures.silences[typed.answer.silence];
    if (typed.cold) continue;
    figures.warm_offered += typed.offered;
    figures.warm_right += typed.right;
    ++figures.sources[name_of(typed.answer.source)];
    evaluated.push_back(typed.answer.statistics.evaluated_tokens);
    generated.push_back(typed.answer.statistics.generated_tokens);
  }
  figures.cold_ms = statistics_of(std::move(cold));
  figures.warm_ms = statistics_of(std::move(warm));
  figures.evaluated = statistics_of(std::move(evaluated));
  figures.generated = statistics_of(std::move(generated));
  return figures;
}

Json to_json(const SampleStatistics& statistics) {
  return {{"count", statistics.count},
          {"mean", statistics.mean},
          {"p50", statistics.p50},
          {"p95", statistics.p95},
          {"p99", statistics.p99},
          {"max", statistics.max},
          {"variation", statistics.variation}};
}

}  // namespace

Json to_json(const SpeedReport& report) {
  const MeasuredTest& plain = report.tests.front();
  Json json = of_model(report.model, report.path, report.load_ms);
  json["prompt_tokens"] = plain.test.prompt_tokens;
  json["generated_tokens"] = plain.test.generated_tokens;
  json["repetitions"] = report.repetitions;
  json["rss_bytes"] = report.rss_bytes;
  json.update(to_json(plain));
  json["bytes_per_token"] = report.model.bytes_per_token;
  json["decode_gb_per_s"] = decode_read(report) / kGiga;
  if (!report.peer_program.empty()) {
    json["peer"]["program"] = report.peer_program;
    json["peer"]["build"] = report.peer_build;
    json["order"] = report.order;
  }
  if (!report.memory.all_threads.empty()) {
    json["memory"] = {{"read_gb_per_s_1_thread", median(report.memory.one_thread) / kGiga},
                      {"read_gb_per_s", median(report.memory.all_threads) / kGiga},
                      {"decode_share", decode_read(report) / median(report.memory.all_threads)}};
  }
  Json contexts = Json::array();
  for (size_t i = 1; i < report.tests.size(); ++i) {
    Json row = {{"context", report.tests[i].test.prompt_tokens}};
    row.update(to_json(report.tests[i]));
    contexts.push_back(std::move(row));
  }
  if (!contexts.empty()) json["contexts"] = std::move(contexts);
  return json;
}

void print_report(const SpeedReport& report, const Console& console) {
  const engine::ModelInfo& model = report.model;
  console.print("{} ({}), {} kernels, {} threads, median of {} runs\n", model.name, model.file_type, model.isa,
                model.num_threads, report.repetitions);
  const auto row = [&](const std::string& what, const std::vector<double>& ours, const std::vector<double>& peers) {
    console.print("{:<24} {:9.1f} tokens/s", what, median(ours));
    if (!peers.empty())
      console.print("   peer {:9.1f} tokens/s   ratio {:.2f}", median(peers), median(ours) / median(peers));
    console.print("\n");
  };
  for (const MeasuredTest& measured : report.tests) {
    const SpeedTest& test = measured.test;
    row(fmt::format("prefill {}", test.prompt_tokens), measured.ours.prefill, measured.peers.prefill);
    const std::string behind = test.decode_behind_prompt ? fmt::format(" behind {}", test.prompt_tokens) : "";
    row(fmt::format("decode {}{}", test.generated_tokens, behind), measured.ours.decode, measured.peers.decode);
  }
  if (!report.memory.all_threads.empty()) {
    console.print(
        "memory read {:.1f} GB/s by one thread, {:.1f} GB/s by {}; decode reads {:.1f} GB/s, {:.0f} % of it\n",
        median(report.memory.one_thread) / kGiga, median(report.memory.all_threads) / kGiga, model.num_threads,
        decode_read(report) / kGiga, 100 * decode_read(report) / median(report.memory.all_threads));
  }
  console.print("loaded in {:.0f} ms, {} resident\n", report.load_ms, human_bytes(report.rss_bytes));
}

Json to_json(const TypingReport& report) {
  const TypingFigures figures = figures_of(report.answers);
  Json json = of_model(report.model, report.path, report.load_ms);
  json["typing"] = {{"file", report.options.file},
                    {"places", report.num_places},
                    {"keys", report.options.keys},
                    {"pace_ms", report.options.pace_ms},
                    {"cold_ms", to_json(figures.cold_ms)},
                    {"warm_ms", to_json(figures.warm_ms)},
                    {"evaluated_tokens_per_key", to_json(figures.evaluated)},
                    {"generated_tokens_per_key", to_json(figures.generated)},
                    {"answers", report.answers.size()},
                    {"offered", figures.offered},
                    {"partial", figures.partial},
                    {"right", figures.right},
                    {"sources", figures.sources},
                    {"silences", figures.silences}};
  return json;
}

void print_report(const TypingReport& report, const Console& console) {
  const TypingFigures figures = figures_of(report.answers);
  console.print("{} ({}), {} kernels, {} threads; {} typed at {} places\n", report.model.name, report.model.file_type,
                report.model.isa, report.model.num_threads, report.options.file, report.num_places);
  const auto row = [&](const char* what, const SampleStatistics& s, const char* unit) {
    console.print("{:<22} p50 {:7.1f}  p95 {:7.1f}  p99 {:7.1f}  max {:7.1f} {}, variation {:.2f}, n {}\n", what, s.p50,
                  s.p95, s.p99, s.max, unit, s.variation, s.count);
  };
  row("first answer, cold", figures.cold_ms, "ms");
  row("a key", figures.warm_ms, "ms");
  row("  prompt evaluated", figures.evaluated, "tokens");
  row("  generated", figures.generated, "tokens");
  for (const auto& [source, count] : figures.sources)
    console.print("  {:<20} {} of {}\n", source, count, figures.warm_ms.count);
  console.print("{} of {} answers have text, {} of them while the model was still writing; {} are what the file says\n",
                figures.offered, report.answers.size(), figures.partial, figures.right);
  for (const auto& [reason, count] : figures.silences) console.print("  silent {:>4} times: {}\n", count, reason);
}

}  // namespace lacuna::server
