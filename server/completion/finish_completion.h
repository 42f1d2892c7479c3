/// finish_completion: from the raw text of a model to what is offered, or to the reason why nothing is.
///
/// Pure; made for worker threads: it may parse several times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/completion/typed_through_cache.h"
#include "server/snapshot.h"
#include "syntax/completion_context.h"

namespace lacuna::server {

/// `generated` was written for a cursor at `offset` of the snapshot and has its line ends. `context` is empty for a snapshot
/// without a tree; then one line is taken as it is.
Suggestion finish_completion(const Snapshot& snapshot, uint32_t offset,
                             const std::optional<syntax::CompletionContext>& context, std::string generated, int max_lines);

}  // namespace lacuna::server
