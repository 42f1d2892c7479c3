#include "syntax/tree_sitter_internals.h"

// In angle brackets: syntax/ has a language.h of its own.
#include <language.h>
#include <subtree.h>
#include <tree.h>

static LacunaAction plain_action(const TSParseAction* action) {
  LacunaAction plain = {.type = LACUNA_RECOVER};
  switch (action->type) {
    case TSParseActionTypeShift:
      plain.type = LACUNA_SHIFT;
      plain.state = action->shift.state;
      plain.extra = action->shift.extra;
      plain.repetition = action->shift.repetition;
      break;
    case TSParseActionTypeReduce:
      plain.type = LACUNA_REDUCE;
      plain.symbol = action->reduce.symbol;
      plain.child_count = action->reduce.child_count;
      break;
    case TSParseActionTypeAccept:
      plain.type = LACUNA_ACCEPT;
      break;
    default:
      break;
  }
  return plain;
}

size_t lacuna_ts_actions(const TSLanguage* language, TSStateId state, TSSymbol symbol, LacunaAction* out,
                         size_t capacity) {
  uint32_t count = 0;
  const TSParseAction* actions = ts_language_actions(language, state, symbol, &count);
  for (uint32_t i = 0; i < count && i < capacity; i++) out[i] = plain_action(&actions[i]);
  return count;
}

TSStateId lacuna_ts_goto(const TSLanguage* language, TSStateId state, TSSymbol symbol) {
  return symbol < language->token_count ? 0 : ts_language_lookup(language, state, symbol);
}

size_t lacuna_ts_lookaheads(const TSLanguage* language, TSStateId state, TSSymbol* out, size_t capacity) {
  if (state >= language->state_count) return 0;
  size_t count = 0;
  LookaheadIterator iterator = ts_language_lookaheads(language, state);
  while (ts_lookahead_iterator__next(&iterator)) {
    if (iterator.symbol >= language->token_count || iterator.action_count == 0) continue;
    if (count < capacity) out[count] = iterator.symbol;
    count++;
  }
  return count;
}

uint32_t lacuna_ts_token_count(const TSLanguage* language) {
  return language->token_count;
}

uint32_t lacuna_ts_external_token_count(const TSLanguage* language) {
  return language->external_token_count;
}

TSSymbol lacuna_ts_keyword_capture_token(const TSLanguage* language) {
  return language->keyword_capture_token;
}

bool lacuna_ts_is_reserved_word(const TSLanguage* language, TSStateId state, TSSymbol symbol) {
  return ts_language_is_reserved_word(language, state, symbol);
}

bool lacuna_ts_lexes_nothing(const TSLanguage* language, TSStateId state) {
  return state < language->state_count && ts_language_lex_mode_for_state(language, state).lex_state == (uint16_t)-1;
}

static LacunaLeaf plain_leaf(Subtree tree, uint32_t begin, bool in_error) {
  LacunaLeaf leaf = {
      .symbol = ts_subtree_symbol(tree),
      .state = ts_subtree_parse_state(tree),
      .begin = begin,
      .end = begin + ts_subtree_size(tree).bytes,
      .visible = ts_subtree_visible(tree),
      .extra = ts_subtree_extra(tree),
      .missing = ts_subtree_missing(tree),
      .keyword = ts_subtree_is_keyword(tree),
      .error = ts_subtree_is_error(tree),
      .in_error = in_error,
  };
  return leaf;
}

typedef struct {
  Subtree tree;
  uint32_t begin;  // of its padding
  uint32_t child;
  bool in_error;
} Level;

void lacuna_ts_leaves(const TSTree* tree, bool (*visit)(void* payload, const LacunaLeaf* leaf), void* payload) {
  Array(Level) stack = array_new();
  Level root = {.tree = tree->root, .begin = 0, .child = 0, .in_error = false};
  array_push(&stack, root);
  while (stack.size > 0) {
    Level* top = array_back(&stack);
    if (ts_subtree_child_count(top->tree) == 0) {
      LacunaLeaf leaf = plain_leaf(top->tree, top->begin + ts_subtree_padding(top->tree).bytes, top->in_error);
      (void)array_pop(&stack);
      if (!visit(payload, &leaf)) break;
    } else if (top->child == ts_subtree_child_count(top->tree)) {
      (void)array_pop(&stack);
    } else {
      Level next = {.tree = ts_subtree_children(top->tree)[top->child++],
                    .begin = top->begin,
                    .child = 0,
                    .in_error = top->in_error || ts_subtree_is_error(top->tree)};
      top->begin += ts_subtree_total_bytes(next.tree);
      array_push(&stack, next);
    }
  }
  array_delete(&stack);
}

uint32_t lacuna_ts_error_cost(const TSTree* tree) {
  return ts_subtree_error_cost(tree->root);
}
