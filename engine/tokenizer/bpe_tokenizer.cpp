#include "engine/tokenizer/bpe_tokenizer.h"

#include "engine/tokenizer/byte_level.h"
#include "engine/tokenizer/sentence_piece_tokenizer.h"
#include "support/check.h"

namespace lacuna::engine {
namespace {

Error unsupported(std::string_view key, std::string_view value, const char* expected) {
  return Error::format(ErrorCode::unsupported, "metadata key '{}' is {}, expected {}", key, gguf::quoted(value),
                       expected);
}

Result<PreTokenizer> read_pre_tokenizer(const gguf::File& file) {
  constexpr std::string_view key = "tokenizer.ggml.pre";
  LACUNA_ASSIGN_OR_RETURN(const std::string_view name, file.string(key, "default"));
  if (const auto kind = find_pre_tokenizer(name)) return *kind;
  return unsupported(key, name, "one of qwen2, smollm, starcoder, gpt-2, llama-bpe, deepseek-coder");
}

}  // namespace

Result<std::unique_ptr<const Tokenizer>> Tokenizer::load(const gguf::File& file) {
  constexpr std::string_view key = "tokenizer.ggml.model";
  LACUNA_ASSIGN_OR_RETURN(const std::string_view model, file.string(key));
  if (model == "gpt2") return BpeTokenizer::load(file);
  if (model == "llama") return SentencePieceTokenizer::load(file);
  return unsupported(key, model, "'gpt2' (byte-level BPE) or 'llama' (SentencePiece)");
}

Result<std::unique_ptr<const Tokenizer>> BpeTokenizer::load(const gguf::File& file) {
  LACUNA_ASSIGN_OR_RETURN(const PreTokenizer pre_tokenizer, read_pre_tokenizer(file));
  LACUNA_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::load(file));
  // Before the merges, which may not make a control token.
  LACUNA_ASSIGN_OR_RETURN(MarkedTokens marked,
                          find_marked_tokens(file, vocabulary, pre_tokenizer == PreTokenizer::llama3));
  LACUNA_ASSIGN_OR_RETURN(Merges merges, Merges::load(file, vocabulary));
  return std::unique_ptr<const Tokenizer>(
      std::make_unique<BpeTokenizer>(pre_tokenizer, std::move(vocabulary), std::move(merges), std::move(marked)));
}

BpeTokenizer::BpeTokenizer(PreTokenizer pre_tokenizer, Vocabulary vocabulary, Merges merges, MarkedTokens marked)
    : pre_tokenizer_(pre_tokenizer),
      whole_pieces_first_(pre_tokenizer == PreTokenizer::llama3),
      vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      marked_(std::move(marked)) {
  for (TokenId id = 0; id < vocabulary_.size(); ++id) {
    const TokenKind kind = vocabulary_.kind(id);
    const std::string_view text = vocabulary_.text(id);
    if (text.empty()) continue;
    if (kind == TokenKind::user_defined) user_defined_.add(text, id);
    if (kind == TokenKind::user_defined || kind == TokenKind::control) all_special_.add(text, id);
  }
  user_defined_.build();
  all_special_.build();
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text, bool parse_special) const {
  std::vector<TokenId> tokens;
  std::vector<uint32_t> lengths;
  const auto encode_stretch = [&](std::string_view stretch) {
    lengths.clear();
    split_pieces(pre_tokenizer_, stretch, lengths);
    for (const uint32_t length : lengths) {
      encode_piece(stretch.substr(0, length), tokens);
      stretch.remove_prefix(length);
    }
  };
  const SpecialTokens& special = parse_special ? all_special_ : user_defined_;
  special.walk(text, encode_stretch, [&](const SpecialTokens::Match& match) { tokens.push_back(match.token); });
  return tokens;
}

std::vector<uint32_t> BpeTokenizer::split(std::string_view text) const {
  std::vector<uint32_t> lengths;
  user_defined_.walk(
      text, [&](std::string_view stretch) { split_pieces(pre_tokenizer_, stretch, lengths); },
      [&](const SpecialTokens::Match& match) { lengths.push_back(static_cast<uint32_t>(match.length)); });
  return lengths;
}

void BpeTokenizer::encode_piece(std::string_view piece, std::vector<TokenId>& out) const {
  if (whole_pieces_first_) {
    if (const TokenId whole = whole_token(piece); whole >= 0) return out.push_back(whole);
  }
  const size_t first = out.size();
  for (const char c : piece) {
    const TokenId token = vocabulary_.byte_token(static_cast<uint8_t>(c));
    if (token >= 0) out.push_back(token);
  }
  out.resize(first + merges_.merge(std::span(out).subspan(first)));
}

TokenId BpeTokenizer::whole_token(std::string_view bytes) const {
  if (bytes.size() > Vocabulary::longest_text) return -1;
  std::string text;
  for (const char c : bytes) append_byte_character(text, static_cast<uint8_t>(c));
  const TokenId id = vocabulary_.find_text(text);
  return id >= 0 && vocabulary_.kind(id) == TokenKind::normal ? id : -1;
}

std::string BpeTokenizer::decode(std::span<const TokenId> tokens) const {
  std::string text;
  for (const TokenId token : tokens) text += piece(token);
  return text;
}

std::string_view BpeTokenizer::piece(TokenId token) const {
  LACUNA_CHECK(vocabulary_.contains(token));
  return vocabulary_.piece(token);
}

bool BpeTokenizer::is_control(TokenId token) const {
  LACUNA_CHECK(vocabulary_.contains(token));
  return vocabulary_.is_control(token);
}

std::optional<TokenId> BpeTokenizer::find(std::string_view piece) const {
  if (const TokenId id = whole_token(piece); id >= 0) return id;
  const TokenId id = vocabulary_.find_text(piece);
  // A normal token's text is not its bytes: only the others are found by it.
  if (id >= 0 && vocabulary_.piece(id) == piece) return id;
  return std::nullopt;
}

}  // namespace lacuna::engine
