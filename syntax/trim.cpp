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

/// One way to insert a part of what was generated.
struct Cut {
  std::string text;
  uint32_t end = 0;  ///< in the generated text
  uint32_t replace_after = 0;
  int errors = Insertion::unknown;
};

class Trimmer {
 public:
  Trimmer(const SyntaxTree& tree, std::string_view text, uint32_t offset, const CompletionContext& context,
          std::string_view generated, std::chrono::milliseconds budget)
      : language_(tree.language()),
        text_(text),
        offset_(offset),
        context_(context),
        insertion_(tree, text, offset, budget),
        rest_(slice(text, {offset, context.line.end})) {
    generated_ = reindented(generated);
  }

  Trimmed run() {
    NaturalEnd natural =
        natural_end(language_, text_, offset_, context_, generated_, [this](uint32_t end) { return is_sound(end); });
    if (natural.end == 0 && natural.closed_end == 0) return silence("nothing generated");
    Cut best = best_cut(natural);
    if (best.text.empty()) return silence("nothing generated");
    if (best.errors > insertion_.errors_before()) return silence("would break the parse");
    if (repeats_next_line(best.text)) return silence("repeats the next line");
    return {best.text, best.replace_after, generated_.substr(best.end), nullptr};
  }

 private:
  Trimmed silence(const char* reason) const { return {"", 0, generated_, reason}; }

  bool is_sound(uint32_t end) {
    int errors = insertion_.errors_with(first_bytes(end));
    return errors == 0 || errors < insertion_.errors_before();
  }

  std::string_view first_bytes(uint32_t end) const { return std::string_view(generated_).substr(0, end); }

  /// The natural end unless another one does less harm.
  Cut best_cut(const NaturalEnd& natural) {
    Cut whole = measured(natural.end);
    if (natural.closed_end > natural.end) improve(whole, measured(natural.closed_end));
    if (whole.errors == 0) return whole;
    Cut best = whole;
    for (uint32_t end : other_ends(natural)) improve(best, measured(end));
    if (best.errors == 0 && !opens_last(whole)) return best;
    Cut closed = with_owed_closers(whole);
    if (closed.errors > best.errors || closed.errors >= whole.errors) return best;
    if (!opens_last(whole)) return closed;
    whole.errors = closed.errors;  // the user writes what stands between the brackets, and them
    return whole;
  }

  static void improve(Cut& best, Cut cut) {
    if (!cut.text.empty() && cut.errors < best.errors) best = std::move(cut);
  }

  /// One line that ends in an opening bracket: a header whose body is still to be written.
  bool opens_last(const Cut& cut) const {
    return context_.line_blank_after && !cut.text.empty() && is_opener(cut.text.back()) &&
           cut.text.find('\n') == std::string::npos;
  }

  /// `cut` with the brackets closed that the line and it leave open.
  Cut with_owed_closers(const Cut& cut) {
    if (!context_.line_blank_after) return {};
    std::string line(slice(text_, {context_.line.begin, offset_}));
    CodeScan scan = scan_code(language_, line + cut.text);
    Cut closed = cut;
    for (size_t i = scan.open.size(); i-- > 0;) {
      if (scan.open[i] == '{') closed.text += '\n';
      closed.text += partner_of(scan.open[i]);
    }
    closed.errors = scan.open.empty() ? Insertion::unknown : insertion_.errors_with(closed.text);
    return closed;
  }

  /// The cursor's line is indented already; models often indent it once more, and then all that follows as well.
  std::string reindented(std::string_view generated) const {
    size_t blanks = 0;
    while (blanks < generated.size() && (generated[blanks] == ' ' || generated[blanks] == '\t')) blanks++;
    if (!context_.line_blank_before || context_.indentation.empty() || blanks == 0) return std::string(generated);
    std::string_view extra = generated.substr(0, blanks);
    std::string result(generated.substr(blanks));
    if (extra == context_.indentation) return result;
    const std::string deeper = "\n" + context_.indentation + std::string(extra);
    for (size_t at = result.find(deeper); at != std::string::npos; at = result.find(deeper, at + 1)) {
      result.erase(at + deeper.size() - extra.size(), extra.size());
    }
    return result;
  }

  /// The best way to insert generated_[0, end) before the rest of the line.
  Cut measured(uint32_t end) {
    std::string_view part = first_bytes(end);
    if (context_.in_empty_block && !context_.line_blank_after && context_.line_blank_before)
      return before_closing_line(part, end);
    if (comments_rest_out(part)) return {};
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

  /// It would parse, and hide the code behind the cursor in a comment.
  bool comments_rest_out(std::string_view part) const {
    if (context_.line_blank_after || context_.in_comment || context_.in_string) return false;
    return scan_code(language_, part).kind == TextKind::comment;
  }

  /// The cursor stands before the brace that closes the block, on the brace's line: the body needs a line end behind
  /// it.
  Cut before_closing_line(std::string_view part, uint32_t end) {
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
    if (!context_.line_blank_after) return false;
    uint32_t next = context_.line.end;
    while (next < text_.size() && is_space(text_[next])) next++;
    if (next >= text_.size()) return false;
    const ByteRange line = line_at(text_, next);
    constexpr size_t telling = 4;  // shorter ones, `}` or `end`, repeat in good code
    if (context_.line_blank_before) {
      const std::string_view said = without_trailing_blanks(slice(text_, {next, line.end}));
      return said.size() >= telling && said == without_trailing_blanks(inserted);
    }
    return line.end - next >= telling && begins(without_trailing_blanks(slice(text_, line)), inserted);
  }

  /// Behind a whole line: does `inserted` begin a new one with `line` or its first words?
  static bool begins(std::string_view line, std::string_view inserted) {
    size_t text = 0;
    while (text < inserted.size() && is_space(inserted[text])) text++;
    const size_t line_end = inserted.substr(0, text).rfind('\n');
    if (line_end == std::string_view::npos) return false;
    const std::string_view words = without_trailing_blanks(inserted.substr(line_end + 1));
    return line.starts_with(words) && (words.size() == line.size() || !is_word(line[words.size()]));
  }

  const Language& language_;
  std::string_view text_;
  uint32_t offset_;
  const CompletionContext& context_;
  Insertion insertion_;
  std::string_view rest_;  ///< of the cursor's line
  std::string generated_;  ///< with its indentation mended
};

}  // namespace

Trimmed trim_completion(const SyntaxTree& tree, std::string_view text, uint32_t offset,
                        const CompletionContext& context, std::string_view generated,
                        std::chrono::milliseconds budget) {
  return Trimmer(tree, text, offset, context, generated, budget).run();
}

}  // namespace lacuna::syntax
