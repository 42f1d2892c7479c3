#include "server/lsp/client_quirks.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "server/lsp/client_capabilities.h"
#include "server/lsp/completion_items.h"

using namespace lacuna::server;
using namespace std::chrono_literals;

TEST_CASE("a client is found by the beginning of its name") {
  CHECK(quirks_of("Neovim").range_from_cursor);
  CHECK(quirks_of("Neovim Qt").range_from_cursor);
  for (const char* other : {"", "Visual Studio Code", "code-server", "helix", "neovim"}) {
    CHECK(quirks_of(other).name.empty());
    CHECK_FALSE(quirks_of(other).range_from_cursor);
  }
}

TEST_CASE("each row has a name of its own, and says something") {
  std::set<std::string_view> names;
  for (const ClientQuirks& quirks : client_quirks()) {
    CHECK(names.insert(quirks.name).second);
    CHECK(&quirks_of(quirks.name) == &quirks);
    CHECK((quirks.waits > 0ms || quirks.range_from_cursor || quirks.selection_is_no_entry || quirks.wants_insert_text));
  }
}

TEST_CASE("a plugin of ours tells its own delay, and nonsense is not believed") {
  const auto waits = [](const char* text) {
    Json params = {{"clientInfo", {{"name", "emacs"}}}};
    params["capabilities"]["experimental"]["lacuna"]["waitsMs"] = Json::parse(text);
    return read_client_capabilities(params).quirks.waits;
  };
  CHECK(waits("50") == 50ms);
  CHECK(waits("0") == 0ms);
  for (const char* nonsense : {"-1", "1e9", "100000", "\"50\"", "null", "18446744073709551615"}) {
    CHECK(waits(nonsense) == quirks_of("emacs").waits);
  }
}

TEST_CASE("an item is told from the cursor on where nothing before it changes") {
  Snapshot snapshot;
  snapshot.text = std::make_shared<const std::string>("x = na");
  const auto told = [&](const char* text, uint32_t begin, uint32_t end) {
    const CompletionItem item = from_cursor({text, {begin, end}}, snapshot, 6);
    return std::to_string(item.replace.begin) + "-" + std::to_string(item.replace.end) + ":" + item.text;
  };
  CHECK(told("name", 4, 6) == "6-6:me");
  CHECK(told("name", 6, 6) == "6-6:name");
  CHECK(told("Name", 4, 6) == "4-6:Name");
  CHECK(told("na", 4, 6) == "4-6:na");
}
