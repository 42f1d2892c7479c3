# The part of lacuna_syntax that mends broken text: the stack simulator and what stands on it.
target_sources(lacuna_syntax PRIVATE
  bracket_suspects.cpp
  grammar_lexer.c
  lexeme_ngrams.cpp
  lexemes.cpp
  macro_doubt.cpp
  mended_text.cpp
  parse_stack.cpp
  repair.cpp
  repair_brackets.cpp
  repair_features.cpp
  repair_holes.cpp
  repair_layout.cpp
  repair_lines.cpp
  repair_quotes.cpp
  repair_ranker.cpp
  repair_search.cpp
  repair_title.cpp
  repair_tokens.cpp
  repair_verifier.cpp
  repair_weights.cpp
  repair_window.cpp
  repair_words.cpp
  silent_endings.cpp
  silent_errors.cpp
  silent_habits.cpp
  silent_indentation.cpp
  silent_keywords.cpp
  silent_names.cpp
  silent_neighbours.cpp
  word_distance.cpp)
set_source_files_properties(grammar_lexer.c PROPERTIES COMPILE_OPTIONS "-isystem;${TREE_SITTER_INTERNAL_HEADERS}")
