/// StopConstraint: the completion service's steering of one engine request. Runs on the engine's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/request.h"

namespace lacuna::server {

struct StopRules {
  std::function<bool(std::string_view)> stop;  ///< is this completion complete?
  std::string forced{};                        ///< generation begins with this, which is no part of the completion
  std::string head{};                          ///< the completion begins with this, which is part of the prompt
  std::string avoided{};  ///< generation begins with another token than those that this text could begin with
};

class StopConstraint final : public engine::Constraint {
 public:
  explicit StopConstraint(StopRules rules) : rules_(std::move(rules)) {}

  bool accepts(std::string_view generated, std::string_view piece) override;
  std::string_view forced(std::string_view generated) override;
  const std::string& forced() const { return rules_.forced; }
  /// A text that repeats itself is complete in any case.
  bool complete(std::string_view generated) override;

 private:
  StopRules rules_;
};

/// The end of `text` is one short piece over and over: a model that will not stop by itself.
bool repeats_itself(std::string_view text);

/// The stop rule for texts without a tree: one line, or the first line with something on it.
bool line_is_complete(std::string_view generated);

}  // namespace lacuna::server
