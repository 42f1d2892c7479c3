#include "syntax/trim.h"

#include <algorithm>
#include <array>
#include <vector>

#include "syntax/brackets.h"
#include "syntax/code_scan.h"
#include "syntax/insertion.h"
#include "syntax/natural_end.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr std::chrono::milliseconds trim_budget{150};

/// One way to insert a part of what was generated.
struct Cut {
  std::string text;
  uint32_t end = 0;            ///< in the generated text
  uint32_t replace_after = 0;
  int errors = Insertion::unknown;
};

class Trimmer {
 public:
  Trimmer(const SyntaxTree& tree, std::string_view text, uint32_t offset, const CompletionContext& context,
          std::string_view generated)
      : language_(tree.language()),
        text_(text),
        offset_(offset),
        context_(context),
        insertion_(tree, text, offset, trim_budget),
        rest_(slice(text, {offset, context.line.end})) {
    skipped_ = repeated_indentation(generated);
    generated_ = generated.substr(skipped_);
  }

  Trimmed run() {
    NaturalEnd natural = natural_end(language_, text_, offset_, context_, generated_,
                                     [this](uint32_t end) { return is_sound(end); });
    if (natural.end == 0 && natural.closed_end == 0) return silence("nothing generated");
    Cut best = measured(natural.end);
    if (natural.closed_end > natural.end) improve(best, measured(natural.closed_end));
    if (best.errors > 0) {
      for (uint32_t end : other_ends(natural)) improve(best, measured(end));
    }
    if (best.text.empty()) return silence("nothing generated");
    if (best.errors > insertion_.errors_before()) return silence("would break the parse");
    if (repeats_next_line(best.text)) return silence("repeats the next line");
    return {best.text, best.replace_after, std::string(generated_.substr(best.end)), nullptr};
  }

 private:
  Trimmed silence(const char* reason) const { return {"", 0, std::string(generated_), reason}; }

  bool is_sound(uint32_t end) const {
    int errors = insertion_.errors_with(generated_.substr(0, end));
    return errors == 0 || errors < insertion_.errors_before();
  }

  static void improve(Cut& best, Cut cut) {
    if (!cut.text.empty() && cut.errors < best.errors) best = std::move(cut);
  }

  /// The blanks that the cursor's line has already and the model wrote again.
  size_t repeated_indentation(std::string_view generated) const {
    if (!context_.line_blank_before || context_.indentation.empty()) return 0;
    return generated.starts_with(context_.indentation) ? context_.indentation.size() : 0;
  }

  /// The best way to insert generated_[0, end) before the rest of the line.
  Cut measured(uint32_t end) const {
    std::string_view part = generated_.substr(0, end);
    if (context_.in_empty_block && !context_.line_blank_after && context_.line_blank_before) return before_closing_line(part, end);
    Cut best{std::string(part), end, 0, insertion_.errors_with(part)};
    if (context_.line_blank_after) return best;
    if (size_t repeated = repeated_rest(part); repeated > 0) {
      std::string_view shorter = part.substr(0, part.size() - repeated);
      Cut cut{std::string(shorter), end, 0, insertion_.errors_with(shorter)};
      if (cut.errors <= best.errors) best = cut;
    }
    for (uint32_t bytes : repeated_closers(part)) {
      Cut cut{std::string(part), end, bytes, insertion_.errors_with(part, bytes)};
      if (cut.errors < best.errors) best = cut;
    }
    return best;
  }

  /// The cursor stands before the brace that closes the block, on the brace's line: the body needs a line end behind it.
  Cut before_closing_line(std::string_view part, uint32_t end) const {
    if (part.empty()) return {};
    std::string with_end(part);
    with_end += text_.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
    int errors = insertion_.errors_with(with_end);
    return {std::move(with_end), end, 0, errors};
  }

  /// Bytes at the end of `part` that the rest of the line begins with.
  size_t repeated_rest(std::string_view part) const {
    for (size_t size = std::min(part.size(), rest_.size()); size > 0; size--)
      if (part.ends_with(rest_.substr(0, size))) return size;
    return 0;
  }

  /// Lengths of the beginnings of the rest of the line that are closers which `part` writes too.
  std::vector<uint32_t> repeated_closers(std::string_view part) const {
    std::vector<uint32_t> lengths;
    size_t from = 0;
    for (size_t i = 0; i < rest_.size(); i++) {
      if (is_blank(rest_[i])) continue;
      if (std::string_view(")]}\"'`;,").find(rest_[i]) == std::string_view::npos) break;
      size_t found = part.find(rest_[i], from);
      if (found == std::string_view::npos) break;
      from = found + 1;
      lengths.push_back(static_cast<uint32_t>(i + 1));
    }
    return lengths;
  }

  /// Other places to cut, the longest first: line ends, and the token ends of the first line.
  std::vector<uint32_t> other_ends(const NaturalEnd& natural) const {
    constexpr size_t most = 32;
    std::vector<uint32_t> ends;
    CodeScan scan = scan_code(language_, generated_);
    int num_lines = context_.in_empty_block ? max_block_lines : max_open_lines;
    for (const CodeScan::LineEnd& mark : scan.line_ends) {
      bool allowed = context_.line_blank_after || context_.in_empty_block;
      if (allowed && num_lines-- > 0 && mark.offset != natural.end && mark.offset > 0) ends.push_back(mark.offset);
    }
    for (uint32_t end : scan.token_ends)
      if (end < natural.end) ends.push_back(end);
    std::sort(ends.rbegin(), ends.rend());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    if (ends.size() > most) ends.resize(most);
    return ends;
  }

  /// A whole new line that says what the next one says.
  bool repeats_next_line(std::string_view inserted) const {
    if (!context_.line_blank_before || !context_.line_blank_after) return false;
    uint32_t next = context_.line.end;
    while (next < text_.size() && is_space(text_[next])) next++;
    if (next >= text_.size()) return false;
    std::string_view line = without_trailing_blanks(slice(text_, {next, line_at(text_, next).end}));
    constexpr size_t telling = 4;  // shorter ones, `}` or `end`, repeat in good code
    return line.size() >= telling && line == without_trailing_blanks(inserted);
  }

  const Language& language_;
  std::string_view text_;
  uint32_t offset_;
  const CompletionContext& context_;
  Insertion insertion_;
  std::string_view rest_;  ///< of the cursor's line
  size_t skipped_ = 0;
  std::string_view generated_;
};

}  // namespace

Trimmed trim_completion(const SyntaxTree& tree, std::string_view text, uint32_t offset, const CompletionContext& context,
                        std::string_view generated) {
  return Trimmer(tree, text, offset, context, generated).run();
}

}  // namespace lacuna::syntax
