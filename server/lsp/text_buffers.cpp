#include "server/lsp/text_buffers.h"

#include <atomic>
#include <utility>

#include "support/channel.h"

namespace lacuna::server {
namespace {

constexpr size_t kLargeBytes = size_t{256} << 10;
constexpr size_t kLeastRoomBytes = size_t{4} << 10;  // for the edit that follows the copy
constexpr size_t kRoomBytes = size_t{64} << 10;
constexpr int kMostKept = 2;  // the text before the last one is usually still being parsed

}  // namespace

struct TextBuffers::Shelf {
  Channel<std::string> free;
  std::atomic<int> num_free{0};

  void put(std::string buffer) {
    if (num_free.fetch_add(1) < kMostKept) {
      free.push(std::move(buffer));
    } else {
      num_free.fetch_sub(1);
    }
  }

  std::string take() {
    auto buffer = free.try_pop();
    if (!buffer) return {};
    num_free.fetch_sub(1);
    return std::move(*buffer);
  }
};

TextBuffers::TextBuffers() : shelf_(std::make_shared<Shelf>()) {}

std::shared_ptr<std::string> TextBuffers::copy(std::string_view text) {
  if (text.size() < kLargeBytes) return std::make_shared<std::string>(text);
  std::string buffer = shelf_->take();
  // One much larger than the text would keep the memory of a document that is closed.
  const bool fits = buffer.capacity() >= text.size() + kLeastRoomBytes && buffer.capacity() <= 2 * text.size();
  if (!fits) {
    std::string fresh;
    fresh.reserve(text.size() + kRoomBytes);
    buffer = std::move(fresh);
  }
  buffer.assign(text);
  return {new std::string(std::move(buffer)), [shelf = std::weak_ptr(shelf_)](std::string* dropped) {
            const std::unique_ptr<std::string> owned(dropped);
            if (const auto alive = shelf.lock()) alive->put(std::move(*owned));
          }};
}

}  // namespace lacuna::server
