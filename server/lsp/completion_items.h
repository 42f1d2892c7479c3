/// Answers of the completion service as items of LSP. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/completion_service.h"
#include "server/lsp/client_capabilities.h"
#include "server/lsp/documents.h"
#include "server/lsp/json.h"

namespace lacuna::server {

/// The entry of an editor's suggestion list that is selected while ghost text is asked for, in bytes of the real text.
/// The ghost text must begin with `text` and replace from `range.begin`.
struct SelectedEntry {
  syntax::ByteRange range;
  std::string text;
};

/// The document as if the entry had been chosen, without a tree, and the cursor in it.
struct PreviewedText {
  std::shared_ptr<const std::string> text;
  uint32_t offset = 0;
  syntax::Edit edit;
};
PreviewedText preview(const Snapshot& snapshot, const SelectedEntry& entry);

/// An item of the previewed text as one of the real text; nothing if it does not extend the entry.
std::optional<CompletionItem> item_for_entry(const CompletionItem& item, std::string_view previewed,
                                             const SelectedEntry& entry);

/// InlineCompletionItem. Applying it is reported by the command lacuna.didAccept with `id`.
Json inline_item_json(const DocumentStore& documents, const std::string& uri, const CompletionItem& item, uint64_t id);

/// The item without the part of its text that stands between the begin of its range and the cursor. The item itself if
/// it changes what stands there.
CompletionItem from_cursor(const CompletionItem& item, const Snapshot& snapshot, uint32_t cursor);

/// CompletionItem of textDocument/completion.
Json list_item_json(const DocumentStore& documents, const Snapshot& snapshot, const CompletionItem& item, uint64_t id,
                    const ClientCapabilities& client);

}  // namespace lacuna::server
