#include "engine/sidecar/sidecar.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/sidecar/digest.h"
#include "engine/sidecar/sidecar_folder.h"
#include "support/os.h"
#include "tests/engine/engine_runs.h"
#include "tests/engine/random_model.h"
#include "tests/temporary_folder.h"

using namespace lacuna;
using namespace lacuna::engine;
namespace fs = std::filesystem;

namespace {

/// The sidecars' folder is made by the engine.
class Folder {
 public:
  std::string path() const { return folder_ / "packed"; }
  const std::string& above() const { return folder_.path(); }

 private:
  testing::TemporaryFolder folder_;
};

EngineOptions options_for(const std::string& model, const std::string& folder) {
  EngineOptions options;
  options.model_path = model;
  options.num_threads = 2;
  options.context_tokens = 256;
  options.kv_cache_bytes = 1 << 20;
  options.max_batch_tokens = 64;
  options.sidecar_folder = folder;
  options.sidecar_least_bytes = 0;
  options.save_sidecar_first = true;
  return options;
}

Answers answers_of(Engine& engine) {
  std::vector<Request> requests;
  for (RequestId id = 1; id <= 3; ++id) {
    Request request;
    request.id = id;
    request.prompt = engine.tokenizer().encode(std::string(9 * id, 'x') + " the inner ring is in the third tree");
    request.max_tokens = 12;
    requests.push_back(request);
  }
  return run_together(engine, requests);
}

void check_same(const Answers& got, const Answers& expected) {
  check_same_tokens(got, expected);
  for (const auto& [id, answer] : expected) CHECK(got.at(id).log_probabilities == answer.log_probabilities);
}

std::string the_only_sidecar(const std::string& folder) {
  const auto files = list_sidecars(folder);
  REQUIRE(files.size() == 1);
  return files.front().path;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// As somebody would who damages it: in place.
void overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

bool packs_weights() {
  return kernels::available_isas().front() != "scalar";
}

/// One model, its answers without a sidecar, and a folder with its sidecar.
struct Fixture {
  ModelFile model{RandomModel{}};
  Folder folder;
  EngineOptions options = options_for(model.path(), folder.path());
  Answers expected = answers_of(*load_engine(options_for(model.path(), "")));

  /// Loads with whatever is in the folder; the answers must be as they are without.
  uint64_t shared_bytes_after_load() const {
    const auto engine = load_engine(options);
    check_same(answers_of(*engine), expected);
    return engine->statistics().shared_bytes;
  }
};

}  // namespace

TEST_SUITE("sidecar" * doctest::skip(!packs_weights())) {
  TEST_CASE("a second load maps what the first one packed, and computes the same") {
    const Fixture fixture;
    const auto first = load_engine(fixture.options);
    check_same(answers_of(*first), fixture.expected);
    const std::string path = the_only_sidecar(fixture.folder.path());
    const auto written = fs::last_write_time(path);
    const auto second = load_engine(fixture.options);
    check_same(answers_of(*second), fixture.expected);
    CHECK(fs::last_write_time(path) == written);
    CHECK(first->statistics().shared_bytes > 0);
    CHECK(second->statistics().shared_bytes == first->statistics().shared_bytes);
    struct stat file {}, folder {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    REQUIRE(::stat(fixture.folder.path().c_str(), &folder) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK((folder.st_mode & 0777) == 0700);
  }

  TEST_CASE("every type of tensor comes back from a sidecar as it was packed") {
    using kernels::TensorType;
    for (const TensorType type :
         {TensorType::f32, TensorType::f16, TensorType::bf16, TensorType::q4_0, TensorType::q4_1, TensorType::q5_0,
          TensorType::q5_1, TensorType::q8_0, TensorType::q4_k, TensorType::q5_k, TensorType::q6_k}) {
      CAPTURE(kernels::type_traits(type).name);
      const ModelFile model(RandomModel{.type = type, .tied = true});
      const Folder folder;
      const auto without = load_engine(options_for(model.path(), ""));
      load_engine(options_for(model.path(), folder.path()));
      const auto with = load_engine(options_for(model.path(), folder.path()));
      CHECK(with->statistics().shared_bytes > 0);
      check_same(answers_of(*with), answers_of(*without));
    }
  }

  TEST_CASE("a damaged byte of the index or of the data is found, and the sidecar is written again") {
    const Fixture fixture;
    fixture.shared_bytes_after_load();
    const std::string path = the_only_sidecar(fixture.folder.path());
    const std::string sound = bytes_of(path);
    const uint64_t data_offset = os::kHugePageBytes;
    std::vector<size_t> places;
    for (size_t at = 0; at < 72 + 40; ++at) places.push_back(at);  // the header, a section and a bit
    for (const size_t at : {data_offset, data_offset + 5000, uint64_t{sound.size()} - 4096}) places.push_back(at);
    for (const size_t at : places) {
      CAPTURE(at);
      std::string damaged = sound;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      overwrite(path, damaged);
      CHECK(fixture.shared_bytes_after_load() > 0);
      CHECK(bytes_of(the_only_sidecar(fixture.folder.path())) == sound);
    }
  }

  TEST_CASE("a sidecar that was cut or has grown is found, and written again") {
    const Fixture fixture;
    fixture.shared_bytes_after_load();
    const std::string path = the_only_sidecar(fixture.folder.path());
    const std::string sound = bytes_of(path);
    for (const size_t size : {size_t{0}, size_t{1}, size_t{71}, size_t{72}, size_t{500}, os::kHugePageBytes - 1,
                              os::kHugePageBytes, os::kHugePageBytes + 4096, sound.size() - 4096, sound.size() - 1}) {
      CAPTURE(size);
      overwrite(path, sound.substr(0, size));
      CHECK(fixture.shared_bytes_after_load() > 0);
      CHECK(bytes_of(path) == sound);
    }
    overwrite(path, sound + "x");
    fixture.shared_bytes_after_load();
    CHECK(bytes_of(path) == sound);
  }

  TEST_CASE("a layout that changed without a new version is found") {
    const Fixture fixture;
    fixture.shared_bytes_after_load();
    const std::string path = the_only_sidecar(fixture.folder.path());
    const std::string sound = bytes_of(path);
    auto file = os::PrivateFile::open(path);
    REQUIRE(file.ok());
    auto index = read_sidecar_index(*file);
    REQUIRE(index.ok());
    // Another packing of the same weights: other bytes, with right checksums.
    std::string other = sound;
    SidecarSection& section = index->sections.front();
    char* data = other.data() + index->data_offset + section.offset;
    for (uint64_t i = 0; i < section.bytes; ++i) data[i] = static_cast<char>(~data[i]);
    section.checksum = digest_of(std::string_view(data, section.bytes));
    const std::string head = encode(*index);
    other.replace(0, head.size(), head);
    overwrite(path, other);
    CHECK(fixture.shared_bytes_after_load() > 0);
    CHECK(bytes_of(path) == sound);
  }

  TEST_CASE("a model file that was replaced gets a new sidecar, and the old one is removed") {
    const Fixture fixture;
    fixture.shared_bytes_after_load();
    const std::string before = the_only_sidecar(fixture.folder.path());
    const auto running = load_engine(fixture.options);
    const ModelFile other(RandomModel{.seed = 2});
    const auto other_answers = answers_of(*load_engine(options_for(other.path(), "")));
    fs::rename(other.path(), fixture.model.path());
    const auto replaced = load_engine(fixture.options);
    check_same(answers_of(*replaced), other_answers);
    CHECK(the_only_sidecar(fixture.folder.path()) != before);
    running->clear_cache();
    check_same(answers_of(*running), fixture.expected);  // what is mapped stays
  }

  TEST_CASE("without a folder to write to, weights are packed as if there were no sidecars") {
    Fixture fixture;
    overwrite(fixture.folder.above() + "/file", "x");
    fixture.options.sidecar_folder = fixture.folder.above() + "/file/packed";
    CHECK(fixture.shared_bytes_after_load() == 0);
    if (::geteuid() == 0) return;  // who may write everywhere
    REQUIRE(::chmod(fixture.folder.above().c_str(), 0500) == 0);
    fixture.options.sidecar_folder = fixture.folder.path();
    CHECK(fixture.shared_bytes_after_load() == 0);
    REQUIRE(::chmod(fixture.folder.above().c_str(), 0700) == 0);
  }

  TEST_CASE("a sidecar that somebody else may have written is not believed") {
    const Fixture fixture;
    fixture.shared_bytes_after_load();
    const std::string path = the_only_sidecar(fixture.folder.path());
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
    CHECK_FALSE(list_sidecars(fixture.folder.path()).front().usable());
    CHECK(fixture.shared_bytes_after_load() > 0);
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    fs::rename(path, fixture.folder.above() + "/elsewhere");
    fs::create_symlink(fixture.folder.above() + "/elsewhere", path);
    CHECK(fixture.shared_bytes_after_load() > 0);
    CHECK_FALSE(fs::is_symlink(path));
    if (::geteuid() == 0) {
      REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
      CHECK(fixture.shared_bytes_after_load() > 0);
      REQUIRE(::stat(path.c_str(), &info) == 0);
      CHECK(info.st_uid == 0);
    }
    REQUIRE(::chmod(fixture.folder.path().c_str(), 0777) == 0);
    fs::remove(path);
    CHECK(fixture.shared_bytes_after_load() == 0);  // nor is anything written where others could exchange it
    CHECK(list_sidecars(fixture.folder.path()).empty());
  }

  TEST_CASE("first loads in several processes at once leave one sound sidecar") {
    const Fixture fixture;
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        const auto engine = LocalEngine::load(fixture.options, {}, nullptr);
        const bool shared = engine.ok() && (*engine)->statistics().shared_bytes > 0;
        ::_exit(shared && answers_of(**engine).at(1).tokens == fixture.expected.at(1).tokens ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      CHECK(status == 0);
    }
    the_only_sidecar(fixture.folder.path());
    CHECK(fixture.shared_bytes_after_load() > 0);
  }

  TEST_CASE("weights are exchanged for the mapped file while the engine computes") {
    Fixture fixture;
    fixture.options.save_sidecar_first = false;
    const auto engine = load_engine(fixture.options);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    do {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      engine->clear_cache();
      check_same(answers_of(*engine), fixture.expected);
    } while (engine->statistics().shared_bytes == 0);
    engine->clear_cache();
    check_same(answers_of(*engine), fixture.expected);
  }

  TEST_CASE("a process that died while it wrote leaves nothing behind for long") {
    const Fixture fixture;
    fs::create_directory(fixture.folder.path());
    REQUIRE(::chmod(fixture.folder.path().c_str(), 0700) == 0);
    overwrite(fixture.folder.path() + "/random.weights.aBcDeF.unfinished", "half");
    fixture.shared_bytes_after_load();
    CHECK(the_only_sidecar(fixture.folder.path()).ends_with(kSidecarSuffix));
  }

  TEST_CASE("removing a model's sidecars leaves those of other models") {
    const Fixture fixture;
    const ModelFile other(RandomModel{.seed = 2});
    fixture.shared_bytes_after_load();
    load_engine(options_for(other.path(), fixture.folder.path()));
    REQUIRE(list_sidecars(fixture.folder.path()).size() == 2);
    const uint64_t freed = remove_sidecars_of(fixture.model.path(), fixture.folder.path());
    CHECK(freed > os::kHugePageBytes);
    const auto left = list_sidecars(fixture.folder.path());
    REQUIRE(left.size() == 1);
    CHECK(left.front().model_path == fs::canonical(other.path()).string());
    CHECK(left.front().usable());
  }

  TEST_CASE("small models are not worth a sidecar, and the scalar kernels need none") {
    Fixture fixture;
    fixture.options.sidecar_least_bytes = 1 << 30;
    CHECK(fixture.shared_bytes_after_load() == 0);
    fixture.options.sidecar_least_bytes = 0;
    fixture.options.isa = "scalar";
    CHECK(load_engine(fixture.options)->statistics().shared_bytes == 0);
    CHECK(list_sidecars(fixture.folder.path()).empty());
  }
}
