#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <sstream>

#include "server/cli/exit_code.h"
#include "server/cli/manual_page.h"
#include "server/cli/shell_completions.h"
#include "tests/server/cli/shell.h"

namespace lacuna::server {
namespace {

std::string output_of(const std::vector<const char*>& arguments) {
  Shell shell;
  REQUIRE(shell.run(arguments) == kExitOk);
  return shell.captured.out();
}

/// The commands below `parent`, as its help lists them.
std::vector<std::string> commands_in_help(std::vector<const char*> parent) {
  parent.push_back("--help");
  std::istringstream lines(output_of(parent));
  std::vector<std::string> commands;
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    if (listed && line.starts_with("  ") && line.size() > 2 && line[2] != ' ')
      commands.push_back(line.substr(2, line.find(' ', 2) - 2));
    listed = (listed && !line.empty()) || line.starts_with("Subcommands:");
  }
  return commands;
}

/// The long options that a command's help tells.
std::set<std::string> options_in_help(std::vector<const char*> command) {
  command.push_back("--help");
  std::istringstream lines(output_of(command));
  std::set<std::string> options;
  for (std::string line; std::getline(lines, line);) {
    std::string first;  // an option begins its line: elsewhere one is only spoken of
    std::istringstream(line) >> first;
    while (!first.empty() && first.back() == ',') first.pop_back();
    const size_t dashes = first.find("--");
    if (dashes == 0 || first.starts_with("-h,--")) options.insert(first.substr(dashes));
  }
  return options;
}

/// The branch of the bash script that tells what may follow `command`.
std::string bash_branch(const std::string& script, const std::string& command) {
  const size_t begin = script.find("      '" + command + "') words='");
  REQUIRE(begin != std::string::npos);
  return script.substr(begin, script.find('\n', begin) - begin);
}

/// What a script or the page must hold for one command: its name, and each option that its help tells.
void check_command(const std::vector<const char*>& words) {
  static const std::string bash = output_of({"completions", "bash"});
  static const std::string zsh = output_of({"completions", "zsh"});
  static const std::string fish = output_of({"completions", "fish"});
  static const std::string manual = output_of({"manual"});
  const std::string command = fmt::format("{}", fmt::join(words, " "));
  CAPTURE(command);
  CHECK(zsh.find(fmt::format("_lacuna_{}() {{", fmt::join(words, "_"))) != std::string::npos);
  CHECK(fish.find("'__lacuna_at " + command + "'") != std::string::npos);
  CHECK(manual.find("lacuna " + command) != std::string::npos);
  const std::set<std::string> options = options_in_help(words);
  REQUIRE(options.contains("--help"));
  for (const std::string& option : options) {
    CAPTURE(option);
    CHECK(bash_branch(bash, command).find(option) != std::string::npos);
    CHECK(zsh.find(option + "[") != std::string::npos);
    CHECK(fish.find(" -l " + option.substr(2)) != std::string::npos);
  }
}

TEST_CASE("completions and manual know every command, and every option that its help tells") {
  const std::vector<std::string> commands = commands_in_help({});
  REQUIRE(commands.size() >= 10);
  int below = 0;
  for (const std::string& command : commands) {
    check_command({command.c_str()});
    for (const std::string& inner : commands_in_help({command.c_str()})) {
      check_command({command.c_str(), inner.c_str()});
      ++below;
    }
  }
  CHECK(below >= 5);  // those of `lacuna model`
}

TEST_CASE("a shell that is not known is wrong usage") {
  Shell shell;
  CHECK(shell.run({"completions", "tcsh"}) == kExitUsage);
  CHECK(shell.captured.err().find("bash") != std::string::npos);
}

TEST_CASE("descriptions cannot break out of a script or of the page") {
  CommandDescription root{"lacuna", "", {}, {}, {}};
  root.options.push_back({{"--odd"}, "", ValueKind::text, {}, "it's [a] \\ b: c", "", false, false});
  root.commands.push_back({"run", ".so /etc/passwd", {}, {}, {}});
  CHECK(shell_completions(ShellKind::zsh, root).find(R"('--odd[it'\''s \[a\] \\ b\: c]')") != std::string::npos);
  CHECK(shell_completions(ShellKind::fish, root).find(R"('it\'s [a] \\ b: c')") != std::string::npos);
  CHECK(manual_page(root, "1").find("\n\\&.so /etc/passwd") != std::string::npos);
}

}  // namespace
}  // namespace lacuna::server
