/// The changes of one textDocument/didChange, applied to a text and to its line index. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/lsp/line_index.h"
#include "server/lsp/protocol.h"
#include "syntax/syntax_tree.h"

namespace lacuna::server {

/// For a reparse, in order; none where a change replaced the whole text.
using Edits = std::optional<std::vector<syntax::Edit>>;

/// Applies `changes` in order, each to the result of the one before it. Ranges are clamped, and swapped where the end
/// comes first.
Edits apply_changes(const std::vector<ContentChange>& changes, PositionEncoding encoding, std::string& text,
                    LineIndex& lines);

}  // namespace lacuna::server
