/// Errors that a grammar lets pass although no compiler does.
///
/// tree-sitter's grammars are more generous than the languages: `reutrn x;` declares an x of type reutrn, Python may
/// indent wherever it likes, and in a macro's arguments everything goes. What is looked for here shows in texts that
/// parse, so each check must be as good as certain: it looks for the trace that a small slip leaves, and is silent
/// where the same could have been meant.
#pragma once

#include <string_view>
#include <vector>

#include "syntax/diagnose.h"
#include "syntax/lexemes.h"

namespace lacuna::syntax {

/// A text that its grammar accepts.
struct AcceptedText {
  const SyntaxTree& tree;
  std::string_view text;
  std::vector<Lexeme> lexemes;

  std::string_view text_of(size_t lexeme) const;
};

/// At most `max_errors`, in the order of the text, each with its cure. Nothing for a tree with errors, and for texts
/// over 1 MiB.
std::vector<SyntaxError> silent_errors(const SyntaxTree& tree, std::string_view text, size_t max_errors);

// The checks, one kind of slip each.

/// A keyword with two letters swapped, or one lost, doubled or mistyped, that now reads as a name.
void find_misspelt_keywords(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// A line that is indented deeper than the one before it, which opens no block, or that falls back to a depth that no
/// open block has.
void find_wrong_indentation(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// Go ends a statement at the end of a line: the last of several elements on lines of their own needs its comma.
void find_lost_last_commas(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// A mark that stands at every other such place of the file, where the grammar asks for none.
void find_broken_habits(const AcceptedText& accepted, std::vector<SyntaxError>& errors);

}  // namespace lacuna::syntax
