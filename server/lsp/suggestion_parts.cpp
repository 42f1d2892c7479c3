#include "server/lsp/suggestion_parts.h"

#include <memory>
#include <string_view>
#include <utility>

namespace lacuna::server {
namespace {

constexpr std::chrono::milliseconds kParseBudget{200};

}  // namespace

void SuggestionParts::offered(const SnapshotPointer& snapshot, const CompletionItem& item) {
  const auto before = offers_.find(snapshot->uri);
  const bool goes_on = before != offers_.end() && before->second.item.text.size() > item.text.size() &&
                       before->second.item.text.ends_with(item.text);
  offers_[snapshot->uri] = {snapshot, item, goes_on};
}

/// The suggestion goes on at `cursor` if the text before the replaced range is as it was, and what stands between is
/// the beginning of the suggestion.
std::optional<SuggestionParts::Rest> SuggestionParts::rest_of(const Offer& offer, const Snapshot& now,
                                                              uint32_t cursor) {
  const std::string_view old_text = *offer.snapshot->text;
  const std::string_view text = *now.text;
  const auto& [item, replace] = offer.item;
  if (cursor < replace.begin || cursor > text.size()) return std::nullopt;
  const std::string_view done = text.substr(replace.begin, cursor - replace.begin);
  if (!item.starts_with(done) || item.size() == done.size()) return std::nullopt;
  const std::string_view after = old_text.substr(replace.end);
  if (text.substr(0, replace.begin) != old_text.substr(0, replace.begin) || !text.ends_with(after)) return std::nullopt;
  if (text.size() - after.size() < cursor) return std::nullopt;

  Rest rest;
  rest.completed = std::string(text.substr(0, replace.begin)) + item + std::string(after);
  rest.range = {cursor, replace.begin + static_cast<uint32_t>(item.size())};
  rest.replaced = static_cast<uint32_t>(text.size() - after.size()) - cursor;
  rest.started = offer.started || now.text != offer.snapshot->text;
  return rest;
}

void SuggestionParts::next(const std::string& uri, Position position, syntax::PartUnit unit, OnPart reply) {
  const SnapshotPointer now = documents_.find(uri);
  const auto offer = offers_.find(uri);
  if (now == nullptr || offer == offers_.end()) return reply(std::nullopt);
  auto left = rest_of(offer->second, *now, documents_.offset_of(uri, position));
  if (!left) return reply(std::nullopt);

  struct Work {
    Rest rest;
    uint32_t end = 0;
  };
  auto work = std::make_shared<Work>(Work{std::move(*left)});
  scheduler_.run_worker(
      [work, unit, language = now->language] {
        const Rest& rest = work->rest;
        std::optional<syntax::SyntaxTree> tree;
        if (unit == syntax::PartUnit::node && language != nullptr) {
          auto parsed = syntax::SyntaxTree::parse(*language, rest.completed, {.budget = kParseBudget});
          if (parsed.ok()) tree = std::move(parsed).value();
        }
        work->end = syntax::next_part_end(tree ? &*tree : nullptr, rest.completed, rest.range, unit, rest.started);
      },
      [this, alive = std::weak_ptr(alive_), work, now, reply = std::move(reply)] {
        if (alive.expired() || !documents_.is_current(*now)) return reply(std::nullopt);
        const Rest& rest = work->rest;
        const uint32_t begin = rest.range.begin;
        const uint32_t replaced = work->end == rest.range.end ? rest.replaced : 0;
        reply(TextEdit{documents_.range_of(now->uri, {begin, begin + replaced}),
                       rest.completed.substr(begin, work->end - begin)});
      });
}

}  // namespace lacuna::server
