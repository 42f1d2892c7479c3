/// Redirects are followed here and not by the library, so that every hop passes check_url(): an address on this machine
/// may be plain http, and must not lead out of it unencrypted.
#include "server/models/url_download.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "engine/gguf/gguf_file.h"
#include "server/models/curl_library.h"
#include "support/os.h"

namespace lacuna::server {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxRedirects = 5;
constexpr long kConnectSeconds = 30;
constexpr long kStalledSeconds = 60;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Handle = std::unique_ptr<CURL, decltype(CurlLibrary::easy_cleanup)>;
using Url = std::unique_ptr<CURLU, decltype(CurlLibrary::url_cleanup)>;
using File = std::unique_ptr<std::FILE, Close>;

std::string part_of(const CurlLibrary& curl, const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl.url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string result(text);
  curl.free(text);
  return result;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

/// One attempt at one address: appends to the partial file, or starts it anew where the server does not continue.
class Transfer {
 public:
  Transfer(const CurlLibrary& curl, const UrlModel& model, const Installation& installation, std::string path,
           const DownloadObserver& observer)
      : curl_(curl), model_(model), installation_(installation), path_(std::move(path)), observer_(observer) {}

  /// Returns the address to go on with, or nothing when the file is complete.
  Result<std::string> get(const std::string& url);

 private:
  static size_t on_bytes(char* bytes, size_t size, size_t count, void* self);
  static int on_progress(void* self, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t);
  size_t write(const char* bytes, size_t count);
  Result<void> start_body();
  Result<void> fail(Error error);
  void set_options(const std::string& url);
  Result<std::string> outcome(CURLcode code, const std::string& url);

  const CurlLibrary& curl_;
  const UrlModel& model_;
  const Installation& installation_;
  const std::string path_;
  const DownloadObserver& observer_;
  Handle handle_{nullptr, curl_.easy_cleanup};
  File file_;
  uint64_t resumed_bytes_ = 0;
  uint64_t written_bytes_ = 0;  ///< in the file, of earlier attempts too
  bool started_ = false;
  Result<void> failure_;
  std::array<char, CURL_ERROR_SIZE> message_{};
};

size_t Transfer::on_bytes(char* bytes, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->write(bytes, size * count);
}

int Transfer::on_progress(void* self, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto* transfer = static_cast<Transfer*>(self);
  const uint64_t before = transfer->resumed_bytes_;
  const uint64_t whole = total > 0 ? before + static_cast<uint64_t>(total) : 0;
  const bool go_on =
      !transfer->observer_ ||
      transfer->observer_({"downloading", before + static_cast<uint64_t>(std::max<curl_off_t>(now, 0)), whole});
  return go_on ? 0 : 1;
}

Result<void> Transfer::fail(Error error) {
  failure_ = std::move(error);
  return failure_;
}

/// Before the first byte of the body: does the server continue, and is there room?
Result<void> Transfer::start_body() {
  started_ = true;
  long status = 0;
  curl_off_t length = -1;
  curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_.easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (status == 200) resumed_bytes_ = 0;  // it sends the whole file although a part was asked for
  file_.reset(std::fopen(path_.c_str(), resumed_bytes_ > 0 ? "abe" : "wbe"));
  if (file_ == nullptr) return fail(Error::format(ErrorCode::io, "cannot write '{}': {}", path_, std::strerror(errno)));
  written_bytes_ = resumed_bytes_;
  if (length <= 0) return {};
  const auto rest = static_cast<uint64_t>(length);
  if (rest > model_.max_bytes - std::min(model_.max_bytes, resumed_bytes_)) {
    return fail(Error::format(ErrorCode::exhausted, "'{}' is {} long, and at most {} are fetched", model_.url,
                              human_bytes(resumed_bytes_ + rest), human_bytes(model_.max_bytes)));
  }
  const Result<void> space = installation_.require_space(rest);
  return space.ok() ? Result<void>() : fail(space.error());
}

size_t Transfer::write(const char* bytes, size_t count) {
  long status = 0;
  curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300) return count;  // the text of a redirect or an error is not the file
  if (!started_ && !start_body().ok()) return 0;
  if (count > model_.max_bytes - std::min(model_.max_bytes, written_bytes_)) {
    (void)fail(
        Error::format(ErrorCode::exhausted, "'{}' is longer than {}", model_.url, human_bytes(model_.max_bytes)));
    return 0;
  }
  if (std::fwrite(bytes, 1, count, file_.get()) != count) {
    (void)fail(Error::format(ErrorCode::io, "cannot write '{}': {}", path_, std::strerror(errno)));
    return 0;
  }
  written_bytes_ += count;
  return count;
}

void Transfer::set_options(const std::string& url) {
  CURL* handle = handle_.get();
  curl_.easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  if (url.starts_with("http:")) curl_.easy_setopt(handle, CURLOPT_NOPROXY, "*");  // this machine: no proxy can reach it
  curl_.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_.easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_.easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  curl_.easy_setopt(handle, CURLOPT_USERAGENT, "lacuna");
  curl_.easy_setopt(handle, CURLOPT_ERRORBUFFER, message_.data());
  curl_.easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_.easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_.easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_.easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_.easy_setopt(handle, CURLOPT_XFERINFODATA, this);
  // Not CURLOPT_RESUME_FROM: with it, a server that sends the whole file again is an error.
  if (resumed_bytes_ > 0) curl_.easy_setopt(handle, CURLOPT_RANGE, fmt::format("{}-", resumed_bytes_).c_str());
}

Result<std::string> Transfer::get(const std::string& url) {
  std::error_code error;
  resumed_bytes_ = fs::exists(path_, error) ? fs::file_size(path_, error) : 0;
  started_ = false;
  handle_.reset(curl_.easy_init());
  if (handle_ == nullptr) return Error{ErrorCode::internal, "the download library could not be started"};
  set_options(url);
  const CURLcode code = curl_.easy_perform(handle_.get());
  const bool closed = file_ == nullptr || std::fclose(file_.release()) == 0;
  if (!failure_.ok()) return failure_.error();
  if (!closed) return Error::format(ErrorCode::io, "cannot write '{}': {}", path_, std::strerror(errno));
  return outcome(code, url);
}

Result<std::string> Transfer::outcome(CURLcode code, const std::string& url) {
  if (code == CURLE_ABORTED_BY_CALLBACK) return Error{ErrorCode::cancelled, "the download was cancelled"};
  long status = 0;
  char* redirect = nullptr;
  curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_.easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &redirect);
  // Nothing is left to send: the sum decides whether the file is whole.
  if (status == 416 || code == CURLE_BAD_DOWNLOAD_RESUME) return std::string();
  if (code != CURLE_OK) {
    return Error::format(ErrorCode::io, "cannot download '{}': {}", url,
                         message_[0] != 0 ? message_.data() : curl_.easy_strerror(code));
  }
  if (status >= 300 && status < 400 && redirect != nullptr) return std::string(redirect);
  if (status >= 300) return Error::format(ErrorCode::io, "'{}' answered with status {}", url, status);
  if (!started_ && resumed_bytes_ == 0) return Error::format(ErrorCode::corrupt, "'{}' is empty", url);
  return std::string();
}

/// A part of another file must not be continued: what is asked for is written beside it.
Result<void> keep_only_same_source(const std::string& folder, const UrlModel& model, const std::string& partial) {
  const std::string note = folder + "/source";
  const std::string wanted = model.url + "\n" + model.sha256 + "\n";
  const Result<std::string> found = os::read_file(note, size_t{1} << 16);
  if (found.ok() && *found == wanted) return {};
  std::error_code error;
  fs::remove(partial, error);
  return os::write_file_atomically(note, wanted);
}

Result<void> fetch(const UrlModel& model, const Installation& installation, const std::string& partial,
                   const DownloadObserver& observer) {
  std::string url = model.url;
  LACUNA_ASSIGN_OR_RETURN(const CurlLibrary* const curl, CurlLibrary::load());
  Transfer transfer(*curl, model, installation, partial, observer);
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    LACUNA_RETURN_IF_ERROR(check_url(url));
    LACUNA_ASSIGN_OR_RETURN(const std::string next, transfer.get(url));
    if (next.empty()) return {};
    url = next;
  }
  return Error::format(ErrorCode::io, "'{}' redirects more than {} times", model.url, kMaxRedirects);
}

Result<void> check_sum(const UrlModel& model, const std::string& partial, const DownloadObserver& observer) {
  std::error_code error;
  const uint64_t total = fs::file_size(partial, error);
  const auto on_read = [&](uint64_t done) { return !observer || observer({"checking", done, error ? 0 : total}); };
  LACUNA_ASSIGN_OR_RETURN(const std::string sha256, sha256_of_file(partial, on_read));
  if (sha256 == model.sha256) return {};
  fs::remove(partial, error);
  return Error::format(ErrorCode::corrupt, "'{}' has SHA-256 {}, but {} was expected; what was downloaded is deleted",
                       model.url, sha256, model.sha256);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Result<void> check_url(const std::string& url) {
  LACUNA_ASSIGN_OR_RETURN(const CurlLibrary* const curl, CurlLibrary::load());
  const Url parsed(curl->url(), curl->url_cleanup);
  if (parsed == nullptr || curl->url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return Error::format(ErrorCode::invalid_argument, "'{}' is not an address", url);
  }
  const std::string scheme = part_of(*curl, parsed, CURLUPART_SCHEME);
  if (scheme == "https" || scheme == "file") return {};
  if (scheme == "http" && is_loopback(part_of(*curl, parsed, CURLUPART_HOST))) return {};
  return Error::format(ErrorCode::invalid_argument,
                       "'{}' is not fetched: only https, file, and http on this machine are", url);
}

Result<std::string> download_url_model(const UrlModel& given, const std::string& models_folder,
                                       const DownloadObserver& observer) {
  UrlModel model = given;
  if (!is_sha256(model.sha256)) {
    return Error::format(ErrorCode::invalid_argument, "'{}' is not a SHA-256 of 64 hexadecimal digits", model.sha256);
  }
  model.sha256 = lower(model.sha256);
  LACUNA_RETURN_IF_ERROR(check_url(model.url));
  LACUNA_ASSIGN_OR_RETURN(const std::unique_ptr<Installation> installation,
                          Installation::begin(models_folder, model.name));
  const std::string partial = installation->scratch_folder() + "/download";
  LACUNA_RETURN_IF_ERROR(keep_only_same_source(installation->scratch_folder(), model, partial));
  LACUNA_RETURN_IF_ERROR(fetch(model, *installation, partial, observer));
  LACUNA_RETURN_IF_ERROR(check_sum(model, partial, observer));
  if (const auto opened = engine::gguf::File::open(partial); !opened.ok()) return opened.error();
  return installation->finish(partial, model.name + ".gguf");
}

}  // namespace lacuna::server
