// Byte-pair encoding (Sennrich et al., 2016): of all neighbouring pairs take the one that was learned first, join it
// everywhere from left to right, repeat. Short pieces, nearly all of them, look at every pair in every round, which is
// quadratic but touches one cache line or two. Long ones (a line of 10 MB of one letter is one piece) keep the pairs in
// a heap ordered by rank and position; an entry whose pair has changed since is skipped when it comes up.
#include "engine/tokenizer/merges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>

namespace lacuna::engine {
namespace {

constexpr std::string_view merges_key = "tokenizer.ggml.merges";
constexpr size_t longest_short = 48;

template <class... Args>
Error corrupt(fmt::format_string<Args...> text, Args&&... args) {
  return Error::format(ErrorCode::corrupt, text, std::forward<Args>(args)...);
}

/// A token that text may contain.
bool is_mergeable(const Vocabulary& vocabulary, TokenId id) {
  return id >= 0 && !vocabulary.is_control(id);
}

/// The token whose text is `left` and `right` joined. In a file as the trainers write it, merge i makes the token after
/// that of merge i - 1: `guess` saves the search.
TokenId find_joined(const Vocabulary& vocabulary, std::string_view left, std::string_view right, TokenId guess) {
  if (vocabulary.contains(guess)) {
    const std::string_view text = vocabulary.text(guess);
    if (text.size() == left.size() + right.size() && text.starts_with(left) && text.ends_with(right)) return guess;
  }
  return vocabulary.find_text(std::string(left).append(right));
}

}  // namespace

Result<Merges> Merges::load(const gguf::File& file, const Vocabulary& vocabulary) {
  LACUNA_ASSIGN_OR_RETURN(const gguf::StringArray lines, file.strings(merges_key));
  if (lines.size() > most_merges) {
    return corrupt("metadata key '{}' has {} merges, over the limit of {}", merges_key, lines.size(), most_merges);
  }
  std::vector<Merge> merges;
  merges.reserve(lines.size());
  TokenId last = -1;
  for (const std::string_view line : lines) {
    const size_t space = line.find(' ');
    if (space == 0 || space >= line.size() - 1 || line.find(' ', space + 1) != std::string_view::npos) {
      return corrupt("merge {} of '{}' is {}, expected two tokens and one space", merges.size(), merges_key,
                     gguf::quoted(line));
    }
    const std::string_view left = line.substr(0, space);
    const std::string_view right = line.substr(space + 1);
    last = find_joined(vocabulary, left, right, last + 1);
    merges.push_back({vocabulary.find_text(left), vocabulary.find_text(right), last});
    const auto known = [&](TokenId id) { return is_mergeable(vocabulary, id); };
    if (!known(merges.back().left) || !known(merges.back().right) || !known(last)) {
      return corrupt("merge {} of '{}' is {}, of which a part or the result is no token of text", merges.size() - 1,
                     merges_key, gguf::quoted(line));
    }
  }
  Merges result;
  LACUNA_RETURN_IF_ERROR(result.insert_all(merges));
  return result;
}

Result<void> Merges::insert_all(std::span<const Merge> merges) {
  constexpr size_t ahead = 16;  // so many slots are on their way from memory while one is filled
  slots_.assign(std::bit_ceil(merges.size() * 4 / 3 + 2), Slot{});
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < merges.size(); ++i) {
    if (i + ahead < merges.size()) {
      const Merge& later = merges[i + ahead];
      __builtin_prefetch(&slots_[hash_(key(later.left, later.right)) & mask], 1);
    }
    const uint64_t pair = key(merges[i].left, merges[i].right);
    Slot& slot = slots_[slot_of(pair)];
    if (slot.rank != no_rank) {
      return corrupt("merge {} of '{}' is the same as merge {}", i, merges_key, slot.rank);
    }
    slot = {pair, static_cast<uint32_t>(i), merges[i].merged};
  }
  return {};
}

size_t Merges::slot_of(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash_(pair) & mask;
  while (slots_[at].rank != no_rank && slots_[at].pair != pair) at = (at + 1) & mask;
  return at;
}

size_t Merges::merge(std::span<TokenId> tokens) const {
  return tokens.size() <= longest_short ? merge_short(tokens) : merge_long(tokens);
}

size_t Merges::merge_short(std::span<TokenId> tokens) const {
  LACUNA_CHECK(tokens.size() <= longest_short);
  std::array<const Slot*, longest_short> pairs;  // of tokens[i] and tokens[i + 1]
  size_t count = tokens.size();
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = &find(tokens[i], tokens[i + 1]);
  while (count > 1) {
    const auto best = std::min_element(pairs.begin(), pairs.begin() + static_cast<ptrdiff_t>(count) - 1,
                                       [](const Slot* a, const Slot* b) { return a->rank < b->rank; });
    if ((*best)->rank == no_rank) break;
    const size_t i = static_cast<size_t>(best - pairs.begin());
    tokens[i] = (*best)->merged;
    std::copy(tokens.begin() + static_cast<ptrdiff_t>(i) + 2, tokens.begin() + static_cast<ptrdiff_t>(count),
              tokens.begin() + static_cast<ptrdiff_t>(i) + 1);
    if (i + 2 < count) std::copy(best + 2, pairs.begin() + static_cast<ptrdiff_t>(count) - 1, best + 1);
    --count;
    if (i > 0) pairs[i - 1] = &find(tokens[i - 1], tokens[i]);
    if (i + 1 < count) pairs[i] = &find(tokens[i], tokens[i + 1]);
  }
  return count;
}

/// One long piece. A part is named by the position of its first token; one that was merged into its left neighbour
/// keeps its place with token -1.
class Merges::LongPiece {
 public:
  LongPiece(const Merges& merges, std::span<TokenId> tokens)
      : merges_(merges), tokens_(tokens), count_(static_cast<uint32_t>(tokens.size())), parts_(tokens.size()) {
    for (uint32_t i = 0; i < count_; ++i) {
      parts_[i] = {i - 1, i + 1, no_rank};
      update(i);
    }
  }

  void merge_all() {
    while (!pairs_.empty()) {
      const auto position = static_cast<uint32_t>(pairs_.top());
      const auto rank = static_cast<uint32_t>(pairs_.top() >> 32);
      pairs_.pop();
      if (parts_[position].rank == rank) join(position);
    }
  }

 private:
  struct Part {
    uint32_t previous, next;
    uint32_t rank;  ///< of the pair with the next part
  };

  void join(uint32_t left) {
    const uint32_t right = parts_[left].next;
    tokens_[left] = merges_.find(tokens_[left], tokens_[right]).merged;
    tokens_[right] = -1;
    parts_[right].rank = no_rank;
    parts_[left].next = parts_[right].next;
    if (parts_[left].next < count_) parts_[parts_[left].next].previous = left;
    update(left);
    if (left > 0) update(parts_[left].previous);
  }

  /// Looks up the pair that begins at `left` after one of its parts changed.
  void update(uint32_t left) {
    const uint32_t right = parts_[left].next;
    parts_[left].rank = right < count_ ? merges_.find(tokens_[left], tokens_[right]).rank : no_rank;
    if (parts_[left].rank != no_rank) pairs_.push(uint64_t{parts_[left].rank} << 32 | left);
  }

  const Merges& merges_;
  std::span<TokenId> tokens_;
  uint32_t count_;
  std::vector<Part> parts_;
  /// Each as rank << 32 | position: the lowest is the next to be joined.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> pairs_;
};

size_t Merges::merge_long(std::span<TokenId> tokens) const {
  LACUNA_CHECK(tokens.size() < UINT32_MAX);
  LongPiece(*this, tokens).merge_all();
  return static_cast<size_t>(std::remove(tokens.begin(), tokens.end(), -1) - tokens.begin());
}

}  // namespace lacuna::engine
