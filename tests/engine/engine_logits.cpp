/// engine_logits: writes the logits that the engine computes, for scripts/golden_logits.py to compare.
///
///   engine_logits MODEL ISA logits TOKENS OUT   TOKENS: numbers in text; OUT: f32 [tokens, vocabulary]
///   engine_logits MODEL ISA tokenize TEXT OUT   OUT: numbers in text
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace {

using namespace lacuna;
using namespace lacuna::engine;

int fail(const Error& error) {
  std::fprintf(stderr, "engine_logits: %s\n", error.message.c_str());
  return 1;
}

int write_logits(Engine& engine, const char* tokens_path, const char* out_path) {
  std::ifstream in(tokens_path);
  const std::vector<TokenId> tokens{std::istream_iterator<TokenId>(in), {}};
  std::ofstream out(out_path, std::ios::binary);
  const auto scored = engine.score(tokens, [&](int, std::span<const float> logits) {
    out.write(reinterpret_cast<const char*>(logits.data()), static_cast<std::streamsize>(logits.size_bytes()));
  });
  if (!scored) return fail(scored.error());
  return out.flush() ? 0 : fail({ErrorCode::io, "cannot write the logits"});
}

int write_tokens(const Engine& engine, const char* text_path, const char* out_path) {
  std::ifstream in(text_path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::ofstream out(out_path);
  for (TokenId token : engine.tokenizer().encode(text)) out << token << '\n';
  return out.flush() ? 0 : fail({ErrorCode::io, "cannot write the tokens"});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return fail({ErrorCode::invalid_argument, "usage: engine_logits MODEL ISA logits|tokenize IN OUT"});
  EngineOptions options;
  options.model_path = argv[1];
  options.isa = argv[2];
  auto engine = Engine::load(options);
  if (!engine) return fail(engine.error());
  if (std::string(argv[3]) == "logits") return write_logits(**engine, argv[4], argv[5]);
  return write_tokens(**engine, argv[4], argv[5]);
}
