/// The generators of repairs: each proposes changes of one kind to a search, the likely ones first, within its own
/// bounds.
#pragma once

#include <string_view>

#include "syntax/repair_search.h"

namespace lacuna::syntax {

/// Stands for whatever name could be written somewhere.
inline constexpr std::string_view any_name = "x";

/// One token inserted, removed or exchanged near the failure.
void propose_tokens(RepairSearch& search);
/// Openers and closers anywhere between the failure and what it may belong to, led by indentation.
void propose_brackets(RepairSearch& search);
/// Quotes that are missing or too many on the lines before the failure.
void propose_quotes(RepairSearch& search);
/// Misspelt keywords, and words that lost what stood between them.
void propose_words(RepairSearch& search);
/// Lines: indentation, doubled lines, marks that a merge left behind.
void propose_lines(RepairSearch& search);

/// All of them, for a search that has found a failure.
std::vector<Candidate> all_candidates(RepairSearch& search);

/// `token` put before lexeme `boundary` (the number of lexemes: at the end), spaced as people space it.
TextChange placed(const RepairSearch& search, size_t boundary, std::string_view token);
/// Lexeme `lexeme` taken out, with the blanks that only it needed.
TextChange removed(const RepairSearch& search, size_t lexeme);

/// A comment on a line of its own that stands one or two columns deeper than the code before it: the sign that the
/// token which it stood behind was lost (`}  // namespace`).
bool is_remark(std::string_view text, const Lexeme& comment, const Lexeme* before);

}  // namespace lacuna::syntax
