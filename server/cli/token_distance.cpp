#include "server/cli/token_distance.h"

#include <algorithm>
#include <unordered_map>

namespace lacuna::server {
namespace {

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte >= 0x80;
}

struct Match {
  size_t a;
  size_t b;
  size_t size;
};

/// Finds the longest run that two parts have in common; of equal ones the first in `a`, then the first in `b`.
class Matcher {
 public:
  Matcher(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) : a_(a) {
    for (size_t j = 0; j < b.size(); j++) places_[b[j]].push_back(j);
    lengths_.resize(b.size() + 1);
    next_lengths_.resize(b.size() + 1);
  }

  Match longest(size_t a_begin, size_t a_end, size_t b_begin, size_t b_end) {
    Match best{a_begin, b_begin, 0};
    std::vector<size_t> set;  // the entries of lengths_ that are not 0
    std::vector<size_t> next_set;
    for (size_t i = a_begin; i < a_end; i++) {
      next_set.clear();
      const auto places = places_.find(a_[i]);
      if (places != places_.end()) {
        const std::vector<size_t>& all = places->second;
        for (auto j = std::lower_bound(all.begin(), all.end(), b_begin); j != all.end() && *j < b_end; ++j) {
          const size_t size = next_lengths_[*j + 1] = lengths_[*j] + 1;
          next_set.push_back(*j + 1);
          if (size > best.size) best = {i + 1 - size, *j + 1 - size, size};
        }
      }
      for (const size_t each : set) lengths_[each] = 0;
      lengths_.swap(next_lengths_);
      set.swap(next_set);
    }
    for (const size_t each : set) lengths_[each] = 0;
    return best;
  }

 private:
  const std::vector<std::string_view>& a_;
  std::unordered_map<std::string_view, std::vector<size_t>> places_;
  std::vector<size_t> lengths_;  // of the run that ends before index j of b
  std::vector<size_t> next_lengths_;
};

}  // namespace

std::vector<std::string_view> plain_tokens(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  std::vector<std::string_view> tokens;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    if (is_letter(text[at])) {
      while (end < text.size() && is_letter(text[end])) end++;
    }
    if (blanks.find(text[at]) == std::string_view::npos) tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

size_t token_distance(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  struct Part {
    size_t a_begin, a_end, b_begin, b_end;
  };
  Matcher matcher(a, b);
  std::vector<Match> matches;
  std::vector<Part> parts{{0, a.size(), 0, b.size()}};
  while (!parts.empty()) {
    const Part part = parts.back();
    parts.pop_back();
    const Match match = matcher.longest(part.a_begin, part.a_end, part.b_begin, part.b_end);
    if (match.size == 0) continue;
    matches.push_back(match);
    parts.push_back({part.a_begin, match.a, part.b_begin, match.b});
    parts.push_back({match.a + match.size, part.a_end, match.b + match.size, part.b_end});
  }
  matches.push_back({a.size(), b.size(), 0});
  std::sort(matches.begin(), matches.end(),
            [](const Match& x, const Match& y) { return x.a < y.a || (x.a == y.a && x.b < y.b); });
  size_t distance = 0;
  size_t at_a = 0;
  size_t at_b = 0;
  for (const Match& match : matches) {
    distance += std::max(match.a - at_a, match.b - at_b);
    at_a = match.a + match.size;
    at_b = match.b + match.size;
  }
  return distance;
}

}  // namespace lacuna::server
