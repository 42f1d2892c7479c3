// Taking over a part of the ghost text. VS Code can do words and lines by itself; where a syntax node ends, the server
// knows. VS Code keeps the rest on the screen, since what is inserted is what it shows.
import { commands, Range, Selection, window } from 'vscode';
import type { Server } from './server';

interface TextEdit {
  range: { start: Point; end: Point };
  newText: string;
}

interface Point {
  line: number;
  character: number;
}

export async function acceptNode(server: Server): Promise<void> {
  const editor = window.activeTextEditor;
  if (!editor) return;
  const position = editor.selection.active;
  const edit = await server.ask<TextEdit>('lacuna.nextPart', {
    textDocument: { uri: editor.document.uri.toString() },
    position: { line: position.line, character: position.character },
    unit: 'node',
  });
  // The server does not know this ghost text: another extension's.
  if (!edit) return void commands.executeCommand('editor.action.inlineSuggest.acceptNextWord');
  const { start, end } = edit.range;
  const range = new Range(start.line, start.character, end.line, end.character);
  if (!(await editor.edit((builder) => builder.replace(range, edit.newText)))) return;
  const lines = edit.newText.split('\n');
  const last = lines.at(-1) ?? '';
  const line = start.line + lines.length - 1;
  const character = (lines.length === 1 ? start.character : 0) + last.length;
  editor.selection = new Selection(line, character, line, character);
}
