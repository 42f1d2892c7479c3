#include "server/lsp/documents.h"

#include <utility>

#include "server/lsp/uri.h"
#include "support/check.h"
#include "support/log.h"

namespace lacuna::server {
namespace {

constexpr size_t kMostDocumentBytes = size_t{1} << 30;  // offsets are 32 bits wide, with room for an edit

size_t bytes_added(const std::vector<ContentChange>& changes) {
  size_t bytes = 0;
  for (const ContentChange& change : changes) bytes += change.text.size();
  return bytes;
}

}  // namespace

struct DocumentStore::Document {
  Document(Scheduler& scheduler, IncrementalParser::OnParsed on_parsed) : parser(scheduler, std::move(on_parsed)) {}

  SnapshotPointer snapshot;
  LineIndex lines;
  bool parsed = false;  ///< the snapshot's tree is known, or known not to come
  std::vector<OnParsed> waiting;
  IncrementalParser parser;
};

DocumentStore::DocumentStore(Scheduler& scheduler) : scheduler_(scheduler) {}
DocumentStore::~DocumentStore() = default;

void DocumentStore::open(DidOpenParams params) {
  if (lookup(params.uri) != nullptr) {
    log::warning("a document was opened twice; the later text counts");
    close(params.uri);
  }
  auto& slot = documents_[params.uri];
  slot = std::make_unique<Document>(scheduler_,
                                    [this, &slot](IncrementalParser::Tree tree) { parsed(*slot, std::move(tree)); });
  Document& document = *slot;

  auto first = std::make_shared<Snapshot>();
  first->uri = params.uri;
  first->path = path_of_uri(params.uri);
  first->language = syntax::find_language(params.language_id, first->path);
  first->text = std::make_shared<const std::string>();
  document.snapshot = std::move(first);
  replace_text(document, std::move(params.text), params.version);
  auto opened = std::make_shared<Snapshot>(*document.snapshot);
  opened->as_opened = true;
  document.snapshot = std::move(opened);
  if (observer_.opened) observer_.opened(document.snapshot);
}

void DocumentStore::change(const DidChangeParams& params) {
  Document* document = lookup(params.text_document.uri);
  if (document == nullptr) return log::warning("ignoring a change of a document that is not open");
  const Snapshot& before = *document->snapshot;
  if (params.text_document.version <= before.version) {
    log::warning("a document's version went from {} to {}", before.version, params.text_document.version);
  }
  if (before.text->size() + bytes_added(params.changes) > kMostDocumentBytes) {
    log::error("a document grew over {} bytes; it is treated as closed", kMostDocumentBytes);
    return close(params.text_document.uri);
  }

  auto text = buffers_.copy(*before.text);
  const auto edits = apply_changes(params.changes, encoding_, *text, document->lines);
  set_snapshot(*document, text, params.text_document.version);
  if (edits) {
    document->parser.edit(*edits, std::move(text));
  } else {
    document->parser.replace(std::move(text));
  }
  if (observer_.changed) observer_.changed(document->snapshot, edits);
}

void DocumentStore::save(const DidSaveParams& params) {
  Document* document = lookup(params.text_document.uri);
  if (document == nullptr || !params.text || *params.text == *document->snapshot->text) return;
  ++num_divergences_;
  log::error("a saved document differs from ours ({} and {} bytes); the saved one counts", params.text->size(),
             document->snapshot->text->size());
  replace_text(*document, *params.text, document->snapshot->version);
  if (observer_.changed) observer_.changed(document->snapshot, std::nullopt);
}

void DocumentStore::close(const std::string& uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return;
  const std::unique_ptr<Document> document = std::move(found->second);
  documents_.erase(found);
  for (const OnParsed& callback : std::exchange(document->waiting, {})) callback(nullptr);
  if (observer_.closed) observer_.closed(document->snapshot->uri);
}

SnapshotPointer DocumentStore::find(const std::string& uri) const {
  const Document* document = lookup(uri);
  return document == nullptr ? nullptr : document->snapshot;
}

bool DocumentStore::is_current(const Snapshot& snapshot) const {
  const Document* document = lookup(snapshot.uri);
  return document != nullptr && document->snapshot->text == snapshot.text;
}

void DocumentStore::when_parsed(const std::string& uri, OnParsed callback) {
  Document* document = lookup(uri);
  if (document == nullptr) return callback(nullptr);
  if (document->parsed) return callback(document->snapshot);
  document->waiting.push_back(std::move(callback));
}

uint32_t DocumentStore::offset_of(const std::string& uri, Position position) const {
  const Document* document = lookup(uri);
  LACUNA_CHECK(document != nullptr);
  return document->lines.offset_of(*document->snapshot->text, position, encoding_);
}

Position DocumentStore::position_of(const std::string& uri, uint32_t offset) const {
  const Document* document = lookup(uri);
  LACUNA_CHECK(document != nullptr);
  return document->lines.position_of(*document->snapshot->text, offset, encoding_);
}

Range DocumentStore::range_of(const std::string& uri, syntax::ByteRange range) const {
  return {position_of(uri, range.begin), position_of(uri, range.end)};
}

DocumentStore::Document* DocumentStore::lookup(const std::string& uri) const {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : found->second.get();
}

void DocumentStore::replace_text(Document& document, std::string text, int64_t version) {
  document.lines.reset(text);
  auto shared = std::make_shared<const std::string>(std::move(text));
  set_snapshot(document, shared, version);
  document.parser.reset(document.snapshot->language, std::move(shared));
}

/// A new text: what waited for the tree of the one before it is told that there will be none.
void DocumentStore::set_snapshot(Document& document, std::shared_ptr<const std::string> text, int64_t version) {
  auto next = std::make_shared<Snapshot>(*document.snapshot);
  next->version = version;
  next->as_opened = false;
  next->text = std::move(text);
  next->tree = nullptr;
  document.snapshot = std::move(next);
  document.parsed = false;
  for (const OnParsed& callback : std::exchange(document.waiting, {})) callback(nullptr);
}

void DocumentStore::parsed(Document& document, IncrementalParser::Tree tree) {
  auto next = std::make_shared<Snapshot>(*document.snapshot);
  next->tree = std::move(tree);
  document.snapshot = std::move(next);
  document.parsed = true;
  const SnapshotPointer current = document.snapshot;
  for (const OnParsed& callback : std::exchange(document.waiting, {})) callback(current);
}

}  // namespace lacuna::server
