#include "server/completion/stop_constraint.h"

namespace lacuna::server {

bool StopConstraint::accepts(std::string_view generated, std::string_view piece) {
  if (generated.size() >= forced_.size()) return true;
  const std::string_view rest = std::string_view(forced_).substr(generated.size());
  return !piece.empty() && (piece.starts_with(rest) || rest.starts_with(piece));
}

bool StopConstraint::complete(std::string_view generated) {
  return generated.size() > forced_.size() && stop_(generated.substr(forced_.size()));
}

bool line_is_complete(std::string_view generated) {
  const size_t text = generated.find_first_not_of(" \t\r\n");
  return text != std::string_view::npos && generated.find('\n', text) != std::string_view::npos;
}

}  // namespace lacuna::server
