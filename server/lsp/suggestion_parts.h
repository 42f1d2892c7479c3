/// SuggestionParts: `lacuna.nextPart`, the next word, line or syntax node of the suggestion that a document shows.
///
/// Loop thread only; a node's tree is parsed on a worker. Editors insert what this answers; their next request is then
/// answered from what was typed through, so the rest stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/completion/completion_service.h"
#include "server/lsp/documents.h"
#include "server/scheduler.h"
#include "syntax/next_part.h"

namespace lacuna::server {

class SuggestionParts {
 public:
  using OnPart = std::function<void(std::optional<TextEdit>)>;

  SuggestionParts(Scheduler& scheduler, const DocumentStore& documents)
      : scheduler_(scheduler), documents_(documents) {}

  /// `snapshot` is what `item` was made for.
  void offered(const SnapshotPointer& snapshot, const CompletionItem& item);
  void forget(const std::string& uri) { offers_.erase(uri); }

  /// The edit that takes over the next part at `position`; nothing if no suggestion goes on there. `reply` is called
  /// once, possibly later; the edit is of the text as it is then, and nothing if the text changed meanwhile.
  void next(const std::string& uri, Position position, syntax::PartUnit unit, OnPart reply);

 private:
  struct Offer {
    SnapshotPointer snapshot;
    CompletionItem item;
    bool started = false;  ///< it is the rest of the suggestion before
  };
  /// What is left of a suggestion: the text with all of it in place, and where the rest is in it.
  struct Rest {
    std::string completed;
    syntax::ByteRange range;
    uint32_t replaced = 0;  ///< bytes behind the cursor that the whole suggestion replaces
    bool started = false;
  };

  static std::optional<Rest> rest_of(const Offer& offer, const Snapshot& now, uint32_t cursor);

  Scheduler& scheduler_;
  const DocumentStore& documents_;
  std::unordered_map<std::string, Offer> offers_;  ///< by document
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lacuna::server
