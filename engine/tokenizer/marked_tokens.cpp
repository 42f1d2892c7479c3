#include "engine/tokenizer/marked_tokens.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace lacuna::engine {
namespace {

/// -1 where the key is missing.
Result<TokenId> id_from(const gguf::File& file, const Vocabulary& vocabulary, std::string_view key) {
  if (!file.has(key)) return -1;
  LACUNA_ASSIGN_OR_RETURN(const int64_t id, file.i64(key));
  if (!vocabulary.contains(id)) {
    return Error::format(ErrorCode::corrupt, "metadata key '{}' is {}, expected a token below {}", key, id,
                         vocabulary.size());
  }
  return static_cast<TokenId>(id);
}

/// The first of `texts` that is a special token, made a control token; -1: none. A normal token is never meant: Qwen's
/// `</s>` is the end of an HTML element.
TokenId id_by_text(Vocabulary& vocabulary, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    const TokenId id = vocabulary.find_text(text);
    if (id < 0 || (vocabulary.kind(id) != TokenKind::control && vocabulary.kind(id) != TokenKind::user_defined))
      continue;
    vocabulary.make_control(id);
    return id;
  }
  return -1;
}

struct FimSource {
  TokenId FimTokens::*member;
  std::initializer_list<std::string_view> keys;
  std::initializer_list<std::string_view> texts;  ///< Qwen, StarCoder, SantaCoder, DeepSeek, CodeLlama, in this order
};

Result<FimTokens> find_fim(const gguf::File& file, Vocabulary& vocabulary) {
  const FimSource sources[] = {
      {&FimTokens::prefix,
       {"tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"},
       {"<|fim_prefix|>", "<fim_prefix>", "<fim-prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>"}},
      {&FimTokens::suffix,
       {"tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"},
       {"<|fim_suffix|>", "<fim_suffix>", "<fim-suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>"}},
      {&FimTokens::middle,
       {"tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"},
       {"<|fim_middle|>", "<fim_middle>", "<fim-middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>"}},
      {&FimTokens::pad, {"tokenizer.ggml.fim_pad_token_id"}, {"<|fim_pad|>", "<fim_pad>", "<fim-pad>"}},
      {&FimTokens::repository,
       {"tokenizer.ggml.fim_rep_token_id"},
       {"<|repo_name|>", "<repo_name>", "<reponame>", "<fim-repo>"}},
      {&FimTokens::file_separator, {"tokenizer.ggml.fim_sep_token_id"}, {"<|file_sep|>", "<file_sep>", "<filename>"}},
  };
  FimTokens fim;
  for (const FimSource& source : sources) {
    TokenId id = -1;
    for (const std::string_view key : source.keys) {
      LACUNA_ASSIGN_OR_RETURN(const TokenId named, id_from(file, vocabulary, key));
      if (id < 0) id = named;
    }
    fim.*source.member = id >= 0 ? id : id_by_text(vocabulary, source.texts);
  }
  return fim;
}

Result<std::vector<TokenId>> find_ends(const gguf::File& file, Vocabulary& vocabulary, const FimTokens& fim) {
  std::vector<TokenId> ends = {fim.prefix, fim.suffix, fim.middle, fim.pad, fim.repository, fim.file_separator};
  for (const std::string_view key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    LACUNA_ASSIGN_OR_RETURN(const TokenId id, id_from(file, vocabulary, key));
    ends.push_back(id);
  }
  for (const std::string_view text : {"<|endoftext|>", "<|im_end|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>",
                                      "<|EOT|>", "<|end|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "<EOT>"}) {
    ends.push_back(id_by_text(vocabulary, {text}));
  }
  // Gemma has the end of HTML's <s> as a token that any text may contain.
  const TokenId end = vocabulary.find_text("</s>");
  if (end >= 0 && vocabulary.kind(end) == TokenKind::control) ends.push_back(end);
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  if (ends.front() < 0) ends.erase(ends.begin());
  return ends;
}

Result<std::optional<TokenId>> find_bos(const gguf::File& file, const Vocabulary& vocabulary, bool by_default) {
  LACUNA_ASSIGN_OR_RETURN(const TokenId bos, id_from(file, vocabulary, "tokenizer.ggml.bos_token_id"));
  LACUNA_ASSIGN_OR_RETURN(const bool wanted, file.boolean("tokenizer.ggml.add_bos_token", by_default && bos >= 0));
  if (!wanted) return std::optional<TokenId>();
  if (bos < 0) {
    return Error::format(ErrorCode::corrupt,
                         "metadata key 'tokenizer.ggml.add_bos_token' is true, but "
                         "'tokenizer.ggml.bos_token_id' is missing");
  }
  return std::optional<TokenId>(bos);
}

/// Ids that we have no use for are checked all the same: a file that errs here errs elsewhere.
Result<void> check_other_ids(const gguf::File& file, const Vocabulary& vocabulary) {
  for (const std::string_view name : {"unknown", "seperator", "separator", "padding", "cls", "mask"}) {
    LACUNA_RETURN_IF_ERROR(id_from(file, vocabulary, fmt::format("tokenizer.ggml.{}_token_id", name)));
  }
  return {};
}

}  // namespace

Result<MarkedTokens> find_marked_tokens(const gguf::File& file, Vocabulary& vocabulary, bool bos_by_default) {
  MarkedTokens marked;
  LACUNA_ASSIGN_OR_RETURN(marked.fim, find_fim(file, vocabulary));
  LACUNA_ASSIGN_OR_RETURN(marked.ends, find_ends(file, vocabulary, marked.fim));
  LACUNA_ASSIGN_OR_RETURN(marked.bos, find_bos(file, vocabulary, bos_by_default));
  LACUNA_RETURN_IF_ERROR(check_other_ids(file, vocabulary));
  return marked;
}

}  // namespace lacuna::engine
