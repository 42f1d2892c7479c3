#include "server/lsp/settings.h"

#include <doctest/doctest.h>

using namespace lacuna::server;

namespace {

SettingsReading read(const char* text, SettingsSource source = SettingsSource::initialization,
                     const Settings& base = {}) {
  return read_settings(Json::parse(text), base, source);
}

}  // namespace

TEST_CASE("settings are taken over their base") {
  Settings base;
  base.completion.suffix_tokens = 77;
  const auto [settings, warnings] = read(R"({
    "completion": {"enabled": false, "inComments": true, "inStrings": true, "maxLines": 9, "prefixTokens": 100, "maxTokens": 5, "list": "always"},
    "diagnostics": {"enabled": false}, "repair": {"enabled": false},
    "model": "some", "threads": 3, "isa": "avx2", "unknown": {"x": 1}})",
                                         SettingsSource::initialization, base);
  CHECK(warnings.empty());
  CHECK_FALSE(settings.completion.enabled);
  CHECK(settings.completion.in_comments);
  CHECK(settings.completion.in_strings);
  CHECK(settings.completion.max_lines == 9);
  CHECK(settings.completion.prefix_tokens == 100);
  CHECK(settings.completion.suffix_tokens == 77);
  CHECK(settings.completion.max_tokens == 5);
  CHECK(settings.completion_list == CompletionList::always);
  CHECK_FALSE(settings.diagnostics);
  CHECK_FALSE(settings.repair);
  CHECK(settings.model == "some");
  CHECK(settings.num_threads == 3);
  CHECK(settings.isa == "avx2");
}

TEST_CASE("null and absence leave everything as it was") {
  CHECK(read("null").warnings.empty());
  CHECK(read("{}").warnings.empty());
  CHECK(read(R"({"completion": null, "model": null})").warnings.empty());
}

TEST_CASE("each wrong value is warned about and leaves the default") {
  const auto [settings, warnings] = read(R"({
    "completion": {"enabled": "yes", "maxLines": 0, "maxTokens": "x", "prefixTokens": 3.5, "suffixTokens": -1, "list": "often"},
    "diagnostics": [], "repair": {"enabled": 1}, "model": 5, "threads": 18446744073709551615})");
  CHECK(warnings.size() == 10);
  CHECK(settings.completion.enabled);
  CHECK(settings.completion.max_lines == CompletionSettings().max_lines);
  CHECK(settings.completion.max_tokens == CompletionSettings().max_tokens);
  CHECK(settings.completion_list == CompletionList::automatic);
  CHECK(settings.diagnostics);
  CHECK(settings.model.empty());
  CHECK(settings.num_threads == -1);
  CHECK(warnings[0] == "completion.enabled: expected true or false; using true");
  CHECK(read("[]").warnings.size() == 1);
  CHECK(read("\"x\"").warnings.size() == 1);
}

TEST_CASE("a workspace chooses no model") {
  const auto [settings, warnings] =
      read(R"({"model": "/evil.gguf", "threads": 64, "isa": "scalar", "completion": {"maxLines": 2}})",
           SettingsSource::workspace);
  CHECK(settings.model.empty());
  CHECK(settings.num_threads == -1);
  CHECK(settings.isa.empty());
  CHECK(settings.completion.max_lines == 2);
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0] == "model: ignored: taken from the command line and initializationOptions only");
}
