/// The parts of LSP 3.18 that this server speaks, as structs. Names follow the specification.
///
/// Parameters are read by decode<X>(); results are written by to_json(). Nothing here knows the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/lsp/decode.h"

namespace lacuna::server {

/// Codes of ResponseError: JSON-RPC's own and LSP's.
enum class RpcError : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  server_not_initialized = -32002,
  request_failed = -32803,
  server_cancelled = -32802,
  content_modified = -32801,
  request_cancelled = -32800,
};

struct Position {
  uint32_t line = 0;
  uint32_t character = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Range {
  Position start;
  Position end;
  friend bool operator==(const Range&, const Range&) = default;
};

Json to_json(const Position& position);
Json to_json(const Range& range);

struct TextDocumentIdentifier {
  std::string uri;
};

struct VersionedTextDocumentIdentifier {
  std::string uri;
  int64_t version = 0;
};

struct DidOpenParams {
  std::string uri;
  std::string language_id;
  int64_t version = 0;
  std::string text;
};

struct ContentChange {
  std::optional<Range> range;  ///< absent: `text` is the whole document
  std::string text;
};

struct DidChangeParams {
  VersionedTextDocumentIdentifier text_document;
  std::vector<ContentChange> changes;
};

struct DidSaveParams {
  TextDocumentIdentifier text_document;
  std::optional<std::string> text;
};

struct WillSaveParams {
  TextDocumentIdentifier text_document;
  int64_t reason = 0;  ///< 1: by hand, 2: after a delay, 3: the focus left
};

struct DocumentParams {  ///< of didClose and textDocument/diagnostic
  TextDocumentIdentifier text_document;
  std::optional<std::string> previous_result_id;
};

struct SelectedCompletionInfo {
  Range range;
  std::string text;
};

struct InlineCompletionParams {
  TextDocumentIdentifier text_document;
  Position position;
  bool invoked = false;  ///< context.triggerKind 1
  std::optional<SelectedCompletionInfo> selected;
};

struct CompletionParams {
  TextDocumentIdentifier text_document;
  Position position;
};

struct CodeActionParams {
  TextDocumentIdentifier text_document;
  Range range;
  std::vector<Json> diagnostics;  ///< as the client sent them
  std::optional<std::vector<std::string>> only;
};

struct ExecuteCommandParams {
  std::string command;
  std::vector<Json> arguments;
};

struct CancelParams {
  Json id;
};

bool read(const Json& value, Position& out, Path path);
bool read(const Json& value, Range& out, Path path);
bool read(const Json& value, TextDocumentIdentifier& out, Path path);
bool read(const Json& value, VersionedTextDocumentIdentifier& out, Path path);
bool read(const Json& value, DidOpenParams& out, Path path);
bool read(const Json& value, ContentChange& out, Path path);
bool read(const Json& value, DidChangeParams& out, Path path);
bool read(const Json& value, DidSaveParams& out, Path path);
bool read(const Json& value, WillSaveParams& out, Path path);
bool read(const Json& value, DocumentParams& out, Path path);
bool read(const Json& value, SelectedCompletionInfo& out, Path path);
bool read(const Json& value, InlineCompletionParams& out, Path path);
bool read(const Json& value, CompletionParams& out, Path path);
bool read(const Json& value, CodeActionParams& out, Path path);
bool read(const Json& value, ExecuteCommandParams& out, Path path);
bool read(const Json& value, CancelParams& out, Path path);

struct TextEdit {
  Range range;
  std::string new_text;
};
Json to_json(const TextEdit& edit);

enum class MessageType : int { error = 1, warning = 2, info = 3, log = 4 };

}  // namespace lacuna::server
