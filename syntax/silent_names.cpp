#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "syntax/lexeme_ngrams.h"
#include "syntax/silent_errors.h"
#include "syntax/text_lines.h"

namespace lacuna::syntax {
namespace {

constexpr size_t shortest_joined = 4;
constexpr size_t shortest_known = 4;  // of a right part that was never seen behind the left one (`stdout`, `strlen`)
constexpr size_t longest_joined = 64;
constexpr std::string_view joints[] = {".", "::", "->"};

uint64_t before_joint(std::string_view word, std::string_view joint) {
  return mix(hash_text(word), hash_text(joint));
}

uint64_t around_joint(std::string_view left, std::string_view joint, std::string_view right) {
  return mix(before_joint(left, joint), hash_text(right));
}

bool is_joint(std::string_view text) {
  return std::find(std::begin(joints), std::end(joints), text) != std::end(joints);
}

/// A single letter comes apart from too many words, names joined by `_` are one, and `ExprLit` is likely to be a type
/// beside `Expr::Lit`; `ExprLIT` is none.
bool may_be_apart(std::string_view left, std::string_view right) {
  if (left.size() < 2 || right.size() < 2) return false;
  if (left.back() == '_' || right.front() == '_' || (right.front() >= '0' && right.front() <= '9')) return false;
  if (!is_upper(left.front()) || !is_upper(right.front())) return true;
  return is_lower(left.back()) && std::none_of(right.begin(), right.end(), is_lower);
}

/// Behind a joint stands the member or the part of a path that somebody else has named; but `lang.utilList` may be two.
bool may_follow_joint(std::string_view left, std::string_view right) {
  return !is_upper(left.back()) && is_upper(right.front());
}

/// A name that is assigned may be declared there; members are not.
bool may_be_declared(std::string_view left, std::string_view after) {
  return after == "=" && left != "this" && left != "self";
}

/// The names of a file that stand on either side of a joint.
class JoinedNames {
 public:
  explicit JoinedNames(const AcceptedText& accepted) {
    const std::vector<Lexeme>& lexemes = accepted.lexemes;
    for (size_t i = 0; i < lexemes.size(); i++)
      if (lexemes[i].kind == Lexeme::Kind::word) words_[accepted.text_of(i)]++;
    for (size_t i = 1; i + 1 < lexemes.size(); i++) {
      const std::string_view joint = accepted.text_of(i);
      if (!is_joint(joint)) continue;
      counts_[before_joint(accepted.text_of(i - 1), joint)]++;
      counts_[around_joint(accepted.text_of(i - 1), joint, accepted.text_of(i + 1))]++;
    }
  }

  bool holds(std::string_view word) const { return words_.contains(word); }

  bool is_single(std::string_view word) const {
    const auto found = words_.find(word);
    return found != words_.end() && found->second == 1;
  }

  /// Both names stand at this joint elsewhere.
  bool stand_at(std::string_view left, std::string_view joint, std::string_view right) const {
    return count(around_joint(left, joint, right)) > 0;
  }

  /// The left name stands before this joint elsewhere.
  bool stands_before(std::string_view left, std::string_view joint) const {
    return count(before_joint(left, joint)) > 0;
  }

 private:
  int count(uint64_t key) const {
    const auto found = counts_.find(key);
    return found == counts_.end() ? 0 : found->second;
  }

  std::unordered_map<std::string_view, int> words_;
  std::unordered_map<uint64_t, int> counts_;
};

}  // namespace

void find_joined_names(const AcceptedText& accepted, std::vector<SyntaxError>& errors) {
  const JoinedNames names(accepted);
  for (size_t i = 0; i < accepted.lexemes.size(); i++) {
    const std::string_view word = accepted.text_of(i);
    if (accepted.lexemes[i].kind != Lexeme::Kind::word || word.size() < shortest_joined ||
        word.size() > longest_joined || !names.is_single(word))
      continue;
    const std::string_view before = i > 0 ? accepted.text_of(i - 1) : std::string_view();
    const std::string_view after = i + 1 < accepted.lexemes.size() ? accepted.text_of(i + 1) : std::string_view();
    const bool behind_joint = is_joint(before) || before == "/";
    for (uint32_t at = 1; at < word.size(); at++) {
      const std::string_view left = word.substr(0, at);
      const std::string_view right = word.substr(at);
      if (!names.holds(left) || !names.holds(right) || !may_be_apart(left, right)) continue;
      if ((behind_joint && !may_follow_joint(left, right)) || may_be_declared(left, after)) continue;
      const auto joint = std::find_if(std::begin(joints), std::end(joints), [&](std::string_view each) {
        if (names.stand_at(left, each, right)) return true;
        const bool fits = !behind_joint && (!is_joint(after) || after == each);
        return fits && right.size() >= shortest_known && names.stands_before(left, each);
      });
      if (joint == std::end(joints)) continue;
      const uint32_t place = accepted.lexemes[i].range.begin + at;
      errors.push_back({accepted.lexemes[i].range,
                        fmt::format("unexpected `{}` instead of `{}{}{}`", word, left, *joint, right), std::nullopt,
                        TextChange{{place, place}, std::string(*joint)}});
      break;
    }
  }
}

}  // namespace lacuna::syntax
