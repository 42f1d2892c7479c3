#include "server/lsp/completion_items.h"

#include <utility>

#include "support/utf8.h"

namespace lacuna::server {
namespace {

constexpr int kKindText = 1;
constexpr int kPlainText = 1;
constexpr int kInsertAsIs = 1;
constexpr size_t kLabelBytes = 80;

Json acceptance_command(uint64_t id) {
  return {{"title", "Accepted"}, {"command", "lacuna.didAccept"}, {"arguments", Json::array({id})}};
}

/// The first line of the text, without its indentation.
std::string label_of(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  std::string_view line = begin == std::string_view::npos ? text : text.substr(begin);
  line = line.substr(0, line.find_first_of("\r\n"));
  if (line.size() <= kLabelBytes) return std::string(line);
  line = line.substr(0, kLabelBytes);
  return std::string(line.substr(0, utf8::complete_prefix(line))) + "…";
}

}  // namespace

PreviewedText preview(const Snapshot& snapshot, const SelectedEntry& entry) {
  auto text = std::make_shared<std::string>(*snapshot.text);
  text->replace(entry.range.begin, entry.range.size(), entry.text);
  const auto end = entry.range.begin + static_cast<uint32_t>(entry.text.size());
  return {std::move(text), end, {entry.range.begin, entry.range.end, end}};
}

std::optional<CompletionItem> item_for_entry(const CompletionItem& item, std::string_view previewed,
                                             const SelectedEntry& entry) {
  const uint32_t cursor = entry.range.begin + static_cast<uint32_t>(entry.text.size());
  if (item.replace.end < cursor) return std::nullopt;
  std::string text;
  if (item.replace.begin >= entry.range.begin) {
    text = previewed.substr(entry.range.begin, item.replace.begin - entry.range.begin);
    text += item.text;
  } else {
    const std::string_view before = previewed.substr(item.replace.begin, entry.range.begin - item.replace.begin);
    if (!item.text.starts_with(before)) return std::nullopt;
    text = item.text.substr(before.size());
  }
  if (!text.starts_with(entry.text) || text.size() == entry.text.size()) return std::nullopt;
  return CompletionItem{std::move(text), {entry.range.begin, entry.range.end + (item.replace.end - cursor)}};
}

Json inline_item_json(const DocumentStore& documents, const std::string& uri, const CompletionItem& item, uint64_t id) {
  return {{"insertText", item.text},
          {"range", to_json(documents.range_of(uri, item.replace))},
          {"command", acceptance_command(id)}};
}

CompletionItem from_cursor(const CompletionItem& item, const Snapshot& snapshot, uint32_t cursor) {
  if (item.replace.begin >= cursor) return item;
  const std::string_view typed =
      std::string_view(*snapshot.text).substr(item.replace.begin, cursor - item.replace.begin);
  if (!item.text.starts_with(typed) || item.text.size() == typed.size()) return item;
  return {item.text.substr(typed.size()), {cursor, item.replace.end}};
}

/// Clients filter by what stands in the item's range already, and sort by name: both are answered so that the item
/// stays.
Json list_item_json(const DocumentStore& documents, const Snapshot& snapshot, const CompletionItem& item, uint64_t id,
                    const ClientCapabilities& client) {
  Json json = {{"label", label_of(item.text)},
               {"kind", kKindText},
               {"detail", "lacuna"},
               {"sortText", "!"},
               {"filterText", snapshot.text->substr(item.replace.begin, item.replace.size())},
               {"preselect", true},
               {"insertTextFormat", kPlainText},
               {"textEdit", to_json(TextEdit{documents.range_of(snapshot.uri, item.replace), item.text})},
               {"command", acceptance_command(id)}};
  if (json["filterText"] == "") json["filterText"] = json["label"];
  if (client.quirks.wants_insert_text) json["insertText"] = item.text;
  if (item.text.find('\n') != std::string::npos) {
    json["documentation"] = item.text;
    if (client.insert_as_is) json["insertTextMode"] = kInsertAsIs;
  }
  return json;
}

}  // namespace lacuna::server
