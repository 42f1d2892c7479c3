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
  /// The last lexeme before another one, which is not the first, that is no comment.
  size_t before(size_t lexeme) const;
};

/// At most `max_errors`, in the order of the text, each with its cure. A text that began with errors is looked at more
/// closely: whoever made one slip may have made two, and a guess that would be an impertinence elsewhere is a help
/// there. Nothing for a tree with errors, and for texts over 1 MiB.
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

// The checks of a text that began with errors: likely, but not certain. What they find is parsed with its cure before
// it is told.

/// Two names that lost the `.` or `::` between them, where the file has both, and the first before such a mark.
void find_joined_names(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// A word written once that is one slip from a word which the grammar knows, and is taken for that one if it is put
/// there as elsewhere in the file.
void find_likely_keywords(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// The few statements without their semicolons (JavaScript, TypeScript).
void find_lost_statement_ends(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// The only list over several lines without a comma behind its last element.
void find_unusual_last_elements(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// Two neighbours in a list that the grammar reads as one: strings that are joined, a sign that became an operator.
void find_lost_commas(const AcceptedText& accepted, std::vector<SyntaxError>& errors);
/// A line of a Python docstring left of its quotes, and the only line of a block that is indented by an unusual step.
void find_unusual_indentation(const AcceptedText& accepted, std::vector<SyntaxError>& errors);

/// `mark` is missing behind lexeme `before`.
SyntaxError lost_mark(const AcceptedText& accepted, size_t before, std::string_view mark);

/// Of things of one kind: how many end in a mark, and the last lexemes of those that do not.
struct MarkedEnds {
  int closed = 0;
  std::vector<size_t> open;

  /// Tells of the only one without the mark, or of up to `most`, if `enough` for each of them have it.
  void tell(const AcceptedText& accepted, int enough, std::string_view mark, std::vector<SyntaxError>& errors,
            size_t most = 1) const;
};

}  // namespace lacuna::syntax
