#include "server/lsp/protocol.h"

namespace lacuna::server {

Json to_json(const Position& position) {
  return {{"line", position.line}, {"character", position.character}};
}
Json to_json(const Range& range) {
  return {{"start", to_json(range.start)}, {"end", to_json(range.end)}};
}
Json to_json(const TextEdit& edit) {
  return {{"range", to_json(edit.range)}, {"newText", edit.new_text}};
}

bool read(const Json& value, Position& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("line", out.line) && object.required("character", out.character);
}

bool read(const Json& value, Range& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("start", out.start) && object.required("end", out.end);
}

bool read(const Json& value, TextDocumentIdentifier& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("uri", out.uri);
}

bool read(const Json& value, VersionedTextDocumentIdentifier& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("uri", out.uri) && object.optional("version", out.version);
}

bool read(const Json& value, DidOpenParams& out, Path path) {
  const ObjectReader object(value, path);
  if (!object || !value.contains("textDocument")) {
    path.field("textDocument").report("missing");
    return false;
  }
  const ObjectReader document(value["textDocument"], path.field("textDocument"));
  return document && document.required("uri", out.uri) && document.optional("languageId", out.language_id) &&
         document.optional("version", out.version) && document.required("text", out.text);
}

bool read(const Json& value, ContentChange& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.optional("range", out.range) && object.required("text", out.text);
}

bool read(const Json& value, DidChangeParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) && object.required("contentChanges", out.changes);
}

bool read(const Json& value, DidSaveParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) && object.optional("text", out.text);
}

bool read(const Json& value, WillSaveParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) && object.optional("reason", out.reason);
}

bool read(const Json& value, DocumentParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) &&
         object.optional("previousResultId", out.previous_result_id);
}

bool read(const Json& value, SelectedCompletionInfo& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("range", out.range) && object.required("text", out.text);
}

namespace {

struct InlineCompletionContext {
  int64_t trigger_kind = 2;
  std::optional<SelectedCompletionInfo> selected;
};

bool read(const Json& value, InlineCompletionContext& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.optional("triggerKind", out.trigger_kind) &&
         object.optional("selectedCompletionInfo", out.selected);
}

struct CodeActionContext {
  std::vector<Json> diagnostics;
  std::optional<std::vector<std::string>> only;
};

bool read(const Json& value, CodeActionContext& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.optional("diagnostics", out.diagnostics) && object.optional("only", out.only);
}

}  // namespace

bool read(const Json& value, InlineCompletionParams& out, Path path) {
  const ObjectReader object(value, path);
  InlineCompletionContext context;
  if (!object || !object.required("textDocument", out.text_document) || !object.required("position", out.position) ||
      !object.optional("context", context)) {
    return false;
  }
  out.invoked = context.trigger_kind == 1;
  out.selected = std::move(context.selected);
  return true;
}

bool read(const Json& value, CompletionParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("textDocument", out.text_document) && object.required("position", out.position);
}

bool read(const Json& value, CodeActionParams& out, Path path) {
  const ObjectReader object(value, path);
  CodeActionContext context;
  if (!object || !object.required("textDocument", out.text_document) || !object.required("range", out.range) ||
      !object.optional("context", context)) {
    return false;
  }
  out.diagnostics = std::move(context.diagnostics);
  out.only = std::move(context.only);
  return true;
}

bool read(const Json& value, ExecuteCommandParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("command", out.command) && object.optional("arguments", out.arguments);
}

bool read(const Json& value, CancelParams& out, Path path) {
  const ObjectReader object(value, path);
  return object && object.required("id", out.id);
}

}  // namespace lacuna::server
