/// A folder, an environment and a console of its own, in which a test runs commands.
#pragma once

#include <vector>

#include "server/cli/command_line.h"
#include "tests/server/cli/captured_console.h"
#include "tests/server/models/fixture.h"

namespace lacuna::server {

struct Shell {
  TemporaryFolder folder;
  Environment environment = environment_in(folder);
  CapturedConsole captured;

  int run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "lacuna");
    return run_command_line(static_cast<int>(arguments.size()), arguments.data(), environment, captured.console);
  }
};

}  // namespace lacuna::server
