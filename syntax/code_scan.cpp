#include "syntax/code_scan.h"

#include "syntax/brackets.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

class Scanner {
 public:
  Scanner(const Language& language, std::string_view text) : language_(language), text_(text) {}

  CodeScan run() {
    while (i_ < text_.size()) step();
    end_line();
    return std::move(scan_);
  }

 private:
  bool at(std::string_view mark) const { return text_.substr(i_).starts_with(mark); }

  void step() {
    char c = text_[i_];
    scan_.kind = TextKind::code;
    if (c == '\n') return newline();
    if (starts_line_comment()) return line_comment();
    if (language_.line_comment == "//" && at("/*")) return block_comment();
    if (is_quote(c)) return string();
    if (is_blank(c)) {
      i_++;
      return;
    }
    if (is_word(c)) {
      while (i_ < text_.size() && is_word(text_[i_])) i_++;
    } else {
      bracket(c);
      i_++;
    }
    end_token();
  }

  void newline() {
    end_line();
    i_++;
  }

  void end_line() {
    scan_.line_ends.push_back({static_cast<uint32_t>(i_), static_cast<int>(scan_.open.size()), scan_.kind});
  }
  void end_token() { scan_.token_ends.push_back(static_cast<uint32_t>(i_)); }

  void bracket(char c) {
    if (is_opener(c)) scan_.open.push_back(c);
    if (!is_closer(c)) return;
    if (!scan_.open.empty() && scan_.open.back() == partner_of(c)) {
      scan_.open.pop_back();
    } else if (scan_.open.empty()) {
      scan_.lone_closers.push_back(static_cast<uint32_t>(i_));
    }
  }

  bool starts_line_comment() const {
    if (language_.line_comment.empty() || !at(language_.line_comment)) return false;
    return language_.line_comment != "#" || i_ == 0 || is_space(text_[i_ - 1]);  // not `$#` nor `#{`
  }

  void line_comment() {
    size_t end = text_.find('\n', i_);
    scan_.kind = TextKind::comment;
    i_ = end == std::string_view::npos ? text_.size() : end;
    if (end != std::string_view::npos) newline();
  }

  void block_comment() {
    size_t end = text_.find("*/", i_ + 2);
    long_text(TextKind::comment, end == std::string_view::npos ? end : end + 2);
  }

  bool is_quote(char c) const {
    if (c == '"') return true;
    if (c == '`') return language_.line_comment != "#" || language_.id == "shellscript";
    if (c != '\'') return false;
    if (language_.id == "json") return false;
    if (language_.id == "rust") return at("'\\") || text_.substr(i_ + 1).find('\'') == 1;  // otherwise a lifetime
    return language_.id != "cpp" || i_ == 0 || !is_word(text_[i_ - 1]);                    // otherwise 1'000
  }

  void string() {
    char quote = text_[i_];
    std::string_view triple = text_.substr(i_, 3);
    bool is_triple = triple.size() == 3 && triple.find_first_not_of(quote) == std::string_view::npos && quote != '`';
    bool is_long = is_triple || quote == '`' || language_.id == "shellscript" || language_.id == "php" ||
                   language_.id == "ruby" || (language_.id == "rust" && quote == '"');
    size_t end = string_end(is_triple ? triple : triple.substr(0, 1), is_long);
    if (is_long) return long_text(TextKind::string, end);
    scan_.kind = TextKind::string;
    if (end != std::string_view::npos) {
      i_ = end;
      scan_.kind = TextKind::code;
      return end_token();
    }
    end = text_.find('\n', i_);
    i_ = end == std::string_view::npos ? text_.size() : end;
    if (end != std::string_view::npos) {
      scan_.kind = TextKind::code;  // an unclosed short string ends with its line
      newline();
    }
  }

  /// Behind the string's closing quote; npos if it has none.
  size_t string_end(std::string_view quote, bool is_long) const {
    for (size_t i = i_ + quote.size(); i < text_.size(); i++) {
      if (text_[i] == '\\' && !(quote == "`" && language_.id == "go")) {
        i++;
      } else if (text_.substr(i).starts_with(quote)) {
        return i + quote.size();
      } else if (text_[i] == '\n' && !is_long) {
        return std::string_view::npos;
      }
    }
    return std::string_view::npos;
  }

  /// Goes over text that may span lines, up to `end`, or to the end of all where it has none.
  void long_text(TextKind kind, size_t end) {
    size_t stop = std::min(end, text_.size());
    scan_.kind = kind;
    for (; i_ < stop; i_++)
      if (text_[i_] == '\n') end_line();
    if (end == std::string_view::npos) return;
    scan_.kind = TextKind::code;
    if (kind == TextKind::string) end_token();
  }

  const Language& language_;
  std::string_view text_;
  size_t i_ = 0;
  CodeScan scan_;
};

}  // namespace

CodeScan scan_code(const Language& language, std::string_view text) {
  return Scanner(language, text).run();
}

}  // namespace lacuna::syntax
