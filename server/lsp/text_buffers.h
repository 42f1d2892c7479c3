/// TextBuffers: the memory of large texts, used again. Each keystroke makes a new text of a document; fresh memory for
/// ten megabytes would cost more in page faults than the copy itself.
///
/// copy() on the loop thread; a text may be dropped on any thread, also after the TextBuffers are gone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lacuna::server {

class TextBuffers {
 public:
  TextBuffers();

  /// A copy of `text`, with room to grow a little. Once it is shared as const, nobody changes it.
  std::shared_ptr<std::string> copy(std::string_view text);

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace lacuna::server
