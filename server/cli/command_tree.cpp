#include "server/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <string_view>

namespace lacuna::server {
namespace {

/// CLI11 tells a type and its limits as one text: "TEXT:{auto,avx2}", "N:INT in [0 - 1024]". The part before the colon.
std::string placeholder_of(const std::string& type) {
  return type.substr(0, type.find(':'));
}

std::vector<std::string> choices_of(std::string_view type) {
  const size_t begin = type.find(":{");
  if (begin == std::string_view::npos || !type.ends_with('}')) return {};
  const std::string inside(type.substr(begin + 2, type.size() - begin - 3));
  return CLI::detail::split(inside, ',');
}

ValueKind kind_of(const OptionDescription& option) {
  if (!option.choices.empty()) return ValueKind::choice;
  if (option.placeholder.starts_with("FILE")) return ValueKind::path;
  if (option.placeholder == "NAME|FILE") return ValueKind::path_or_model;
  // An argument NAME is a model that there is; an option --name is one that there will be.
  if (option.placeholder == "NAME" && option.names.empty()) return ValueKind::model;
  return ValueKind::text;
}

OptionDescription describe_option(const CLI::Option& option) {
  OptionDescription result;
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  const std::string type = option.get_type_name();
  if (option.get_items_expected_max() > 0) result.placeholder = type.empty() ? "VALUE" : placeholder_of(type);
  result.choices = choices_of(type);
  result.kind = kind_of(result);
  result.description = option.get_description();
  result.default_value = option.get_default_str();
  result.required = option.get_required();
  result.repeated = option.get_items_expected_max() > 1;
  return result;
}

void add_options(const CLI::App& app, CommandDescription& command) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    (option->get_positional() ? command.arguments : command.options).push_back(describe_option(*option));
  }
}

}  // namespace

CommandDescription describe_command(const CLI::App& app) {
  CommandDescription command{app.get_name(), app.get_description(), {}, {}, {}};
  add_options(app, command);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (child->get_name().empty()) {
      add_options(*child, command);  // a group of options, which CLI11 keeps as a command without a name
    } else if (!child->get_group().empty()) {
      command.commands.push_back(describe_command(*child));
    }
  }
  return command;
}

std::vector<CommandPath> all_commands(const CommandDescription& root) {
  std::vector<CommandPath> paths = {{{}, &root}};
  for (const CommandDescription& child : root.commands) {
    for (CommandPath path : all_commands(child)) {
      path.words.insert(path.words.begin(), child.name);
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

}  // namespace lacuna::server
