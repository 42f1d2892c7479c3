#include "server/models/curl_library.h"

#include <dlfcn.h>

#include <string>

namespace lacuna::server {
namespace {

// Debian's two builds of it: with OpenSSL, as everywhere else, and with GnuTLS.
constexpr const char* kFileNames[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
constexpr unsigned kOldestVersion = 0x075500;  // 7.85.0: CURLOPT_PROTOCOLS_STR

Result<void*> open_library() {
  std::string reason;
  for (const char* name : kFileNames) {
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
    if (reason.empty()) reason = ::dlerror();
  }
  return Error::format(ErrorCode::unsupported,
                       "fetching from an address needs the library libcurl, which cannot be loaded ({}); on Debian and "
                       "Ubuntu: apt install libcurl4",
                       reason);
}

template <class Function>
bool resolve(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

bool resolve_all(void* library, CurlLibrary& curl) {
  return resolve(library, "curl_easy_init", curl.easy_init) &&
         resolve(library, "curl_easy_cleanup", curl.easy_cleanup) &&
         resolve(library, "curl_easy_setopt", curl.easy_setopt) &&
         resolve(library, "curl_easy_getinfo", curl.easy_getinfo) &&
         resolve(library, "curl_easy_perform", curl.easy_perform) &&
         resolve(library, "curl_easy_strerror", curl.easy_strerror) && resolve(library, "curl_url", curl.url) &&
         resolve(library, "curl_url_cleanup", curl.url_cleanup) && resolve(library, "curl_url_get", curl.url_get) &&
         resolve(library, "curl_url_set", curl.url_set) && resolve(library, "curl_free", curl.free);
}

Result<CurlLibrary> open() {
  LACUNA_ASSIGN_OR_RETURN(void* const library, open_library());  // never closed: it may start what outlives a download
  CurlLibrary curl;
  decltype(&::curl_version_info) version_info = nullptr;
  if (!resolve(library, "curl_version_info", version_info) || !resolve_all(library, curl)) {
    return Error{ErrorCode::unsupported, "the installed libcurl lacks functions that fetching from an address needs"};
  }
  const curl_version_info_data* info = version_info(CURLVERSION_NOW);
  if (info->version_num < kOldestVersion) {
    return Error::format(ErrorCode::unsupported, "the installed libcurl is {}, and fetching from an address needs 7.85",
                         info->version);
  }
  return curl;
}

}  // namespace

Result<const CurlLibrary*> CurlLibrary::load() {
  static const Result<CurlLibrary> library = open();
  if (!library.ok()) return library.error();
  return &*library;
}

}  // namespace lacuna::server
