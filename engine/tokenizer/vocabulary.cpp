#include "engine/tokenizer/vocabulary.h"

#include <bit>
#include <charconv>
#include <optional>

#include "engine/tokenizer/byte_level.h"
#include "support/utf8.h"

namespace lacuna::engine {
namespace {

constexpr std::string_view tokens_key = "tokenizer.ggml.tokens";
constexpr std::string_view types_key = "tokenizer.ggml.token_type";

template <class... Args>
Error corrupt(fmt::format_string<Args...> text, Args&&... args) {
  return Error::format(ErrorCode::corrupt, text, std::forward<Args>(args)...);
}

/// Bytes that source code cannot do without; a vocabulary that lacks one is broken, not small.
bool is_indispensable(int byte) {
  return byte == '\n' || (byte >= 0x20 && byte < 0x7F);
}

/// The byte that a text "<0x0A>" names; nothing for any other text.
std::optional<uint8_t> named_byte(std::string_view text) {
  uint8_t byte = 0;
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
  return error == std::errc() && end == text.data() + 5 ? std::optional(byte) : std::nullopt;
}

}  // namespace

void append_with_spaces(std::string_view text, std::string& out) {
  for (size_t at = text.find(space_mark); at != std::string_view::npos; at = text.find(space_mark)) {
    out.append(text.substr(0, at)).push_back(' ');
    text.remove_prefix(at + space_mark.size());
  }
  out.append(text);
}

Result<Vocabulary> Vocabulary::load(const gguf::File& file, TextForm form) {
  Vocabulary vocabulary;
  vocabulary.form_ = form;
  LACUNA_RETURN_IF_ERROR(vocabulary.read_texts(file));
  LACUNA_RETURN_IF_ERROR(vocabulary.read_kinds(file));
  for (TokenId id = 0; id < vocabulary.size(); ++id) LACUNA_RETURN_IF_ERROR(vocabulary.check_length(id));
  LACUNA_RETURN_IF_ERROR(vocabulary.decode_pieces());
  LACUNA_RETURN_IF_ERROR(vocabulary.index_texts());
  LACUNA_RETURN_IF_ERROR(vocabulary.find_byte_tokens());
  return vocabulary;
}

Result<void> Vocabulary::read_texts(const gguf::File& file) {
  LACUNA_ASSIGN_OR_RETURN(const gguf::StringArray texts, file.strings(tokens_key));
  if (texts.size() == 0) return corrupt("metadata key '{}' has no tokens", tokens_key);
  if (texts.size() > most_tokens) {
    return corrupt("metadata key '{}' has {} tokens, over the limit of {}", tokens_key, texts.size(), most_tokens);
  }
  texts_.reserve(texts.size());
  for (const std::string_view text : texts) texts_.push_back(text);
  return {};
}

Result<void> Vocabulary::read_kinds(const gguf::File& file) {
  kinds_.assign(texts_.size(), TokenKind::normal);
  if (!file.has(types_key)) return {};
  LACUNA_ASSIGN_OR_RETURN(const gguf::IntArray types, file.ints(types_key));
  if (types.size() != texts_.size()) {
    return corrupt("metadata key '{}' has {} elements, expected {} as in '{}'", types_key, types.size(), texts_.size(),
                   tokens_key);
  }
  for (size_t i = 0; i < types.size(); ++i) {
    const int64_t type = types[i];
    if (type < static_cast<int>(TokenKind::normal) || type > static_cast<int>(TokenKind::byte)) {
      return corrupt("metadata key '{}' has type {} for token {}, expected 1 to 6", types_key, type, i);
    }
    kinds_[i] = static_cast<TokenKind>(type);
  }
  return {};
}

Result<void> Vocabulary::check_length(TokenId id) const {
  const std::string_view text = this->text(id);
  if (text.size() > longest_text) {
    return corrupt("token {} of '{}' has {} bytes, over the limit of {}", id, tokens_key, text.size(), longest_text);
  }
  const bool is_searched_for = kind(id) == TokenKind::control || kind(id) == TokenKind::user_defined;
  if (is_searched_for && text.size() > longest_special) {
    return corrupt("special token {} of '{}' has {} bytes, over the limit of {}", id, tokens_key, text.size(),
                   longest_special);
  }
  return {};
}

Result<void> Vocabulary::index_texts() {
  constexpr size_t ahead = 16;  // so many slots are on their way from memory while one is filled
  slots_.assign(std::bit_ceil(texts_.size() * 4 / 3 + 1), Slot{});
  const size_t mask = slots_.size() - 1;
  std::vector<uint64_t> hashes(texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) hashes[i] = hash_(texts_[i]);
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (i + ahead < hashes.size()) __builtin_prefetch(&slots_[hashes[i + ahead] & mask], 1);
    const std::string_view text = texts_[i];
    if (text.empty()) continue;  // a hole in the vocabulary: it can be decoded, and is never found
    Slot& slot = slots_[slot_of(text, hashes[i])];
    if (slot.id >= 0) {
      return corrupt("tokens {} and {} of '{}' are the same text {}", slot.id, i, tokens_key, gguf::quoted(text));
    }
    slot = {first_bytes(text), static_cast<uint32_t>(text.size()), static_cast<TokenId>(i)};
  }
  return {};
}

size_t Vocabulary::slot_of(std::string_view text, uint64_t hash) const {
  const uint64_t first = first_bytes(text);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].id >= 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.first_bytes != first || slot.length != text.size()) continue;
    if (text.size() <= 8 || this->text(slot.id) == text) break;
  }
  return at;
}

TokenId Vocabulary::find_text(std::string_view text) const {
  return slots_[slot_of(text, hash_(text))].id;
}

Result<void> Vocabulary::decode_pieces() {
  size_t total = 0;  // at most the metadata's 256 MiB
  for (const std::string_view text : texts_) total += text.size();
  pieces_.reserve(total);
  piece_ends_.reserve(texts_.size() + 1);
  piece_ends_.push_back(0);
  for (TokenId id = 0; id < size(); ++id) {
    if (!append_piece(id)) {
      if (!utf8::is_valid(text(id))) return corrupt("token {} of '{}' is not valid UTF-8", id, tokens_key);
      pieces_.append(text(id));
    }
    piece_ends_.push_back(static_cast<uint32_t>(pieces_.size()));
  }
  return {};
}

/// False where the text is meant as it is. Some converters mark added tokens as normal; text outside the byte-level
/// alphabet can only be such.
bool Vocabulary::append_piece(TokenId id) {
  const TokenKind kind = this->kind(id);
  if (form_ == TextForm::byte_level) return kind == TokenKind::normal && append_bytes_of(text(id), pieces_);
  if (kind == TokenKind::byte) {
    const auto byte = named_byte(text(id));
    if (byte) pieces_.push_back(static_cast<char>(*byte));
    return byte.has_value();
  }
  if ((kind != TokenKind::normal && kind != TokenKind::user_defined) || !utf8::is_valid(text(id))) return false;
  append_with_spaces(text(id), pieces_);
  return true;
}

Result<void> Vocabulary::find_byte_tokens() {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    if (form_ == TextForm::byte_level)
      append_byte_character(text, static_cast<uint8_t>(byte));
    else
      text = fmt::format("<0x{:02X}>", byte);
    const TokenId id = find_text(text);
    const bool usable = id >= 0 && kind(id) == (form_ == TextForm::byte_level ? TokenKind::normal : TokenKind::byte);
    if (!usable && is_indispensable(byte)) {
      return corrupt("'{}' has no token for byte {:#04x}", tokens_key, byte);
    }
    byte_tokens_[static_cast<size_t>(byte)] = usable ? id : -1;
  }
  return {};
}

}  // namespace lacuna::engine
