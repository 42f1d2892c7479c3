/// Pre-tokenizers: cut text into the pieces inside which tokens are merged.
///
/// Each model family defines its cut by regular expressions; here each is a scanner written by hand, linear in the
/// text. A byte that is not valid UTF-8 counts as one character of class `other`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lacuna::engine {

enum class PreTokenizer { gpt2, smollm, qwen2, llama3, deepseek_coder };

/// By the value of `tokenizer.ggml.pre`; nothing for a name that we do not know.
std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name);

/// How far the scanners look beyond a piece and the run of white space behind it: a contraction, and a character that
/// ends a run, of 4 bytes at most.
inline constexpr size_t kSplitMargin = 8;

/// Appends the lengths in bytes of the pieces of `text`; their sum is the text's length. Texts are below 4 GiB.
void split_pieces(PreTokenizer kind, std::string_view text, std::vector<uint32_t>& lengths);

}  // namespace lacuna::engine
