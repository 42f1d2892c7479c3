#include "support/check.h"

#include <cstdio>
#include <cstdlib>

namespace lacuna {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "lacuna: bug: check failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace lacuna
