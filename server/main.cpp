/// The process's entry: reads the environment, runs the command, and turns what came out of it into an exit code.
///
/// Nothing below reads environment variables, and no exception may leave: a library's that was not expected ends here.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "server/cli/command_line.h"
#include "server/cli/exit_code.h"
#include "server/environment.h"
#include "support/os.h"

namespace {

using lacuna::server::Environment;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string home_directory() {
  const std::string home = variable("HOME");
  if (!home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());  // no other thread runs yet
  return user == nullptr || user->pw_dir == nullptr ? std::string("/") : std::string(user->pw_dir);
}

/// A relative path in an XDG variable is to be ignored, says the specification.
std::string xdg_directory(const char* name, const std::string& otherwise) {
  const std::string value = variable(name);
  return (value.starts_with('/') ? value : otherwise) + "/lacuna";
}

Environment read_environment() {
  Environment environment;
  environment.home = home_directory();
  environment.cache_directory = xdg_directory("XDG_CACHE_HOME", environment.home + "/.cache");
  environment.config_directory = xdg_directory("XDG_CONFIG_HOME", environment.home + "/.config");
  environment.python = variable("LACUNA_PYTHON");
  if (environment.python.empty()) environment.python = "python3";
  environment.path = variable("PATH");
  environment.no_color = !variable("NO_COLOR").empty();
  return environment;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lacuna::server;
  try {
    lacuna::os::end_on_lost_file(kExitFailure);
    const Environment environment = read_environment();
    Console console;
    console.color = ::isatty(STDOUT_FILENO) == 1 && !environment.no_color;
    console.live_progress = ::isatty(STDERR_FILENO) == 1;
    const int exit_code = run_command_line(argc, argv, environment, console);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
    std::fputs("lacuna: cannot write to stdout\n", stderr);
    return kExitFailure;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lacuna: unexpected: %s\n", error.what());
    return kExitFailure;
  }
}
