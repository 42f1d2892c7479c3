#include "server/lsp/text_buffers.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

using lacuna::server::TextBuffers;

TEST_CASE("a large text's memory serves the next one, and its content does not come back") {
  TextBuffers buffers;
  const std::string first(1 << 20, 'a');
  const std::string second((1 << 20) - 5, 'b');
  auto text = buffers.copy(first);
  CHECK(*text == first);
  const char* memory = text->data();
  text = nullptr;
  text = buffers.copy(second);
  CHECK(text->data() == memory);
  CHECK(*text == second);
}

TEST_CASE("a text in use is never overwritten") {
  TextBuffers buffers;
  const auto first = buffers.copy(std::string(1 << 20, 'a'));
  const auto second = buffers.copy(std::string(1 << 20, 'b'));
  CHECK(first->data() != second->data());
  CHECK(first->find('b') == std::string::npos);
}

TEST_CASE("a buffer much larger than the text is given back instead") {
  TextBuffers buffers;
  buffers.copy(std::string(8 << 20, 'a'));
  const auto text = buffers.copy(std::string(1 << 20, 'b'));
  CHECK(text->capacity() < 2u << 20);
}

TEST_CASE("texts may be dropped on other threads, and after their buffers") {
  std::shared_ptr<std::string> late;
  {
    TextBuffers buffers;
    late = buffers.copy(std::string(1 << 20, 'l'));
    auto text = buffers.copy(std::string(1 << 20, 'x'));
    std::thread([dropped = std::move(text)]() mutable { dropped = nullptr; }).join();
    for (int i = 0; i < 10; ++i) CHECK(*buffers.copy(std::string(1 << 20, 'y')) == std::string(1 << 20, 'y'));
  }
  CHECK(late->size() == 1 << 20);
  late = nullptr;
}
