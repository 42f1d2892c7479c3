#include "server/model_store.h"

#include <algorithm>
#include <filesystem>

#include "server/models/url_download.h"
#include "tests/server/models/fixture.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

struct Store {
  TemporaryFolder folder;
  Environment environment = environment_in(folder);
  std::string brought = folder / "my models/brought.gguf";

  Store() { write_text(brought, empty_gguf()); }
  Result<std::string> resolve(std::string_view name) const { return resolve_model(name, environment); }
  /// A file of the right size for a catalogue model, without using the disk for it.
  std::string install_hollow(const CatalogueEntry& entry, int64_t difference = 0) const {
    const std::string path = models_folder(environment) + "/" + std::string(entry.file_name);
    write_text(path, "");
    fs::resize_file(path, static_cast<uint64_t>(static_cast<int64_t>(entry.bytes) + difference));
    return path;
  }
};

void check_error(const Result<std::string>& result, ErrorCode code, std::string_view part) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == code);
  CHECK_MESSAGE(result.error().message.find(part) != std::string::npos, result.error().message);
}

TEST_CASE("without a model, the error names the command that fetches it") {
  const Store store;
  check_error(store.resolve(""), ErrorCode::not_found, "lacuna model pull qwen2.5-coder-0.5b");
  check_error(store.resolve("smollm2-135m"), ErrorCode::not_found, "lacuna model pull smollm2-135m");
}

TEST_CASE("an unknown name is told with the known ones") {
  check_error(Store().resolve("gpt-9"), ErrorCode::not_found, "smollm2-135m");
}

TEST_CASE("a catalogue model is found once a file of its size is there") {
  const Store store;
  const std::string path = store.install_hollow(catalogue()[0]);
  const Result<std::string> found = store.resolve("");
  REQUIRE(found.ok());
  CHECK(*found == path);
}

TEST_CASE("a catalogue model of another size is damaged") {
  const Store store;
  store.install_hollow(catalogue()[0], -1);
  check_error(store.resolve(""), ErrorCode::corrupt, "lacuna model pull");
}

TEST_CASE("a path is taken as it is, and must be a file") {
  const Store store;
  CHECK(*store.resolve(store.brought) == store.brought);
  check_error(store.resolve(store.folder / "none.gguf"), ErrorCode::not_found, "none.gguf");
  check_error(store.resolve("none.gguf"), ErrorCode::not_found, "none.gguf");
  check_error(store.resolve(store.folder.path()), ErrorCode::invalid_argument, "not a regular file");
  check_error(store.resolve("/dev/zero"), ErrorCode::invalid_argument, "/dev/zero");
}

TEST_CASE("a tilde is the home folder, for settings of editors") {
  const Store store;
  const Result<std::string> found = store.resolve("~/my models/brought.gguf");
  REQUIRE(found.ok());
  CHECK(*found == store.brought);
}

TEST_CASE("an added file is found by its name, also through a relative path") {
  const Store store;
  const fs::path old = fs::current_path();
  fs::current_path(store.folder / "my models");
  const Result<ModelRecord> record = add_model("./brought.gguf", "mine", store.environment);
  fs::current_path(old);
  REQUIRE_MESSAGE(record.ok(), record.error().message);
  CHECK(fs::equivalent(record->file, store.brought));
  CHECK(record->sha256 == sha256_of(empty_gguf()));
  REQUIRE(store.resolve("mine").ok());
  const auto models = list_models(store.environment);
  REQUIRE(models.ok());
  CHECK(models->back().record.name == "mine");
  CHECK(models->back().state == ModelState::present);
  CHECK(models->size() == catalogue().size() + 1);
}

TEST_CASE("what is no GGUF file is not added") {
  const Store store;
  write_text(store.folder / "text.gguf", "once upon a time there was no model in this file");
  CHECK(add_model(store.folder / "text.gguf", "text", store.environment).error().code == ErrorCode::corrupt);
  CHECK(list_models(store.environment)->size() == catalogue().size());
}

TEST_CASE("names that would leave the folder, hide in it, or shadow the catalogue are refused") {
  const Store store;
  for (const char* name : {"", "../up", ".hidden", "-dash", "a/b", "a b", "x.gguf", "smollm2-135m"}) {
    CAPTURE(name);
    CHECK(add_model(store.brought, name, store.environment).error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("verifying reads the whole file") {
  const Store store;
  REQUIRE(add_model(store.brought, "mine", store.environment).ok());
  CHECK(verify_model(*find_model("mine", store.environment)).ok());
  std::string bytes = empty_gguf();
  bytes.back() = 1;  // of the same size
  write_text(store.brought, bytes);
  CHECK(store.resolve("mine").ok());
  const Result<void> verified = verify_model(*find_model("mine", store.environment));
  REQUIRE_FALSE(verified.ok());
  CHECK(verified.error().code == ErrorCode::corrupt);
  CHECK(verified.error().message.find(sha256_of(bytes)) != std::string::npos);
}

TEST_CASE("removing a brought model forgets its name and keeps the file") {
  const Store store;
  REQUIRE(add_model(store.brought, "mine", store.environment).ok());
  const Result<uint64_t> freed = remove_model("mine", store.environment);
  REQUIRE(freed.ok());
  CHECK(*freed == 0);
  CHECK(fs::exists(store.brought));
  CHECK(store.resolve("mine").error().code == ErrorCode::not_found);
}

TEST_CASE("removing a catalogue model deletes its file, and what a broken download left") {
  const Store store;
  const std::string path = store.install_hollow(catalogue()[2]);
  const std::string left_over = models_folder(store.environment) + "/.partial/smollm2-135m/part.whl";
  write_text(left_over, "half");
  const Result<uint64_t> freed = remove_model("smollm2-135m", store.environment);
  REQUIRE(freed.ok());
  CHECK(*freed == catalogue()[2].bytes);
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(fs::exists(left_over));
  CHECK(remove_model("smollm2-135m", store.environment).error().code == ErrorCode::not_found);
}

TEST_CASE("a models.json that is damaged is told, never ignored and never overwritten") {
  const Store store;
  const std::string file = store.environment.cache_directory + "/models.json";
  for (const char* text : {"", "{", "[]", "{\"models\": 3}", "{\"models\": [{}]}", "{\"models\": [{\"name\": 1}]}",
                           "{\"models\": [{\"name\": \"a\", \"file\": \"b\", \"bytes\": -1, \"sha256\": \"\"}]}"}) {
    CAPTURE(text);
    write_text(file, text);
    const auto models = list_models(store.environment);
    REQUIRE_FALSE(models.ok());
    CHECK(models.error().code == ErrorCode::corrupt);
    CHECK(models.error().message.find(file) != std::string::npos);
    CHECK_FALSE(add_model(store.brought, "mine", store.environment).ok());
    CHECK(read_text(file) == text);
  }
}

TEST_CASE("a model comes from a file address, with its sum checked") {
  const Store store;
  UrlModel model{"mine", "file://" + store.folder.path() + "/my%20models/brought.gguf", sha256_of(empty_gguf())};
  const std::string models = models_folder(store.environment);
  const Result<std::string> path = download_url_model(model, models, {});
  REQUIRE_MESSAGE(path.ok(), path.error().message);
  CHECK(*path == models + "/mine.gguf");
  CHECK(read_text(*path) == empty_gguf());
}

TEST_CASE("a file with another sum does not come into the cache") {
  const Store store;
  const UrlModel model{"mine", "file://" + store.folder.path() + "/my%20models/brought.gguf", std::string(64, '0')};
  const std::string models = models_folder(store.environment);
  CHECK(download_url_model(model, models, {}).error().code == ErrorCode::corrupt);
  CHECK_FALSE(fs::exists(models + "/mine.gguf"));
  CHECK_FALSE(fs::exists(models + "/.partial/mine/download"));
}

TEST_CASE("a file longer than the limit is not fetched") {
  const Store store;
  UrlModel model{"mine", "file://" + store.folder.path() + "/my%20models/brought.gguf", sha256_of(empty_gguf())};
  model.max_bytes = empty_gguf().size() - 1;
  CHECK(download_url_model(model, models_folder(store.environment), {}).error().code == ErrorCode::exhausted);
}

TEST_CASE("only https, file, and http to this machine are fetched") {
  for (const char* url : {"https://example.org/m.gguf", "file:///m.gguf", "http://localhost/m",
                          "http://127.0.0.1:8080/m", "http://[::1]/m"}) {
    CAPTURE(url);
    CHECK(check_url(url).ok());
  }
  for (const char* url :
       {"http://example.org/m.gguf", "ftp://example.org/m", "http://localhost.example.org/m", "scp://h/m", "m.gguf", "",
        "http://localhost@example.org/", "http://127.0.0.1.example.org/", "http://0.0.0.0/"}) {
    CAPTURE(url);
    CHECK(check_url(url).error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a sum that is no SHA-256 is refused before anything is fetched") {
  const Store store;
  const UrlModel model{"mine", "file:///none", "1234"};
  const Result<std::string> pulled = download_url_model(model, models_folder(store.environment), {});
  CHECK(pulled.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace lacuna::server
