#include "server/lsp/uri.h"

#include <doctest/doctest.h>

using lacuna::server::path_of_uri;

TEST_CASE("file URIs give their decoded path") {
  CHECK(path_of_uri("file:///a/b.py") == "/a/b.py");
  CHECK(path_of_uri("file:///a%20b/%C3%A9.py") == "/a b/é.py");
  CHECK(path_of_uri("file://host/a.py") == "/a.py");
  CHECK(path_of_uri("file:///a.py?query#fragment") == "/a.py");
  CHECK(path_of_uri("file:///100%") == "/100%");
  CHECK(path_of_uri("file:///%zz%4") == "/%zz%4");
}

TEST_CASE("other URIs give their last part") {
  CHECK(path_of_uri("untitled:Untitled-1") == "Untitled-1");
  CHECK(path_of_uri("vscode-remote://ssh/home/a/main.rs") == "main.rs");
  CHECK(path_of_uri("") == "");
  CHECK(path_of_uri("file://") == "");
  CHECK(path_of_uri("x") == "x");
}
