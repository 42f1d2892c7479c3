#include "server/completion/reference_texts.h"

#include <algorithm>
#include <utility>

namespace lacuna::server {

namespace {

/// Whole lines around the cursor, as far as they fit.
std::string_view lines_around(std::string_view text, uint32_t cursor) {
  const size_t from = cursor - std::min(cursor, ReferenceTexts::kBytesBefore);
  const size_t to = std::min<size_t>(text.size(), size_t{cursor} + ReferenceTexts::kBytesAfter);
  const size_t begin = from == 0 ? 0 : text.find('\n', from - 1) + 1;  // 0 where there is no line end
  const size_t end = to == text.size() ? to : text.rfind('\n', to) + 1;
  return begin < end ? text.substr(begin, end - begin) : std::string_view{};
}

}  // namespace

void ReferenceTexts::update(const engine::Tokenizer& tokenizer, const std::string& uri,
                            const std::shared_ptr<const std::string>& text, uint32_t cursor) {
  if (tokenizer_ != &tokenizer) texts_.clear();
  tokenizer_ = &tokenizer;
  const auto known = std::ranges::find(texts_, uri, &Text::uri);
  if (known != texts_.end() && known->text == text && known + 1 == texts_.end()) return;
  Text newest{uri, text, {}};
  if (known != texts_.end()) {
    if (known->text == text) newest.tokens = std::move(known->tokens);
    texts_.erase(known);
  }
  if (newest.tokens.empty()) newest.tokens = tokenizer.encode(lines_around(*text, cursor));
  texts_.push_back(std::move(newest));
  if (texts_.size() > kMostDocuments) texts_.pop_front();
  joined_ = nullptr;
}

void ReferenceTexts::document_closed(const std::string& uri) {
  if (std::erase_if(texts_, [&](const Text& text) { return text.uri == uri; }) > 0) joined_ = nullptr;
}

std::shared_ptr<const std::vector<engine::TokenId>> ReferenceTexts::tokens(const engine::Tokenizer& tokenizer) {
  if (tokenizer_ != &tokenizer || texts_.empty()) return nullptr;
  if (joined_ == nullptr) {
    auto joined = std::make_shared<std::vector<engine::TokenId>>();
    for (const Text& text : texts_) joined->insert(joined->end(), text.tokens.begin(), text.tokens.end());
    joined_ = std::move(joined);
  }
  return joined_;
}

}  // namespace lacuna::server
