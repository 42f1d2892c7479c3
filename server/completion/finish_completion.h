/// finish_completion: from the raw text of a model to what is offered, or to the reason why nothing is.
///
/// Pure; made for worker threads: it may parse several times.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/completion/typed_through_cache.h"
#include "server/snapshot.h"
#include "syntax/completion_context.h"

namespace lacuna::server {

struct FinishOptions {
  int max_lines = 3;  ///< unless an empty block is completed
  std::chrono::milliseconds budget{
      150};  ///< for the reparses of a text; what could not be checked in it is not offered
};

/// `generated` was written for a cursor at `offset` of the snapshot and has its line ends. `context` is empty for a
/// snapshot without a tree; then one line is taken as it is.
Suggestion finish_completion(const Snapshot& snapshot, uint32_t offset,
                             const std::optional<syntax::CompletionContext>& context, const std::string& generated,
                             const FinishOptions& options);

/// One of several texts for the same cursor.
struct Draft {
  std::string generated{};
  double log_probability = 0;  ///< of its first line
  double certainty = 1;        ///< see Suggestion
};

/// Finishes all of them: those that leave fewer syntax errors first; of equals the first draft, then the likelier ones.
/// (Putting a likelier one before the first draft was measured: it is right no more often.) Equal offers are made once.
/// Silent ones are left out, unless all are: then the first draft's is the only one. Never empty for one draft or more.
std::vector<Suggestion> finish_drafts(const Snapshot& snapshot, uint32_t offset,
                                      const std::optional<syntax::CompletionContext>& context,
                                      const std::vector<Draft>& drafts, const FinishOptions& options);

/// Does the document have no syntax error once the draft's offer is in it? Also true where there is no tree to tell.
bool leaves_no_error(const Snapshot& snapshot, uint32_t offset, const std::optional<syntax::CompletionContext>& context,
                     const Draft& draft, const FinishOptions& options);

}  // namespace lacuna::server
