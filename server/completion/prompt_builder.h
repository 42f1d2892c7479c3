/// Prompt builder: from a text and a cursor to the tokens that a model completes.
///
/// With fill-in-the-middle tokens the order is prefix, suffix, middle (PSM), as the models were trained:
/// [repository NAME] [file PATH] PREFIX text-before SUFFIX text-after MIDDLE. Without them the text before the cursor
/// is all there is. Prefix and suffix are divided at an *anchor* at or before the cursor; what stands between anchor
/// and cursor is given as the beginning of the middle, so a caller that keeps the anchor while a person types appends
/// to the prompt instead of changing its inside. Source text is never read as control tokens. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/incremental_encoder.h"

namespace lacuna::server {

struct PromptText {
  std::string_view text;   ///< the whole document
  std::string_view path;   ///< its file name goes into the prompt; may be empty
  uint32_t cursor = 0;     ///< bytes, at a character boundary
  uint32_t anchor = 0;     ///< at most `cursor`; where prefix and suffix are divided
  uint32_t heal_from = 0;  ///< tokens of the middle that reach beyond this offset are left to the model; `cursor`: none
};

struct PromptBudget {
  int prefix_tokens = 1024;
  int suffix_tokens = 384;
};

struct Prompt {
  std::vector<engine::TokenId> tokens;
  std::string forced;  ///< the text before the cursor that the model must generate first (token healing)
  bool fill_in_middle = false;
};

/// A prompt up to and with its middle token, and what it shows of the text on both sides. It fits any cursor behind the
/// division as long as the two sides stay: what stands between is the beginning of the middle.
struct PromptFrame {
  std::vector<engine::TokenId> tokens;
  std::string before;  ///< the text shown before the division, with "\n"
  std::string after;   ///< and after the cursor
  bool fill_in_middle = false;
};

/// One for each part of a prompt. Keeping them from prompt to prompt of a document saves most of the encoding; it
/// changes no token.
struct TextEncoders {
  explicit TextEncoders(const engine::Tokenizer& tokenizer) : before(tokenizer), after(tokenizer), middle(tokenizer) {}

  const engine::Tokenizer& tokenizer() const { return before.tokenizer(); }

  engine::IncrementalEncoder before;
  engine::IncrementalEncoder after;
  engine::IncrementalEncoder middle;
};

/// `anchor` is where the text before ends and `resume` where the text after begins; anchor <= resume.
PromptFrame build_frame(TextEncoders& encoders, std::string_view text, std::string_view path, uint32_t anchor,
                        uint32_t resume, const PromptBudget& budget);

/// `frame` with `middle` behind it, of which the last `healed_bytes` are left to the model where tokens and text align.
Prompt complete_frame(TextEncoders& encoders, const PromptFrame& frame, std::string_view middle, size_t healed_bytes);

/// What every prompt of this document begins with, whatever the cursor: nothing, unless the whole text fits the budget
/// before the cursor. Its last tokens differ where the cursor cuts them.
std::vector<engine::TokenId> prompt_beginning(const engine::Tokenizer& tokenizer, std::string_view text,
                                              std::string_view path, const PromptBudget& budget);

Prompt build_prompt(const engine::Tokenizer& tokenizer, const PromptText& prompt, const PromptBudget& budget);

}  // namespace lacuna::server
