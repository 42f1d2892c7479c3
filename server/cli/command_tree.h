/// What the command line takes, as plain data: what shell completions and the manual page are written from.
///
/// Read from the definitions that parse the command line (command_line.cpp), so that neither can go stale.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lacuna::server {

/// What a shell may offer for a value.
enum class ValueKind { text, path, model, path_or_model, choice };

struct OptionDescription {
  std::vector<std::string> names;  ///< "-h", "--help"; none for an argument without a name
  std::string placeholder;         ///< "FILE"; empty for a flag, which takes no value
  ValueKind kind = ValueKind::text;
  std::vector<std::string> choices;  ///< all values there are, if `kind` is choice
  std::string description;
  std::string default_value;
  bool required = false;
  bool repeated = false;

  bool takes_value() const { return !placeholder.empty(); }
};

struct CommandDescription {
  std::string name;
  std::string description;
  std::vector<OptionDescription> options;
  std::vector<OptionDescription> arguments;  ///< in their order
  std::vector<CommandDescription> commands;
};

/// Everything below `app` that is not hidden.
CommandDescription describe_command(const CLI::App& app);

/// A command together with the words that lead to it, without the program's name: {"model", "pull"}.
struct CommandPath {
  std::vector<std::string> words;
  const CommandDescription* command;
};

/// `root` and all commands below it, each before its own subcommands. Valid as long as `root`.
std::vector<CommandPath> all_commands(const CommandDescription& root);

}  // namespace lacuna::server
