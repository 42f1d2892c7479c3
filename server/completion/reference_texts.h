/// ReferenceTexts: texts beside a prompt from which the engine may guess what the model writes: of each document that was
/// worked on lately, the lines around the cursor, also those that no prompt has room for.
///
/// Guesses change when an answer is there, never what it is, so these may be older than the documents. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace lacuna::server {

class ReferenceTexts {
 public:
  static constexpr size_t kMostDocuments = 4;
  static constexpr uint32_t kBytesBefore = 16 * 1024;  ///< of the cursor; a few milliseconds of encoding
  static constexpr uint32_t kBytesAfter = 8 * 1024;

  /// The document is the one that is worked on. Its lines are encoded again, unless its text is the one that was.
  void update(const engine::Tokenizer& tokenizer, const std::string& uri,
              const std::shared_ptr<const std::string>& text, uint32_t cursor);
  void document_closed(const std::string& uri);
  /// Of all documents in one, the one worked on last at the end; null if there are none for this tokenizer.
  std::shared_ptr<const std::vector<engine::TokenId>> tokens(const engine::Tokenizer& tokenizer);

 private:
  struct Text {
    std::string uri;
    std::shared_ptr<const std::string> text;
    std::vector<engine::TokenId> tokens;
  };

  std::deque<Text> texts_;  // worked on last: at the end
  const engine::Tokenizer* tokenizer_ = nullptr;
  std::shared_ptr<const std::vector<engine::TokenId>> joined_;  // of all; null: not yet
};

}  // namespace lacuna::server
