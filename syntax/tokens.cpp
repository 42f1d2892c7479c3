#include "syntax/tokens.h"

#include <algorithm>

#include "syntax/tree_sitter_internals.h"

namespace lacuna::syntax {

std::vector<Token> tokens_of(const SyntaxTree& tree) {
  std::vector<Token> tokens;
  auto add = [](void* payload, const LacunaLeaf* leaf) {
    static_cast<std::vector<Token>*>(payload)->push_back({{leaf->begin, leaf->end},
                                                          leaf->symbol,
                                                          leaf->state,
                                                          leaf->visible,
                                                          leaf->extra,
                                                          leaf->missing,
                                                          leaf->error,
                                                          leaf->in_error});
    return true;
  };
  lacuna_ts_leaves(tree.raw(), add, &tokens);
  return tokens;
}

size_t first_token_at(const std::vector<Token>& tokens, uint32_t offset) {
  auto found = std::partition_point(tokens.begin(), tokens.end(),
                                    [offset](const Token& token) { return token.range.begin < offset; });
  return static_cast<size_t>(found - tokens.begin());
}

}  // namespace lacuna::syntax
