/// Foresight: where a client is going to ask for ghost text once a change has arrived.
///
/// Some clients wait before they ask (VS Code 50 ms, Neovim 200 ms), though the change tells already where it will be:
/// behind what was typed at the place of the request before. Who has not asked unprompted is not expected to, and
/// neither is who has left many changes in a row without a request. Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/lsp/text_changes.h"
#include "server/snapshot.h"

namespace lacuna::server {

class Foresight {
 public:
  /// The client has asked, unprompted, with the cursor at `offset`.
  void asked(const std::string& uri, uint32_t offset);
  /// The cursor of the request that is to be expected now that `edits` have led to `snapshot`; none if nothing was
  /// typed at the cursor.
  std::optional<uint32_t> after(const Snapshot& snapshot, const Edits& edits);
  void forget(const std::string& uri) { cursors_.erase(uri); }

 private:
  struct Cursor {
    uint32_t offset;
    int unanswered;  ///< changes since the last request
  };
  std::unordered_map<std::string, Cursor> cursors_;  ///< by document
};

}  // namespace lacuna::server
