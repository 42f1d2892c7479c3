// One item in the status bar: the model, its state, how long the last answer took, and why the last one was empty.
import {
  l10n, MarkdownString, StatusBarAlignment, ThemeColor, window, workspace, type Disposable, type TextEditor,
} from 'vscode';
import { showsStatusBar } from './config';
import type { Server } from './server';

export interface Appearance {
  icon: string;
  /** Beside the name; empty: nothing. */
  text: string;
  /** One line for people. */
  state: string;
  warning: boolean;
}

/** How the server is doing, in the words of the status bar and of its menu. */
export function appearance(server: Server, editor: TextEditor | undefined): Appearance {
  const plain = { text: '', warning: false };
  if (server.life === 'stopped') return { icon: 'warning', text: '', state: l10n.t('The server is not running.'), warning: true };
  const { status } = server;
  if (server.life === 'starting' || !status) return { ...plain, icon: 'loading~spin', state: l10n.t('The server is starting.') };
  if (server.safeMode) {
    return { icon: 'shield', text: l10n.t('safe mode'), state: l10n.t('Safe mode: quick-fixes work, ghost text is off.'), warning: true };
  }
  if (status.state === 'loading') {
    const percent = `${Math.round((status.progress ?? 0) * 100)} %`;
    return { ...plain, icon: 'loading~spin', text: percent, state: l10n.t('The model is loading: {0}.', percent) };
  }
  if (status.state !== 'ready') {
    const state = server.awaitsFirstModel ? l10n.t('There is no model yet: choose one here.') : status.reason;
    return { icon: 'warning', text: l10n.t('no model'), state, warning: true };
  }
  if (status.paused) return { ...plain, icon: 'debug-pause', text: l10n.t('paused'), state: l10n.t('Completions are paused.') };
  if (editor && pausedHere(server, editor)) {
    return { ...plain, icon: 'debug-pause', text: l10n.t('paused'), state: l10n.t('Completions are paused in this language.') };
  }
  if (status.requests === 0) return { ...plain, icon: 'sparkle', state: l10n.t('Ready.') };
  if (status.lastSilence) return { ...plain, icon: 'sparkle', text: '–', state: l10n.t('No suggestion: {0}.', status.lastSilence) };
  const took = `${Math.round(status.lastAnswerMs)} ms`;
  return { ...plain, icon: 'sparkle', text: took, state: l10n.t('The last suggestion took {0}.', took) };
}

export function pausedHere(server: Server, editor: TextEditor): boolean {
  return server.status?.pausedLanguages.includes(editor.document.languageId) ?? false;
}

export function showStatusBar(server: Server): Disposable {
  const item = window.createStatusBarItem('lacuna.status', StatusBarAlignment.Right, 50);
  item.name = 'Lacuna';
  item.command = 'lacuna.showMenu';
  const draw = () => {
    const look = appearance(server, window.activeTextEditor);
    item.text = `$(${look.icon}) Lacuna${look.text ? ` ${look.text}` : ''}`;
    item.tooltip = tooltip(server, look);
    item.backgroundColor = look.warning ? new ThemeColor('statusBarItem.warningBackground') : undefined;
    showsStatusBar() ? item.show() : item.hide();
  };
  draw();
  const parts = [item, server.onDidChange(draw), window.onDidChangeActiveTextEditor(draw), workspace.onDidChangeConfiguration(draw)];
  return { dispose: () => parts.forEach((part) => part.dispose()) };
}

function tooltip(server: Server, look: Appearance): MarkdownString {
  const lines = ['**Lacuna**', look.state];
  const { status } = server;
  if (status?.model) lines.push(l10n.t('Model: {0}', status.model));
  if (status?.note) lines.push(l10n.t('Note: {0}', status.note));
  lines.push(l10n.t('Click for the menu.'));
  const text = new MarkdownString();
  lines.forEach((line, index) => index === 0 ? text.appendMarkdown(line) : text.appendMarkdown('\n\n').appendText(line));
  return text;
}
