/// The tokens that a model file marks for a purpose: begin, ends, and those of fill-in-the-middle.
#pragma once

#include <optional>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"
#include "support/result.h"

namespace lacuna::engine {

struct MarkedTokens {
  FimTokens fim;
  std::optional<TokenId> bos;  ///< where a prompt begins with it
  std::vector<TokenId> ends;   ///< sorted, each once
};

/// Ids come from the metadata where it names them, else from the texts that model families are known to use. Those
/// found by text among the user-defined tokens are made control tokens: source code could forge them otherwise.
/// `bos_by_default`: what holds where the metadata does not say. Errors: corrupt (an id outside the vocabulary).
Result<MarkedTokens> find_marked_tokens(const gguf::File& file, Vocabulary& vocabulary, bool bos_by_default);

}  // namespace lacuna::engine
