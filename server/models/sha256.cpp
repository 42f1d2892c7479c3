#include "server/models/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "support/check.h"

namespace lacuna::server {

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  LACUNA_CHECK(context_ != nullptr);
  LACUNA_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::span<const std::byte> bytes) {
  LACUNA_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  LACUNA_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), &length) == 1);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

Result<std::string> sha256_of_file(const std::string& path, const std::function<bool(uint64_t)>& on_read) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    return Error::format(code, "cannot open '{}': {}", path, std::strerror(errno));
  }
  Sha256 hash;
  std::vector<std::byte> buffer(size_t{4} << 20);
  uint64_t done = 0;
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash.update({buffer.data(), got});
    done += got;
    if (on_read && !on_read(done)) return Error::format(ErrorCode::cancelled, "cancelled while reading '{}'", path);
  }
  if (std::ferror(file.get()) != 0) return Error::format(ErrorCode::io, "cannot read '{}'", path);
  return hash.finish();
}

bool is_sha256(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  return text.size() == 64 && text.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace lacuna::server
