/// DocumentStore: the open documents, as the editor has them, with their trees.
///
/// Loop thread only. Each change makes a new immutable Snapshot; its tree may come later. Versions are the editor's and
/// are not trusted for anything: a snapshot is current exactly as long as find() returns one with the same text
/// pointer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/lsp/incremental_parser.h"
#include "server/lsp/line_index.h"
#include "server/lsp/protocol.h"
#include "server/lsp/text_buffers.h"
#include "server/lsp/text_changes.h"
#include "server/scheduler.h"
#include "server/snapshot.h"

namespace lacuna::server {

using SnapshotPointer = std::shared_ptr<const Snapshot>;

class DocumentStore {
 public:
  /// Calls go out after the store itself is up to date.
  struct Observer {
    std::function<void(const SnapshotPointer&)> opened;
    std::function<void(const SnapshotPointer&, const Edits&)> changed;
    std::function<void(const std::string& uri)> closed;
  };
  using OnParsed = std::function<void(const SnapshotPointer&)>;

  explicit DocumentStore(Scheduler& scheduler);
  ~DocumentStore();

  void set_observer(Observer observer) { observer_ = std::move(observer); }
  /// As negotiated in `initialize`.
  void set_encoding(PositionEncoding encoding) { encoding_ = encoding; }

  void open(DidOpenParams params);
  void change(const DidChangeParams& params);
  /// Where the editor sends the saved text, it is compared with ours, which it replaces if they differ.
  void save(const DidSaveParams& params);
  void close(const std::string& uri);

  /// Null if the document is not open.
  SnapshotPointer find(const std::string& uri) const;
  bool is_current(const Snapshot& snapshot) const;
  /// Calls back with the current snapshot as soon as its tree is known, or known not to come (its tree is then null).
  /// With a null snapshot if the document is not open, or changes or closes before. Possibly at once.
  void when_parsed(const std::string& uri, OnParsed callback);

  /// Positions in the current text of an open document.
  uint32_t offset_of(const std::string& uri, Position position) const;
  Position position_of(const std::string& uri, uint32_t offset) const;
  Range range_of(const std::string& uri, syntax::ByteRange range) const;

  size_t num_documents() const { return documents_.size(); }
  uint64_t num_divergences() const { return num_divergences_; }  ///< found by save()

 private:
  struct Document;
  Document* lookup(const std::string& uri) const;
  void replace_text(Document& document, std::string text, int64_t version);
  void set_snapshot(Document& document, std::shared_ptr<const std::string> text, int64_t version);
  void parsed(Document& document, IncrementalParser::Tree tree);

  Scheduler& scheduler_;
  Observer observer_;
  PositionEncoding encoding_ = PositionEncoding::utf16;
  std::unordered_map<std::string, std::unique_ptr<Document>> documents_;
  TextBuffers buffers_;
  uint64_t num_divergences_ = 0;
};

}  // namespace lacuna::server
