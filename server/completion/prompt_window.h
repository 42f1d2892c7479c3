/// The text around a cursor that goes into a prompt: as many whole lines as a token budget allows.
///
/// The far end of the window before the cursor is chosen by the text itself (the line with the least hash), not counted
/// from the cursor: while a person types it stays where it is and then moves by several lines at once, so that the
/// engine's prefix cache keeps hitting. Only the bytes near the cursor are looked at, whatever the size of the file.
/// The tokens are those of the text, whatever the encoder has seen before; one that is kept for these windows makes
/// them in little time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/incremental_encoder.h"

namespace lacuna::server {

/// Tokens of the text that ends at `end`: at most `budget` of them, beginning at the start of a line where one is in
/// reach. Line ends become "\n".
std::vector<engine::TokenId> tokens_before(engine::IncrementalEncoder& encoder, std::string_view text, uint32_t end,
                                           int budget);

/// Tokens of the text that starts at `begin`: at most `budget` of them, ending after a whole line where one is in
/// reach.
std::vector<engine::TokenId> tokens_after(engine::IncrementalEncoder& encoder, std::string_view text, uint32_t begin,
                                          int budget);

}  // namespace lacuna::server
