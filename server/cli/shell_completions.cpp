/// All three scripts work alike: they find the command from the words before the cursor, then offer its commands,
/// options and values. A command is named by its words joined by spaces, "model pull"; the program itself by no words.
#include "server/cli/shell_completions.h"

#include <fmt/format.h>

#include <string_view>

namespace lacuna::server {
namespace {

/// The names alone, one a line, out of the list that is made for programs.
constexpr std::string_view kListModels =
    R"sh(lacuna model list --json 2>/dev/null | sed -n 's/^ *"name": "\(.*\)",*$/\1/p')sh";

std::string join(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

/// `text` as one word of any of the three shells, in single quotes.
std::string quote(ShellKind shell, std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += shell == ShellKind::fish ? "\\'" : "'\\''";
    } else if (c == '\\' && shell == ShellKind::fish) {
      result += "\\\\";
    } else {
      result += c;
    }
  }
  return result + "'";
}

bool is_path(ValueKind kind) {
  return kind == ValueKind::path || kind == ValueKind::path_or_model;
}
bool is_model(ValueKind kind) {
  return kind == ValueKind::model || kind == ValueKind::path_or_model;
}

// --- bash

std::string bash_value(const OptionDescription& option) {
  std::string result;
  if (!option.choices.empty()) result += fmt::format("words='{}'; ", join(option.choices, " "));
  if (is_model(option.kind)) result += "words=$(_lacuna_models); ";
  if (is_path(option.kind)) result += "paths=yes; ";
  return result;
}

/// What may follow the words of one command, as a branch of `case "$command" in`.
std::string bash_words(const CommandPath& path) {
  std::vector<std::string> words;
  for (const CommandDescription& child : path.command->commands) words.push_back(child.name);
  for (const OptionDescription& option : path.command->options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  std::string branch = fmt::format("      '{}') words='{}'", join(path.words, " "), join(words, " "));
  for (const OptionDescription& argument : path.command->arguments) {
    if (!argument.choices.empty()) branch += fmt::format("' {}'", join(argument.choices, " "));
    if (is_model(argument.kind)) branch += "\" $(_lacuna_models)\"";
    if (is_path(argument.kind)) branch += "; paths=yes";
  }
  return branch + " ;;\n";
}

std::string bash_completions(const CommandDescription& root) {
  std::string commands;
  std::string values;
  std::string words;
  for (const CommandPath& path : all_commands(root)) {
    const std::string name = join(path.words, " ");
    if (!path.words.empty()) commands += fmt::format("{}'{}'", commands.empty() ? "" : " | ", name);
    for (const OptionDescription& option : path.command->options) {
      if (!option.takes_value()) continue;
      values += fmt::format("    '{} {}') {}value=yes ;;\n", name, join(option.names, fmt::format("' | '{} ", name)),
                            bash_value(option));
    }
    words += bash_words(path);
  }
  return fmt::format(R"sh(# bash completion for lacuna, written by `lacuna completions bash`.
_lacuna_models() {{ {models}; }}

_lacuna() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD - 1]}}"
  local command='' words='' paths='' value='' i next
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="${{command:+$command }}${{COMP_WORDS[i]}}"
    case "$next" in
      {commands}) command="$next" ;;
    esac
  done
  case "$command $previous" in
{values}  esac
  if [ -z "$value" ]; then
    case "$command" in
{words}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ -n "$paths" ] && [[ $current != -* ]]; then
    compopt -o filenames
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}}
complete -F _lacuna lacuna
)sh",
                     fmt::arg("models", kListModels), fmt::arg("commands", commands), fmt::arg("values", values),
                     fmt::arg("words", words));
}

// --- zsh

/// A description inside a specification of _arguments, where brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(const OptionDescription& option) {
  if (!option.choices.empty()) return fmt::format("({})", join(option.choices, " "));
  if (option.kind == ValueKind::model) return "_lacuna_models";
  if (option.kind == ValueKind::path_or_model) return "_lacuna_models_and_files";
  return option.kind == ValueKind::path ? "_files" : " ";
}

std::string zsh_function_name(const CommandPath& path) {
  return path.words.empty() ? "_lacuna" : "_lacuna_" + join(path.words, "_");
}

std::string zsh_function(const CommandPath& path) {
  std::string body;
  const auto add = [&](const std::string& specification) {
    body += " \\\n    " + quote(ShellKind::zsh, specification);
  };
  for (const OptionDescription& option : path.command->options) {
    for (const std::string& name : option.names) {
      std::string specification = fmt::format("{}[{}]", name, zsh_text(option.description));
      if (option.takes_value())
        specification += fmt::format(":{}:{}", zsh_text(option.placeholder), zsh_action(option));
      add(specification);
    }
  }
  for (const OptionDescription& argument : path.command->arguments) {
    add(fmt::format("{}:{}:{}", argument.repeated ? "*" : "", zsh_text(argument.placeholder), zsh_action(argument)));
  }
  const std::string name = zsh_function_name(path);
  if (path.command->commands.empty()) return fmt::format("{}() {{\n  _arguments{}\n}}\n\n", name, body);

  std::string names;
  std::string branches;
  for (const CommandDescription& child : path.command->commands) {
    names += "      " + quote(ShellKind::zsh, child.name + ":" + zsh_text(child.description)) + "\n";
    branches += fmt::format("      {}) {}_{} ;;\n", child.name, name, child.name);
  }
  add("1:command:->command");
  add("*::argument:->argument");
  return fmt::format(R"sh({name}() {{
  local curcontext="$curcontext" state line
  local -a commands
  _arguments -C{body}
  case $state in
    command)
      commands=(
{names}      )
      _describe command commands
      ;;
    argument)
      case $line[1] in
{branches}      esac
      ;;
  esac
}}

)sh",
                     fmt::arg("name", name), fmt::arg("body", body), fmt::arg("names", names),
                     fmt::arg("branches", branches));
}

std::string zsh_completions(const CommandDescription& root) {
  std::string script = fmt::format(R"sh(#compdef lacuna
# zsh completion for lacuna, written by `lacuna completions zsh`.
_lacuna_models() {{
  local -a models
  models=(${{(f)"$({})"}})
  compadd -a models
}}

_lacuna_models_and_files() {{
  _lacuna_models
  _files
}}

)sh",
                                   kListModels);
  for (const CommandPath& path : all_commands(root)) script += zsh_function(path);
  // Sourced, it registers itself; loaded by the shell on the first use, it answers.
  return script + "if [ \"$funcstack[1]\" = _lacuna ]; then _lacuna \"$@\"; else compdef _lacuna lacuna; fi\n";
}

// --- fish

std::string fish_value(const OptionDescription& option) {
  std::string result = is_path(option.kind) ? " -F" : " -f";
  if (!option.choices.empty()) result += " -a " + quote(ShellKind::fish, join(option.choices, " "));
  if (is_model(option.kind)) result += " -a '(__lacuna_models)'";
  return result;
}

std::string fish_command(const CommandPath& path) {
  const std::string start = fmt::format("complete -c lacuna -n '__lacuna_at {}'", join(path.words, " "));
  std::string lines;
  for (const CommandDescription& child : path.command->commands) {
    lines += fmt::format("{} -a {} -d {}\n", start, child.name, quote(ShellKind::fish, child.description));
  }
  for (const OptionDescription& option : path.command->options) {
    std::string line = start;
    for (const std::string& name : option.names) {
      line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (option.takes_value()) line += " -r" + fish_value(option);
    lines += line + " -d " + quote(ShellKind::fish, option.description) + "\n";
  }
  for (const OptionDescription& argument : path.command->arguments) {
    if (argument.kind != ValueKind::text) lines += start + fish_value(argument) + "\n";
  }
  return lines;
}

std::string fish_completions(const CommandDescription& root) {
  std::string names;
  std::string lines;
  for (const CommandPath& path : all_commands(root)) {
    if (!path.words.empty()) names += " " + quote(ShellKind::fish, join(path.words, " "));
    lines += fish_command(path);
  }
  return fmt::format(R"sh(# fish completion for lacuna, written by `lacuna completions fish`.
function __lacuna_models
    {models}
end

# Are the words before the cursor those of this command?
function __lacuna_at
    set -l command
    for word in (commandline -opc)[2..-1]
        if contains -- (string join ' ' $command $word){names}
            set command $command $word
        end
    end
    test "$command" = "$argv"
end

complete -c lacuna -f
{lines})sh",
                     fmt::arg("models", kListModels), fmt::arg("names", names), fmt::arg("lines", lines));
}

}  // namespace

std::string shell_completions(ShellKind shell, const CommandDescription& root) {
  switch (shell) {
    case ShellKind::bash:
      return bash_completions(root);
    case ShellKind::zsh:
      return zsh_completions(root);
    case ShellKind::fish:
      return fish_completions(root);
  }
  return {};
}

}  // namespace lacuna::server
