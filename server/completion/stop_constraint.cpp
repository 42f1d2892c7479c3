#include "server/completion/stop_constraint.h"

#include <algorithm>

namespace lacuna::server {

std::string_view StopConstraint::forced(std::string_view generated) {
  return std::string_view(rules_.forced).substr(std::min(generated.size(), rules_.forced.size()));
}

bool StopConstraint::accepts(std::string_view generated, std::string_view piece) {
  if (piece.empty()) return false;
  if (generated.empty() && rules_.avoided.starts_with(piece)) return false;
  if (generated.size() >= rules_.forced.size()) return true;
  const std::string_view rest = std::string_view(rules_.forced).substr(generated.size());
  return piece.starts_with(rest) || rest.starts_with(piece);
}

bool StopConstraint::complete(std::string_view generated) {
  if (generated.size() <= rules_.forced.size()) return false;
  std::string completion = rules_.head;
  completion += generated.substr(rules_.forced.size());
  return repeats_itself(completion) || rules_.stop(completion);
}

bool repeats_itself(std::string_view text) {
  constexpr size_t kTail = 64;
  constexpr size_t kLongestPiece = 16;
  if (text.size() < kTail) return false;
  const std::string_view tail = text.substr(text.size() - kTail);
  for (size_t piece = 1; piece <= kLongestPiece; ++piece) {
    if (tail.substr(piece) == tail.substr(0, kTail - piece)) return true;
  }
  return false;
}

bool line_is_complete(std::string_view generated) {
  const size_t text = generated.find_first_not_of(" \t\r\n");
  return text != std::string_view::npos && generated.find('\n', text) != std::string_view::npos;
}

}  // namespace lacuna::server
