/// LACUNA_CHECK: an invariant that holds unless we have a bug. It stays on in release builds and aborts with the place.
#pragma once

namespace lacuna {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace lacuna

#define LACUNA_CHECK(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) : ::lacuna::check_failed(#condition, __FILE__, __LINE__))
