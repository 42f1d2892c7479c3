/// The lexer of a tree-sitter grammar, one token at a time, at any place of a text and in any parse state.
///
/// tree-sitter lexes only inside a whole parse. A stack simulator wants the very token that the parser would see in a
/// state of its own choosing, so this drives the grammar's generated lexer and its external scanner directly, in the
/// way of the library's parser.c. Plain C, because it includes the library's internal headers. One lexer belongs to one
/// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tree_sitter/api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct LacunaLexer LacunaLexer;

typedef struct {
  const char* bytes;
  uint32_t size;
} LacunaScannerState;

typedef struct {
  TSSymbol symbol;
  uint32_t begin;  ///< bytes, without the blanks before it
  uint32_t end;
  bool keyword;   ///< a word that the keyword lexer knows; `symbol` is then the keyword
  bool external;  ///< made by the grammar's scanner: `scanner` is its state now, until the next call
  LacunaScannerState scanner;
} LacunaToken;

LacunaLexer* lacuna_lexer_new(const TSLanguage* language);
void lacuna_lexer_delete(LacunaLexer* lexer);

/// The text of the next calls; not copied.
void lacuna_lexer_set_text(LacunaLexer* lexer, const char* text, uint32_t size);

/// The token after `position` in `state`, with the external scanner in the state `scanner` (empty at the start of a
/// text). False if no token of the grammar begins there. At the end of the text the token is the symbol 0, unless a
/// zero-width external token comes first.
bool lacuna_lexer_next(LacunaLexer* lexer, uint32_t position, TSStateId state, LacunaScannerState scanner,
                       LacunaToken* token);

#ifdef __cplusplus
}
#endif
