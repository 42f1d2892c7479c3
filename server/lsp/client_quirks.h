/// What editors do otherwise than LSP says, or than most do, and what the server does about it: one row an editor, found
/// by the name that it gives in `initialize`. docs/editors.md explains the rows.
///
/// What is the same for every client is no column: answers without items are `{items: []}` and never null (Neovim keeps
/// stale ghost text on null), an item is never empty (coc.nvim then blocks its key) and never a snippet (Neovim ignores
/// the range of one), ghost text replaces a part of one line, and the server adds no delay of its own to a key: a newer
/// request supersedes the older one at once, so waiting for a pause would gain nothing.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

namespace lacuna::server {

struct ClientQuirks {
  std::string_view name;  ///< clientInfo.name begins with it

  /// How long the client waits after a key before it asks. From kRested on, whoever sees the answer has stopped typing,
  /// and would rather have the whole text than the beginning of it sooner.
  std::chrono::milliseconds waits{0};

  /// Ghost text begins at the cursor where nothing before it is to change. The client draws over what follows the
  /// cursor if the range is not empty.
  bool range_from_cursor = false;

  /// `selectedCompletionInfo` tells the visual selection, and no entry of a list: it is ignored.
  bool selection_is_no_entry = false;

  /// Entries of the list are inserted by `insertText` (without it, by their label); `textEdit` is not read by all of its
  /// versions.
  bool wants_insert_text = false;
};

constexpr std::chrono::milliseconds kRested{1000};

/// All rows but the one of everybody else.
std::span<const ClientQuirks> client_quirks();

/// The row of a client; of one that is not in the table, or that gives no name, the row without quirks.
const ClientQuirks& quirks_of(std::string_view client_name);

}  // namespace lacuna::server
