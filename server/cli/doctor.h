/// `lacuna doctor`: looks at everything that Lacuna needs on this machine, and says in words what is wrong and how to
/// mend it.
#pragma once

#include <string>
#include <vector>

#include "server/cli/console.h"
#include "server/common_options.h"
#include "server/environment.h"

namespace lacuna::server {

enum class Health { good, warning, problem };

constexpr const char* name_of(Health health) {
  constexpr const char* names[] = {"good", "warning", "problem"};
  return names[static_cast<int>(health)];
}

struct Finding {
  std::string subject;  ///< "model"
  Health health = Health::good;
  std::string text;  ///< what was found
  std::string mend;  ///< what to do about it; empty where it is good
};

/// Everything but the model's trial run is read-only and quick.
std::vector<Finding> examine_machine(const CommonOptions& common, const Environment& environment);

/// Returns the process's exit code: a finding where there is a problem.
int run_doctor(const CommonOptions& common, const Environment& environment, const Console& console);

}  // namespace lacuna::server
