/// libcurl, loaded when the first file is to be fetched from an address, and not before.
///
/// One command needs it (`lacuna model pull --url`), and it brings some thirty libraries along: linked, each start of
/// `lacuna lsp` would map network code that the language server must never call, and a package for any Linux would
/// have to carry all of them.
#pragma once

#include <curl/curl.h>

#include "support/result.h"

namespace lacuna::server {

/// The functions of the library that are used here, under its own names.
struct CurlLibrary {
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;
  decltype(&::curl_free) free = nullptr;

  /// The library, loaded once; `unsupported` if this machine has none, or one older than 7.85 (2022), whose list of
  /// protocols cannot be limited by name. Any thread.
  static Result<const CurlLibrary*> load();
};

}  // namespace lacuna::server
