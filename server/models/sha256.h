/// SHA-256 of a stream of bytes and of files, as lower-case hexadecimal. The arithmetic is libcrypto's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "support/result.h"

struct evp_md_ctx_st;

namespace lacuna::server {

class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> bytes);
  /// The digest of everything so far. Ends the stream: nothing may be called afterwards.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// `on_read(done_bytes)` is called every few MiB; when it returns false the error is `cancelled`. Errors: not_found,
/// io.
Result<std::string> sha256_of_file(const std::string& path, const std::function<bool(uint64_t)>& on_read = {});

/// Sixty-four hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace lacuna::server
