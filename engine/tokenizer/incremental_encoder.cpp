#include "engine/tokenizer/incremental_encoder.h"

#include <algorithm>
#include <cstring>

#include "support/check.h"

namespace lacuna::engine {
namespace {

constexpr size_t kBlock = 4096;       // bytes compared at once
constexpr size_t kFirstStretch = 64;  // bytes behind an edit that are split first, in the hope of meeting an old cut

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  size_t at = 0;
  while (at + kBlock <= most && std::memcmp(a.data() + at, b.data() + at, kBlock) == 0) at += kBlock;
  while (at < most && a[at] == b[at]) ++at;
  return at;
}

/// Of at most `most` bytes.
size_t common_suffix(std::string_view a, std::string_view b, size_t most) {
  size_t length = 0;
  const auto tail = [&](std::string_view text, size_t n) { return text.data() + text.size() - n; };
  while (length + kBlock <= most && std::memcmp(tail(a, length + kBlock), tail(b, length + kBlock), kBlock) == 0) {
    length += kBlock;
  }
  while (length < most && *tail(a, length + 1) == *tail(b, length + 1)) ++length;
  return length;
}

/// White space, or a byte of a character beyond ASCII, which may be some.
bool may_be_space(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == ' ' || (byte >= 0x09 && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x1F) || byte >= 0x80;
}

/// Makes room for `count` new elements in place of [first, last).
template <class T>
void replace(std::vector<T>& values, size_t first, size_t last, size_t count) {
  const auto begin = values.begin() + static_cast<ptrdiff_t>(first);
  if (last - first > count) {
    values.erase(begin, begin + static_cast<ptrdiff_t>(last - first - count));
  } else {
    values.insert(begin, count - (last - first), T{});
  }
}

}  // namespace

/// Is a cut of a text one of every text that agrees with it in front of `edit`? What decides about a cut is at most the
/// run of white space behind it and a few bytes more, of which the tokenizer knows the number.
bool IncrementalEncoder::survives(std::string_view text, size_t cut, size_t edit) const {
  const size_t margin = tokenizer_->split_margin();
  size_t end = cut;
  while (end + margin <= edit && end < text.size() && may_be_space(text[end])) ++end;
  return end + margin <= edit;
}

bool IncrementalEncoder::is_old_cut(size_t offset) const {
  return offset == 0 || std::binary_search(cuts_.begin(), cuts_.end(), static_cast<uint32_t>(offset));
}

size_t IncrementalEncoder::last_cut_before(std::string_view text, size_t edit) const {
  auto cut = std::upper_bound(cuts_.begin(), cuts_.end(), static_cast<uint32_t>(edit));
  while (cut != cuts_.begin()) {
    --cut;
    if (survives(text, *cut, edit)) return *cut;
  }
  return 0;
}

IncrementalEncoder::Change IncrementalEncoder::find_change(std::string_view text) const {
  const size_t prefix = common_prefix(text_, text);
  const size_t suffix = common_suffix(text_, text, std::min(text_.size(), text.size()) - prefix);
  const size_t edit_end = text.size() - suffix;
  const auto old_offset = [&](size_t offset) { return offset + text_.size() - text.size(); };  // behind the edit
  Change change{.begin = last_cut_before(text, prefix)};
  for (size_t stretch = kFirstStretch;; stretch *= 4) {
    const size_t limit = std::min(text.size() - edit_end, stretch) + edit_end;
    const std::vector<uint32_t> lengths = tokenizer_->split(text.substr(change.begin, limit - change.begin));
    size_t cut = change.begin;
    for (size_t count = 0;; ++count) {
      const bool sure = cut == change.begin || limit == text.size() || survives(text, cut, limit);
      if (cut >= edit_end && sure && is_old_cut(old_offset(cut))) {
        change.old_end = old_offset(cut);
        change.new_end = cut;
        change.lengths.assign(lengths.begin(), lengths.begin() + static_cast<ptrdiff_t>(count));
        return change;
      }
      if (count == lengths.size()) break;
      cut += lengths[count];
    }
    LACUNA_CHECK(limit < text.size());  // the ends of both texts are cuts
  }
}

void IncrementalEncoder::apply(std::string_view text, const Change& change) {
  std::vector<TokenId> tokens;
  std::vector<uint32_t> token_counts;
  size_t at = change.begin;
  for (const uint32_t length : change.lengths) {
    const std::vector<TokenId> of_piece = tokenizer_->encode(text.substr(at, length));
    tokens.insert(tokens.end(), of_piece.begin(), of_piece.end());
    token_counts.push_back(static_cast<uint32_t>(of_piece.size()));
    at += length;
  }
  // Pieces [first, last) of the old text go; the number of pieces that end at or before an offset is the index of the
  // first that does not.
  const auto pieces_until = [&](size_t offset) {
    return static_cast<size_t>(std::upper_bound(cuts_.begin(), cuts_.end(), static_cast<uint32_t>(offset)) -
                               cuts_.begin());
  };
  const size_t first = pieces_until(change.begin);
  const size_t last = pieces_until(change.old_end);
  const auto tokens_until = [&](size_t piece) { return piece == 0 ? 0 : token_ends_[piece - 1]; };
  const uint32_t first_token = tokens_until(first);
  const uint32_t last_token = tokens_until(last);

  replace(tokens_, first_token, last_token, tokens.size());
  std::copy(tokens.begin(), tokens.end(), tokens_.begin() + first_token);
  const size_t count = change.lengths.size();
  replace(cuts_, first, last, count);
  replace(token_ends_, first, last, count);
  auto cut = static_cast<uint32_t>(change.begin);
  uint32_t token_end = first_token;
  for (size_t i = 0; i < count; ++i) {
    cuts_[first + i] = cut += change.lengths[i];
    token_ends_[first + i] = token_end += token_counts[i];
  }
  // Modulo 2^32 these also go down.
  const auto moved = static_cast<uint32_t>(change.new_end - change.old_end);
  const uint32_t tokens_moved = token_end - last_token;
  for (size_t i = first + count; i < cuts_.size(); ++i) {
    cuts_[i] += moved;
    token_ends_[i] += tokens_moved;
  }
}

const std::vector<TokenId>& IncrementalEncoder::encode(std::string_view text) {
  LACUNA_CHECK(text.size() <= UINT32_MAX);
  num_encoded_bytes_ = 0;
  if (text == text_) return tokens_;
  const Change change = find_change(text);
  num_encoded_bytes_ = change.new_end - change.begin;
  if (change.old_end != change.begin || change.new_end != change.begin) apply(text, change);
  text_.assign(text);
  return tokens_;
}

}  // namespace lacuna::engine
