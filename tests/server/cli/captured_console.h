/// A Console whose two sides can be read back.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/cli/console.h"

namespace lacuna::server {

class CapturedConsole {
 public:
  CapturedConsole() {
    console.out = ::open_memstream(&out_, &out_size_);
    console.err = ::open_memstream(&err_, &err_size_);
  }
  CapturedConsole(const CapturedConsole&) = delete;
  CapturedConsole& operator=(const CapturedConsole&) = delete;
  ~CapturedConsole() {
    std::fclose(console.out);
    std::fclose(console.err);
    std::free(out_);
    std::free(err_);
  }

  std::string out() {
    std::fflush(console.out);
    return {out_, out_size_};
  }
  std::string err() {
    std::fflush(console.err);
    return {err_, err_size_};
  }

  Console console;

 private:
  char* out_ = nullptr;
  char* err_ = nullptr;
  size_t out_size_ = 0;
  size_t err_size_ = 0;
};

}  // namespace lacuna::server
