#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "tests/engine/engine_runs.h"
#include "tests/engine/random_model.h"

using namespace lacuna;
using namespace lacuna::engine;
using kernels::TensorType;

namespace {

EngineOptions small_options(const std::string& path, const std::string& isa = "auto") {
  EngineOptions options;
  options.model_path = path;
  options.num_threads = 2;
  options.isa = isa;
  options.context_tokens = 256;
  options.kv_cache_bytes = 1 << 20;
  options.max_batch_tokens = 64;
  return options;
}

/// Requests with different lengths, shared beginnings and sampling; no stop token but the model's own.
std::vector<Request> sample_requests(const Engine& engine) {
  const Tokenizer& tokenizer = engine.tokenizer();
  const std::string text = "return the there in the red thin rethink; the inner ring is in the third tree";
  std::vector<Request> requests;
  for (size_t i = 0; i < 6; ++i) {
    Request request;
    request.id = i + 1;
    request.prompt = tokenizer.encode(text.substr(0, 10 + i * 12) + (i % 2 ? " x" : ""));
    request.max_tokens = 12 + static_cast<int>(i);
    if (i % 3 == 2) request.sampling = {.temperature = 0.8f, .top_p = 0.9f, .seed = i};
    if (i % 3 == 1) request.sampling = {.repetition_penalty = 1.3f};
    requests.push_back(request);
  }
  return requests;
}

class DigitsOnly : public Constraint {
 public:
  bool accepts(std::string_view, std::string_view piece) override {
    return piece.find_first_not_of("0123456789") == std::string_view::npos;
  }
  bool complete(std::string_view generated) override { return generated.size() >= 5; }
};

class Nothing : public Constraint {
 public:
  bool accepts(std::string_view, std::string_view) override { return false; }
  bool complete(std::string_view) override { return false; }
};

Request simple_request(const Engine& engine, int max_tokens, RequestId id = 1) {
  Request request;
  request.id = id;
  request.prompt = engine.tokenizer().encode("the tree in the ring");
  request.max_tokens = max_tokens;
  return request;
}

/// The four equalities that batching, caching, chunking and preemption must not break. Returns how often a sequence was
/// preempted, which depends on where the model ends.
uint64_t check_equalities(const EngineOptions& options) {
  auto engine = load_engine(options);
  const auto requests = sample_requests(*engine);
  const Answers alone = run_alone(*engine, requests);
  for (const auto& [id, answer] : alone) REQUIRE(answer.num_finished == 1);

  engine->clear_cache();
  check_same_tokens(run_together(*engine, requests), alone);

  INFO("cached");
  const Answers cached = run_together(*engine, requests);
  check_same_tokens(cached, alone);
  for (const auto& [id, answer] : cached) {
    CHECK(answer.statistics.cached_tokens == answer.statistics.prompt_tokens - 1);
    CHECK(answer.statistics.evaluated_tokens == 1);
  }

  INFO("chunked");
  EngineOptions chunked = options;
  chunked.max_batch_tokens = 7;
  check_same_tokens(run_together(*load_engine(chunked), requests), alone);

  INFO("preempted");
  EngineOptions scarce = options;
  scarce.context_tokens = 96;
  scarce.kv_cache_bytes = 1;
  auto small = load_engine(scarce);
  check_same_tokens(run_overtaking(*small, requests), alone);
  return small->num_preemptions();
}

}  // namespace

TEST_CASE("batched, cached, chunked and preempted runs give the tokens of an undisturbed one") {
  uint64_t preemptions = 0;
  for (const char* architecture : {"llama", "qwen2"}) {
    for (TensorType type :
         {TensorType::f32, TensorType::f16, TensorType::bf16, TensorType::q4_0, TensorType::q4_1, TensorType::q5_0,
          TensorType::q5_1, TensorType::q8_0, TensorType::q4_k, TensorType::q5_k, TensorType::q6_k}) {
      CAPTURE(architecture);
      CAPTURE(kernels::type_traits(type).name);
      const bool is_k = kernels::type_traits(type).block_elements == 256;
      ModelFile file(RandomModel{.architecture = architecture,
                                 .type = type,
                                 .tied = type == TensorType::q5_0,
                                 .width = is_k ? 256 : 96,
                                 .feed_forward = is_k ? 256 : 160});
      preemptions += check_equalities(small_options(file.path()));
    }
  }
  CHECK(preemptions >= 22);
}

TEST_CASE("the same holds for every architecture, with windows shorter than the prompts") {
  const RandomModel models[] = {
      {.architecture = "gemma3", .num_layers = 3, .window = 20, .full_every = 3},
      {.architecture = "gemma3", .num_layers = 7, .width = 64, .feed_forward = 64, .num_kv_heads = 1, .window = 33},
      {.architecture = "llama", .num_layers = 2, .window = 17},
      {.architecture = "mistral3", .num_layers = 1, .window = 1},
      {.architecture = "qwen2", .num_layers = 4, .width = 64, .feed_forward = 64, .window = 16, .full_every = 2},
      {.architecture = "qwen3", .num_layers = 2, .window = 40},
      {.architecture = "qwen3", .num_layers = 2},
      {.architecture = "starcoder2", .num_layers = 2, .window = 24},
  };
  for (const RandomModel& model : models) {
    CAPTURE(model.architecture);
    CAPTURE(model.window);
    ModelFile file(model);
    check_equalities(small_options(file.path()));
  }
}

TEST_CASE("a window's memory does not grow with the context, and a token is taken back at the cost of a block") {
  ModelFile file(RandomModel{.architecture = "gemma3",
                             .num_layers = 6,
                             .width = 64,
                             .feed_forward = 64,
                             .num_kv_heads = 1,
                             .context_length = 4096,
                             .window = 48});
  EngineOptions options = small_options(file.path());
  options.kv_cache_bytes = 1;
  options.context_tokens = 512;
  auto engine = load_engine(options);
  const int short_blocks = engine->statistics().total_blocks;
  options.context_tokens = 4096;
  auto large = load_engine(options);
  // One layer of six sees everything: only its blocks grow, one for each 16 tokens.
  CHECK(large->statistics().total_blocks - short_blocks == (4096 - 512) / 16);

  Request request = simple_request(*large, 1);
  std::mt19937 random(3);
  while (request.prompt.size() < 4000) request.prompt.push_back(static_cast<TokenId>(random() % 200));
  CHECK(run_together(*large, {request})[1].statistics.evaluated_tokens == 4000);
  for (int edit = 1; edit < 40; ++edit) {  // backspace, each time as a new request
    request.id += 1;
    request.prompt.pop_back();
    CHECK(run_together(*large, {request})[request.id].statistics.evaluated_tokens <= kernels::kBlockTokens);
  }
  // Another token in the last place: what is in front of it is known.
  request.id += 1;
  request.prompt.back() = 201;
  const Answer edited = run_together(*large, {request})[request.id];
  CHECK(edited.statistics.evaluated_tokens == 1);
  CHECK(edited.tokens == run_alone(*large, {request})[request.id].tokens);
}

TEST_CASE("the same holds for every instruction set of this machine") {
  ModelFile file(
      RandomModel{.type = TensorType::q5_0, .width = 160, .feed_forward = 224, .num_heads = 5, .num_kv_heads = 1});
  for (const std::string& isa : kernels::available_isas()) {
    CAPTURE(isa);
    check_equalities(small_options(file.path(), isa));
  }
}

TEST_CASE("the same holds for a real model") {
  const char* folder = std::getenv("LACUNA_TEST_MODELS");
  if (!folder) {
    MESSAGE("skipped: LACUNA_TEST_MODELS is not set");
    return;
  }
  check_equalities(small_options(std::string(folder) + "/smollm2-135m.gguf"));
}

TEST_CASE("different models give different tokens, and a seed decides the draw") {
  ModelFile one(RandomModel{.seed = 1}), two(RandomModel{.seed = 2});
  auto first = load_engine(small_options(one.path())), second = load_engine(small_options(two.path()));
  const auto requests = sample_requests(*first);
  CHECK(run_alone(*first, requests)[1].tokens != run_alone(*second, requests)[1].tokens);

  std::set<std::vector<TokenId>> drawn;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Request request = requests[0];
    request.sampling = {.temperature = 2, .seed = seed};
    drawn.insert(run_alone(*first, {request})[1].tokens);
  }
  CHECK(drawn.size() > 4);
}

TEST_CASE("score gives the distributions that generation draws from") {
  ModelFile file(RandomModel{.architecture = "llama"});
  EngineOptions options = small_options(file.path());
  options.max_batch_tokens = 16;
  auto engine = load_engine(options);
  const Request request = simple_request(*engine, 30);
  const Answer answer = run_alone(*engine, {request})[1];
  std::vector<TokenId> tokens = request.prompt;
  tokens.insert(tokens.end(), answer.tokens.begin(), answer.tokens.end());

  int expected_position = 0;
  const auto scored = engine->score(tokens, [&](int position, std::span<const float> logits) {
    REQUIRE(position == expected_position++);
    REQUIRE(logits.size() == static_cast<size_t>(engine->model().vocabulary_size));
    const int generated = position + 1 - static_cast<int>(request.prompt.size());
    if (generated < 0 || generated >= static_cast<int>(answer.tokens.size())) return;
    const auto i = static_cast<size_t>(generated);
    CHECK(arg_max(logits) == answer.tokens[i]);
    const double log_probability = logits[static_cast<size_t>(answer.tokens[i])] - log_sum_exp(logits);
    CHECK(log_probability == doctest::Approx(answer.log_probabilities[i]).epsilon(1e-4));
  });
  REQUIRE(scored.ok());
  CHECK(expected_position == static_cast<int>(tokens.size()));
  engine->check_integrity();
  CHECK(engine->statistics().free_blocks == engine->statistics().total_blocks);
}

TEST_CASE("a request's scored tokens have the probabilities of a plain pass, whatever is cached and runs beside") {
  ModelFile file(RandomModel{.architecture = "llama"});
  EngineOptions options = small_options(file.path());
  options.max_batch_tokens = 16;
  auto engine = load_engine(options);
  std::vector<TokenId> prompt;
  for (int i = 0; i < 90; ++i) prompt.push_back(3 + i * 7 % 200);
  std::vector<double> expected(prompt.size());  // of each token behind those before it
  const auto scored = engine->score(prompt, [&](int position, std::span<const float> logits) {
    const auto next = static_cast<size_t>(position) + 1;
    if (next < prompt.size()) expected[next] = logits[static_cast<size_t>(prompt[next])] - log_sum_exp(logits);
  });
  REQUIRE(scored.ok());
  const auto check = [&](const Answer& answer, size_t count) {
    CHECK(answer.num_finished == 1);
    CHECK(answer.reason == FinishReason::length);
    CHECK(answer.tokens.empty());
    REQUIRE(answer.prompt_log_probabilities.size() == count);
    for (size_t i = 0; i < count; ++i) {
      CAPTURE(i);
      CHECK(answer.prompt_log_probabilities[i] == doctest::Approx(expected[prompt.size() - count + i]).epsilon(1e-3));
    }
  };
  Request request{.id = 1, .prompt = prompt, .max_tokens = 0};
  for (const int count : {1, 17, 40, 89}) {
    CAPTURE(count);
    request.scored_tokens = count;
    check(run_together(*engine, {request})[1], static_cast<size_t>(count));  // the cache holds the prompt by now
    check(run_alone(*engine, {request})[1], static_cast<size_t>(count));
  }
  // Beside one that generates, one that scores something else, and one that overtakes.
  request.scored_tokens = 40;
  Request other = request;
  other.id = 2;
  other.scored_tokens = 20;
  Request urgent = simple_request(*engine, 12);
  urgent.id = 3;
  for (const auto& run : {run_together, run_overtaking}) {
    Answers answers = run(*engine, {request, other, urgent});
    check(answers[1], 40);
    check(answers[2], 20);
    CHECK(answers[3].tokens.size() == 12);
    CHECK(answers[3].prompt_log_probabilities.empty());
  }
}

TEST_CASE("what cannot be scored is refused") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  const auto refusal = [&](int scored_tokens, int max_tokens) {
    Request request{.id = 1, .prompt = {5, 6, 7}, .max_tokens = max_tokens, .scored_tokens = scored_tokens};
    const auto accepted = engine->submit(request, [](const Update&) {});
    return accepted.ok() ? ErrorCode::internal : accepted.error().code;
  };
  CHECK(refusal(-1, 0) == ErrorCode::invalid_argument);
  CHECK(refusal(3, 0) == ErrorCode::invalid_argument);
  CHECK(refusal(2, 1) == ErrorCode::invalid_argument);
  CHECK(!engine->has_work());
}

TEST_CASE("score refuses what does not fit") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  const auto ignore = [](int, std::span<const float>) {};
  CHECK(engine->score({}, ignore).error().code == ErrorCode::invalid_argument);
  CHECK(engine->score(std::vector<TokenId>(257, 1), ignore).error().code == ErrorCode::invalid_argument);
  CHECK(engine->score(std::vector<TokenId>{-1}, ignore).error().code == ErrorCode::invalid_argument);
  CHECK(engine->score(std::vector<TokenId>(256, 1), ignore).ok());

  EngineOptions scarce = small_options(file.path());
  scarce.kv_cache_bytes = 1;
  auto small = load_engine(scarce);
  Answers answers;
  Request request = simple_request(*small, 1);
  request.prompt.assign(100, 5);
  submit(*small, request, answers);
  small->step();  // its first chunk holds blocks now
  CHECK(small->score(std::vector<TokenId>(256, 1), ignore).error().code == ErrorCode::exhausted);
  small->check_integrity();
}

TEST_CASE("a request ends by length, by a stop token, by the context's end") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  const Answer plain = run_alone(*engine, {simple_request(*engine, 20)})[1];
  REQUIRE(plain.tokens.size() == 20);
  CHECK(plain.reason == FinishReason::length);
  CHECK(plain.statistics.generated_tokens == 20);
  CHECK(plain.statistics.prompt_tokens == static_cast<int>(simple_request(*engine, 1).prompt.size()));
  CHECK(plain.text == engine->tokenizer().decode(plain.tokens));

  Request stopped = simple_request(*engine, 20);
  stopped.stop_tokens = {plain.tokens[7]};
  const Answer short_one = run_alone(*engine, {stopped})[1];
  const auto first = std::ranges::find(plain.tokens, plain.tokens[7]) - plain.tokens.begin();
  CHECK(short_one.reason == FinishReason::stop_token);
  CHECK(short_one.tokens == std::vector<TokenId>(plain.tokens.begin(), plain.tokens.begin() + first));

  Request endless = simple_request(*engine, 100000);
  endless.prompt.assign(250, 5);
  const Answer full = run_alone(*engine, {endless})[1];
  CHECK(full.tokens.size() <= 6);
  if (full.reason == FinishReason::length) CHECK(full.tokens.size() == 6);
}

TEST_CASE("a constraint shapes the text, ends it, and may leave nothing") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  for (float temperature : {0.0f, 1.0f}) {
    Request digits = simple_request(*engine, 20);
    digits.sampling.temperature = temperature;
    digits.constraint = std::make_shared<DigitsOnly>();
    const Answer answer = run_alone(*engine, {digits})[1];
    CHECK(answer.text.find_first_not_of("0123456789") == std::string::npos);
    if (answer.reason != FinishReason::stop_token) {
      CHECK(answer.reason == FinishReason::constraint);
      CHECK(answer.text.size() == 5);
    }
    Request nothing = digits;
    nothing.constraint = std::make_shared<Nothing>();
    const Answer empty = run_alone(*engine, {nothing})[1];
    CHECK(empty.tokens.empty());
    CHECK((empty.reason == FinishReason::constraint || empty.reason == FinishReason::stop_token));
  }
}

TEST_CASE("warming up fills the cache for the request that follows") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  Request warm_up = simple_request(*engine, 0);
  warm_up.priority = Priority::warm_up;
  const Answers warmed = run_together(*engine, {warm_up});
  CHECK(warmed.at(1).num_finished == 1);
  CHECK(warmed.at(1).tokens.empty());
  const Answer again = run_together(*engine, {warm_up}).at(1);
  CHECK(again.statistics.cached_tokens == again.statistics.prompt_tokens);
  CHECK(again.statistics.evaluated_tokens == 0);
  const Answer warm = run_together(*engine, {simple_request(*engine, 4)}).at(1);
  CHECK(warm.statistics.cached_tokens == warm.statistics.prompt_tokens - 1);
  CHECK(warm.tokens == run_alone(*engine, {simple_request(*engine, 4)}).at(1).tokens);
}

TEST_CASE("an edit inside a block costs the tokens behind it") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  Request request = simple_request(*engine, 6);
  request.prompt.assign(45, 5);
  run_together(*engine, {request});
  request.prompt[41] = 6;
  const Answer edited = run_together(*engine, {request}).at(1);
  CHECK(edited.statistics.cached_tokens == 41);
  CHECK(edited.statistics.evaluated_tokens == 4);
  CHECK(edited.tokens == run_alone(*engine, {request}).at(1).tokens);
}

TEST_CASE("cancelled at any step, a request ends at once, gives everything back and disturbs nobody") {
  ModelFile file(RandomModel{});
  EngineOptions options = small_options(file.path());
  options.max_batch_tokens = 8;
  auto engine = load_engine(options);
  const auto requests = sample_requests(*engine);
  const Answers alone = run_alone(*engine, requests);
  for (int cancel_at = 0; cancel_at < 40; ++cancel_at) {
    CAPTURE(cancel_at);
    engine->clear_cache();
    Answers answers;
    for (const Request& request : requests) submit(*engine, request, answers);
    for (int step = 0; step < cancel_at && engine->has_work(); ++step) engine->step();
    engine->cancel(3);
    engine->check_integrity();
    CHECK(answers[3].num_finished == 1);
    engine->cancel(3);
    engine->cancel(999);
    run_to_end(*engine);
    for (const auto& [id, answer] : alone) {
      CHECK(answers[id].num_finished == 1);
      if (id != 3) CHECK(answers[id].tokens == answer.tokens);
    }
    CHECK(engine->statistics().free_blocks == engine->statistics().total_blocks);
  }
}

TEST_CASE("an abandoned step is done again and changes nothing") {
  ModelFile file(RandomModel{});
  // Steps of few tokens are asked between layers, those of many inside of operations too.
  for (const auto& [max_batch_tokens, asked_per_step] : {std::pair{16, 2}, std::pair{64, 100}}) {
    CAPTURE(max_batch_tokens);
    EngineOptions options = small_options(file.path());
    options.max_batch_tokens = max_batch_tokens;
    auto engine = load_engine(options);
    const auto requests = sample_requests(*engine);
    const Answers alone = run_alone(*engine, requests);
    engine->clear_cache();
    Answers answers;
    for (const Request& request : requests) submit(*engine, request, answers);
    std::mt19937 random(3);
    int num_abandoned = 0;
    for (int step = 0; engine->has_work(); ++step) {
      REQUIRE(step < 10000);
      engine->step_unless([&, every = static_cast<uint32_t>(2 * asked_per_step)](auto) {
        const bool abandon = random() % every == 0;
        num_abandoned += abandon ? 1 : 0;
        return abandon;
      });
      engine->check_integrity();
    }
    CHECK(num_abandoned > 0);
    check_same_tokens(answers, alone);
  }
}

TEST_CASE("a model file that is written to while it is in use is noticed, and one that is replaced is not missed") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  Answers answers;
  std::filesystem::remove(file.path());
  const std::string other = build_random_model(RandomModel{.seed = 2}).build();
  std::ofstream(file.path(), std::ios::binary) << other;
  submit(*engine, simple_request(*engine, 4, 1), answers);
  run_to_end(*engine);
  CHECK(answers.at(1).tokens.size() == 4);

  auto another = load_engine(small_options(file.path()));
  std::fstream(file.path(), std::ios::binary | std::ios::in | std::ios::out) << other;
  std::filesystem::last_write_time(file.path(),
                                   std::filesystem::last_write_time(file.path()) + std::chrono::seconds(5));
  const auto refused = another->submit(simple_request(*another, 4, 1), [](const Update&) {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("bad requests are refused with a reason") {
  ModelFile file(RandomModel{});
  auto engine = load_engine(small_options(file.path()));
  const Request good = simple_request(*engine, 4);
  const auto message_for = [&](auto change) {
    Request request = good;
    change(request);
    const auto result = engine->submit(request, [](const Update&) { FAIL("no update of a refused request"); });
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::invalid_argument);
    return result.error().message;
  };
  CHECK(message_for([](Request& r) { r.prompt.clear(); }) == "the prompt is empty");
  CHECK(message_for([](Request& r) { r.prompt[1] = -1; }).find("prompt token 1 is -1") == 0);
  CHECK(message_for([](Request& r) { r.prompt[0] = 269; }).find("prompt token 0 is 269") == 0);
  CHECK(message_for([](Request& r) { r.prompt.assign(256, 1); }).find("the prompt has 256 tokens") == 0);
  CHECK(message_for([](Request& r) { r.max_tokens = -1; }).find("max_tokens is -1") == 0);
  const float nan = std::nanf("");
  CHECK(message_for([&](Request& r) { r.sampling.temperature = nan; }).find("temperature is nan") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.temperature = -1; }).find("temperature is -1") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.top_k = -1; }).find("top_k is -1") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.top_p = 0; }).find("top_p is 0") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.top_p = 1.5f; }).find("top_p is 1.5") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.min_p = nan; }).find("min_p is nan") != std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.repetition_penalty = 0; }).find("repetition_penalty is 0") !=
        std::string::npos);
  CHECK(message_for([&](Request& r) { r.sampling.repetition_window = -5; }).find("repetition_window is -5") !=
        std::string::npos);
  Answers answers;
  submit(*engine, good, answers);
  CHECK(message_for([](Request&) {}) == "request 1 is in flight already");
  run_to_end(*engine);
  CHECK(answers[1].num_finished == 1);
}

TEST_CASE("random requests and cancellations keep the books and answer everything once") {
  ModelFile file(RandomModel{
      .type = TensorType::q4_0, .num_layers = 1, .width = 64, .feed_forward = 64, .num_heads = 2, .num_kv_heads = 1});
  for (unsigned seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    EngineOptions options = small_options(file.path(), "scalar");
    options.num_threads = 1;
    options.context_tokens = 100;
    options.kv_cache_bytes = 1;
    options.max_batch_tokens = 1 + below(40);
    options.max_sequences = 1 + below(5);
    auto engine = load_engine(options);
    Answers answers;
    RequestId last_id = 0;
    for (int step = 0; step < 300 || engine->has_work(); ++step) {
      if (step < 300 && below(3) == 0) {
        Request request;
        request.id = ++last_id;
        const int size = 1 + below(99);
        for (int i = 0; i < size; ++i) request.prompt.push_back(below(20) == 0 ? 7 : 5);
        request.max_tokens = below(20);
        request.priority = static_cast<Priority>(below(3));
        if (below(2) == 0) request.sampling = {.temperature = 1, .seed = last_id};
        submit(*engine, request, answers);
      }
      if (last_id > 0 && below(6) == 0) engine->cancel(1 + random() % last_id);
      engine->step();
      engine->check_integrity();
    }
    for (RequestId id = 1; id <= last_id; ++id) CHECK(answers[id].num_finished == 1);
    CHECK(engine->statistics().free_blocks == engine->statistics().total_blocks);
    CHECK(engine->statistics().running == 0);
  }
}

TEST_CASE("the model's description comes from the file") {
  ModelFile file(RandomModel{.architecture = "llama", .type = TensorType::q4_k});
  auto engine = load_engine(small_options(file.path(), "scalar"));
  const ModelInfo& model = engine->model();
  CHECK(model.architecture == "llama");
  CHECK(model.name == "random");
  CHECK(model.file_type == "Q4_K");
  CHECK(model.num_layers == 2);
  CHECK(model.embedding_length == 256);
  CHECK(model.context_length == 256);
  CHECK(model.vocabulary_size == engine->tokenizer().size());
  CHECK(model.isa == "scalar");
  CHECK(model.num_threads == 2);
  CHECK(model.file_bytes > 500000);
}

TEST_CASE("a token reads all matrices, of the embedding one row, and all of it where it is the head too") {
  ModelFile tied_file(RandomModel{.tied = true});
  ModelFile untied_file(RandomModel{.tied = false});
  const ModelInfo tied = load_engine(small_options(tied_file.path()))->model();
  const ModelInfo untied = load_engine(small_options(untied_file.path()))->model();
  const uint64_t row = 256 / 32 * 34;  // q8_0
  CHECK(untied.bytes_per_token == tied.bytes_per_token + row);
  CHECK(tied.bytes_per_token > static_cast<uint64_t>(tied.vocabulary_size) * row);
  CHECK(untied.bytes_per_token < untied.file_bytes - static_cast<uint64_t>(untied.vocabulary_size - 1) * row);
}

TEST_CASE("a model whose weights are no numbers fails its requests and no more") {
  auto builder = build_random_model({.type = TensorType::f32});
  auto& norm = builder.tensor("output_norm.weight");
  for (size_t i = 0; i < norm.data.size(); i += 4) norm.data.replace(i, 4, gguf::encoded(std::nanf("")));
  ModelFile file(builder);
  auto engine = load_engine(small_options(file.path()));
  const Answer answer = run_alone(*engine, {simple_request(*engine, 4)})[1];
  CHECK(answer.num_finished == 1);
  CHECK(answer.reason == FinishReason::failed);
  CHECK(answer.error.code == ErrorCode::corrupt);
  CHECK(answer.error.message.find("no finite numbers") != std::string::npos);
}
