#include "server/cli/tokenize.h"

#include <memory>

#include "engine/gguf/gguf_file.h"
#include "engine/tokenizer/tokenizer.h"
#include "server/cli/exit_code.h"
#include "server/cli/input.h"
#include "server/cli/json_output.h"
#include "server/model_store.h"
#include "support/utf8.h"

namespace lacuna::server {
namespace {

constexpr size_t kMaxTextBytes = size_t{64} << 20;

/// Without the weights: only the vocabulary is read, so this is quick for a model of any size.
Result<std::unique_ptr<const engine::Tokenizer>> load_tokenizer(const std::string& model,
                                                                const Environment& environment) {
  LACUNA_ASSIGN_OR_RETURN(const std::string path, resolve_model(model, environment));
  LACUNA_ASSIGN_OR_RETURN(const engine::gguf::File file, engine::gguf::File::open(path));
  return engine::Tokenizer::load(file);
}

/// `piece` is UTF-8 where the token is; `bytes` is exact always, as hexadecimal.
Json to_json(engine::TokenId token, std::string_view piece) {
  std::string hex;
  for (const char byte : piece) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return {{"id", token}, {"piece", utf8::sanitize(piece)}, {"bytes", hex}};
}

}  // namespace

int run_tokenize(const TokenizeOptions& options, const CommonOptions& common, const Environment& environment,
                 const Console& console) {
  const auto tokenizer = load_tokenizer(common.model, environment);
  if (!tokenizer.ok()) return fail(console, tokenizer.error());
  const Result<std::string> text = read_input(options.file, kMaxTextBytes);
  if (!text.ok()) return fail(console, text.error());
  const std::vector<engine::TokenId> tokens = (*tokenizer)->encode(*text, options.parse_special);
  if (common.json) {
    Json list = Json::array();
    for (const engine::TokenId token : tokens) list.push_back(to_json(token, (*tokenizer)->piece(token)));
    print_json(console, {{"count", tokens.size()}, {"tokens", list}});
    return kExitOk;
  }
  for (const engine::TokenId token : tokens) console.print("{}\n", token);
  return kExitOk;
}

}  // namespace lacuna::server
