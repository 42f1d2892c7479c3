/// What we need of tree-sitter beyond its public interface, as plain C functions: the parse tables, the hidden leaves
/// of a tree, and its recovery cost. The library's internal headers change with every release and are not C++, so one C
/// file (tree_sitter_internals.c) includes them and the rest of syntax/ sees only this. All functions are pure reads;
/// any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tree_sitter/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { LACUNA_SHIFT, LACUNA_REDUCE, LACUNA_ACCEPT, LACUNA_RECOVER } LacunaActionType;

typedef struct {
  LacunaActionType type;
  TSStateId state;      ///< shift: the state after it
  bool extra;           ///< shift: a comment or the like, the state stays
  bool repetition;      ///< shift: inside a repeat; the parser ignores it
  TSSymbol symbol;      ///< reduce: the symbol built
  uint8_t child_count;  ///< reduce: the number of states popped
} LacunaAction;

/// The actions of `state` on the terminal `symbol`: writes at most `capacity`, returns how many there are.
size_t lacuna_ts_actions(const TSLanguage* language, TSStateId state, TSSymbol symbol, LacunaAction* out,
                         size_t capacity);
/// The state after a reduction to the non-terminal `symbol` uncovered `state`; 0 if there is none.
TSStateId lacuna_ts_goto(const TSLanguage* language, TSStateId state, TSSymbol symbol);
/// The terminals with an action in `state`, external ones too: writes at most `capacity`, returns how many there are.
size_t lacuna_ts_lookaheads(const TSLanguage* language, TSStateId state, TSSymbol* out, size_t capacity);

uint32_t lacuna_ts_token_count(const TSLanguage* language);            ///< terminals are the symbols below this
uint32_t lacuna_ts_external_token_count(const TSLanguage* language);   ///< those that the grammar's own scanner makes
TSSymbol lacuna_ts_keyword_capture_token(const TSLanguage* language);  ///< the word token; 0 if the grammar has none
bool lacuna_ts_is_reserved_word(const TSLanguage* language, TSStateId state, TSSymbol symbol);
/// True for the states that lex nothing: they begin non-terminal extras.
bool lacuna_ts_lexes_nothing(const TSLanguage* language, TSStateId state);

typedef struct {
  TSSymbol symbol;  ///< not aliased
  TSStateId state;  ///< in which it was lexed, before reductions; 65535 where unknown
  uint32_t begin;   ///< bytes, without the blanks before it
  uint32_t end;
  bool visible;  ///< hidden: automatic semicolons, newlines, indents
  bool extra;
  bool missing;
  bool keyword;
  bool error;     ///< bytes that no token matches
  bool in_error;  ///< below an ERROR node
} LacunaLeaf;

/// Visits the leaves of the tree in order, hidden ones too, until `visit` returns false.
void lacuna_ts_leaves(const TSTree* tree, bool (*visit)(void* payload, const LacunaLeaf* leaf), void* payload);

/// tree-sitter's own price of the recoveries in the whole tree; 0 exactly when it has no errors.
uint32_t lacuna_ts_error_cost(const TSTree* tree);

#ifdef __cplusplus
}
#endif
