/// tokenize_lines MODEL.gguf tokens|special|split < LINES: the tokens (or the lengths of the pieces) of each line,
/// which holds the bytes of one text in hexadecimal. For scripts/make_tokenizer_golden.py; no test by itself.
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "engine/gguf/gguf_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

std::string unhex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return bytes;
}

void print(const auto& numbers) {
  const char* separator = "";
  for (const auto number : numbers) {
    std::cout << separator << number;
    separator = " ";
  }
  std::cout << '\n';
}

int fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lacuna::engine;
  if (argc != 3) return fail("usage: tokenize_lines MODEL.gguf tokens|special|split < LINES");
  const std::string_view mode = argv[2];
  const auto file = gguf::File::open(argv[1]);
  if (!file) return fail(file.error().message);
  const auto tokenizer = Tokenizer::load(*file);
  if (!tokenizer) return fail(tokenizer.error().message);
  for (std::string line; std::getline(std::cin, line);) {
    const std::string text = unhex(line);
    if (mode == "split") {
      print((*tokenizer)->split(text));
      continue;
    }
    const auto tokens = (*tokenizer)->encode(text, mode == "special");
    print(tokens);
  }
  return 0;
}
