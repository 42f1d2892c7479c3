#include "syntax/grammar_lexer.h"

#include <stdlib.h>
#include <string.h>

// In angle brackets: syntax/ has a language.h of its own.
#include <language.h>

struct LacunaLexer {
  TSLexer base;  // first: the grammar hands it back to our callbacks
  const TSLanguage* language;
  void* scanner;
  const char* text;
  uint32_t size;
  uint32_t position;
  uint32_t width;  // bytes of the character at `position`
  uint32_t token_begin;
  uint32_t token_end;
  bool ended;  // token_end is set
  char state[TREE_SITTER_SERIALIZATION_BUFFER_SIZE];
};

static uint32_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// Sets lookahead and width from the text at `position`. A byte that begins no character is -1, as in tree-sitter.
static void load_character(LacunaLexer* self) {
  self->width = 1;
  if (self->position >= self->size) {
    self->base.lookahead = 0;
    return;
  }
  const unsigned char* at = (const unsigned char*)self->text + self->position;
  uint32_t length = sequence_length(*at);
  self->base.lookahead = -1;
  if (length == 0 || length > self->size - self->position) return;
  static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  int32_t code_point = *at & lead_mask[length];
  for (uint32_t i = 1; i < length; i++) {
    if ((at[i] & 0xC0) != 0x80) return;
    code_point = (code_point << 6) | (at[i] & 0x3F);
  }
  self->base.lookahead = code_point;
  self->width = length;
}

static void go_to(LacunaLexer* self, uint32_t position) {
  self->position = position;
  load_character(self);
}

static void advance(TSLexer* base, bool skip) {
  LacunaLexer* self = (LacunaLexer*)base;
  if (self->position < self->size) go_to(self, self->position + self->width);
  if (skip) self->token_begin = self->position;
}

static void mark_end(TSLexer* base) {
  LacunaLexer* self = (LacunaLexer*)base;
  self->token_end = self->position;
  self->ended = true;
}

static uint32_t get_column(TSLexer* base) {
  LacunaLexer* self = (LacunaLexer*)base;
  uint32_t begin = self->position;
  while (begin > 0 && self->text[begin - 1] != '\n') begin--;
  uint32_t column = 0;
  for (uint32_t i = begin; i < self->position; i++) column += ((unsigned char)self->text[i] & 0xC0) != 0x80;
  return column;
}

static bool is_at_included_range_start(const TSLexer* base) {
  (void)base;  // the whole text is one range
  return false;
}

static bool at_end(const TSLexer* base) {
  const LacunaLexer* self = (const LacunaLexer*)base;
  return self->position >= self->size;
}

static void log_nothing(const TSLexer* base, const char* format, ...) {
  (void)base;
  (void)format;
}

static void start_token(LacunaLexer* self, uint32_t position) {
  go_to(self, position);
  self->token_begin = position;
  self->ended = false;
  self->base.result_symbol = 0;
  if (position == 0 && self->base.lookahead == 0xFEFF) advance(&self->base, true);  // a byte order mark is blank
}

static void finish_token(LacunaLexer* self) {
  if (!self->ended) mark_end(&self->base);
  if (self->token_end < self->token_begin) self->token_begin = self->token_end;
}

// tree-sitter ignores an empty token of the scanner that changes neither its state nor the parser's: it would come
// forever.
static bool repeats_itself(LacunaLexer* self, uint32_t position, TSStateId state, LacunaScannerState old,
                           uint32_t new_size) {
  if (self->token_end > position) return false;
  if (old.size != new_size || memcmp(old.bytes, self->state, new_size) != 0) return false;
  TSSymbol symbol = self->language->external_scanner.symbol_map[self->base.result_symbol];
  return ts_language_next_state(self->language, state, symbol) == state;
}

static bool scan_external(LacunaLexer* self, uint32_t position, TSStateId state, TSLexerMode mode,
                          LacunaScannerState scanner, LacunaToken* token) {
  const TSLanguage* language = self->language;
  start_token(self, position);
  language->external_scanner.deserialize(self->scanner, scanner.bytes, scanner.size);
  const bool* valid = ts_language_enabled_external_tokens(language, mode.external_lex_state);
  if (!language->external_scanner.scan(self->scanner, &self->base, valid)) return false;
  finish_token(self);
  uint32_t size = language->external_scanner.serialize(self->scanner, self->state);
  if (repeats_itself(self, position, state, scanner, size)) return false;
  *token = (LacunaToken){.symbol = language->external_scanner.symbol_map[self->base.result_symbol],
                         .begin = self->token_begin,
                         .end = self->token_end,
                         .external = true,
                         .scanner = {self->state, size}};
  return true;
}

// A word is a keyword only where the parse state wants that keyword, or reserves it.
static void recognise_keyword(LacunaLexer* self, TSStateId state, LacunaToken* token) {
  const TSLanguage* language = self->language;
  if (token->symbol != language->keyword_capture_token || token->symbol == 0) return;
  start_token(self, token->begin);
  bool found = language->keyword_lex_fn(&self->base, 0);
  finish_token(self);
  TSSymbol keyword = self->base.result_symbol;
  if (!found || self->token_end != token->end) return;
  token->keyword = true;
  if (ts_language_has_actions(language, state, keyword) || ts_language_is_reserved_word(language, state, keyword)) {
    token->symbol = keyword;
  }
}

LacunaLexer* lacuna_lexer_new(const TSLanguage* language) {
  LacunaLexer* self = calloc(1, sizeof(LacunaLexer));
  if (self == NULL) abort();
  self->base.advance = advance;
  self->base.mark_end = mark_end;
  self->base.get_column = get_column;
  self->base.is_at_included_range_start = is_at_included_range_start;
  self->base.eof = at_end;
  self->base.log = log_nothing;
  self->language = language;
  self->text = "";
  if (language->external_scanner.states != NULL && language->external_scanner.create != NULL) {
    self->scanner = language->external_scanner.create();
  }
  return self;
}

void lacuna_lexer_delete(LacunaLexer* self) {
  if (self == NULL) return;
  if (self->scanner != NULL && self->language->external_scanner.destroy != NULL) {
    self->language->external_scanner.destroy(self->scanner);
  }
  free(self);
}

void lacuna_lexer_set_text(LacunaLexer* self, const char* text, uint32_t size) {
  self->text = text;
  self->size = size;
}

bool lacuna_lexer_next(LacunaLexer* self, uint32_t position, TSStateId state, LacunaScannerState scanner,
                       LacunaToken* token) {
  TSLexerMode mode = ts_language_lex_mode_for_state(self->language, state);
  if (mode.external_lex_state != 0 && scan_external(self, position, state, mode, scanner, token)) return true;
  start_token(self, position);
  if (!self->language->lex_fn(&self->base, mode.lex_state)) {
    // tree-sitter then lexes as it does between errors: the token may be one that a keyword rule turns into a valid
    // one.
    start_token(self, position);
    mode = ts_language_lex_mode_for_state(self->language, 0);
    if (!self->language->lex_fn(&self->base, mode.lex_state)) return false;
  }
  finish_token(self);
  *token = (LacunaToken){.symbol = self->base.result_symbol, .begin = self->token_begin, .end = self->token_end};
  recognise_keyword(self, state, token);
  return true;
}
