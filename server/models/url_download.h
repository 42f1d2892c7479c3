/// Fetching a model from an address that the user gives, together with the sum it must have.
#pragma once

#include <cstdint>
#include <string>

#include "server/models/installation.h"
#include "support/result.h"

namespace lacuna::server {

struct UrlModel {
  std::string name;
  std::string url;     ///< https, file, or http to this machine only
  std::string sha256;  ///< of the whole file
  uint64_t max_bytes = uint64_t{64} << 30;
};

/// Downloads into `models_folder` as NAME.gguf and returns its path. What a broken attempt left is continued where the
/// server allows it. At most five redirects, each under the same rules. Errors: invalid_argument, io, corrupt (another
/// sum, or no GGUF file), exhausted (over max_bytes, or the disk is full), unavailable, cancelled, unsupported (no
/// libcurl).
Result<std::string> download_url_model(const UrlModel& model, const std::string& models_folder,
                                       const DownloadObserver& observer);

/// Errors: invalid_argument, saying why this address is not fetched; unsupported (no libcurl, which reads addresses).
Result<void> check_url(const std::string& url);

}  // namespace lacuna::server
