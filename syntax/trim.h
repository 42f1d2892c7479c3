/// Where a completion ends: the statement, the block, or the last place at which it does no harm.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "syntax/completion_context.h"
#include "syntax/syntax_tree.h"

namespace lacuna::syntax {

/// Decides while tokens arrive whether to go on. Belongs to one request; holds its own snapshot; used by one thread.
class CompletionStop {
 public:
  /// `text` is the document; the completion goes in at `offset`. `budget` is for the reparses of the whole generation.
  CompletionStop(const SyntaxTree& tree, std::shared_ptr<const std::string> text, uint32_t offset,
                 const CompletionContext& context, std::chrono::milliseconds budget = std::chrono::milliseconds(100));
  ~CompletionStop();
  /// True once more text cannot improve the completion. Cheap: works on line ends only.
  bool complete(std::string_view generated);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Trimmed {
  std::string text;  ///< what to insert; empty: nothing worth it
  uint32_t replace_after =
      0;  ///< bytes right of the cursor (closers, same line) that `text` repeats: extend the range over them
  std::string remainder;  ///< generated, cut off here, usable for a later request
  const char* reason =
      nullptr;  ///< why it is empty: "would break the parse", "repeats the next line", "nothing generated"
};

/// Cuts `generated` at its statement or block, removes what repeats the text after the cursor, and shrinks it to the
/// longest part that leaves the file with no more errors than it had (counting closers that the completion still owes).
/// Reparses within `budget`; once it is spent, what was not measured counts as harmful. Pure; any thread.
Trimmed trim_completion(const SyntaxTree& tree, std::string_view text, uint32_t offset,
                        const CompletionContext& context, std::string_view generated,
                        std::chrono::milliseconds budget = std::chrono::milliseconds(150));

}  // namespace lacuna::syntax
