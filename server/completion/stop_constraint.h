/// StopConstraint: the completion service's steering of one engine request. Runs on the engine's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/request.h"

namespace lacuna::server {

class StopConstraint final : public engine::Constraint {
 public:
  /// Generation must begin with `forced`. After that, `stop` is asked with the text behind it.
  StopConstraint(std::string forced, std::function<bool(std::string_view)> stop)
      : forced_(std::move(forced)), stop_(std::move(stop)) {}

  bool accepts(std::string_view generated, std::string_view piece) override;
  bool complete(std::string_view generated) override;

 private:
  std::string forced_;
  std::function<bool(std::string_view)> stop_;
};

/// The stop rule for texts without a tree: one line, or the first line with something on it.
bool line_is_complete(std::string_view generated);

}  // namespace lacuna::server
