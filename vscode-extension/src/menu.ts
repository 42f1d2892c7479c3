// The menu of the status bar item: what can be done, under one line that says how things are.
import { commands, l10n, window, type QuickPickItem } from 'vscode';
import { languageName } from './language-name';
import type { Server } from './server';
import { appearance, pausedHere } from './status-bar';

interface Entry extends QuickPickItem {
  run: () => unknown;
}

export const pauseMinutes = 10;

export async function showMenu(server: Server): Promise<void> {
  // A click leaves the focus on the status bar item, and closing the menu would lead back there instead of to the text.
  await commands.executeCommand('workbench.action.focusActiveEditorGroup');
  const look = appearance(server, window.activeTextEditor);
  const model = server.status?.model;
  const choice = await window.showQuickPick(entries(server), {
    title: model ? `Lacuna · ${model}` : 'Lacuna',
    placeHolder: look.state,
  });
  await choice?.run();
}

function entries(server: Server): Entry[] {
  const entry = (icon: string, label: string, command: string): Entry => ({
    label: `$(${icon}) ${label}`, run: () => commands.executeCommand(command),
  });
  return [
    ...pauseEntries(server),
    entry('symbol-misc', l10n.t('Choose Model…'), 'lacuna.chooseModel'),
    entry('question', l10n.t('Why Is There No Suggestion?'), 'lacuna.showWhyNoSuggestion'),
    entry('comment', l10n.t('Explain the Last Completion'), 'lacuna.showExplanation'),
    entry('graph', l10n.t('Statistics'), 'lacuna.showStatistics'),
    entry('pulse', l10n.t('Health Check'), 'lacuna.checkHealth'),
    entry('output', l10n.t('Show Log'), 'lacuna.showLog'),
    entry('debug-restart', l10n.t('Restart the Server'), 'lacuna.restartServer'),
    entry('gear', l10n.t('Settings'), 'lacuna.openSettings'),
  ];
}

function pauseEntries(server: Server): Entry[] {
  const { status } = server;
  const editor = window.activeTextEditor;
  const resume: Entry = { label: `$(play) ${l10n.t('Resume')}`, run: () => server.ask('lacuna.resume') };
  if (status?.paused) return [resume];
  const pause: Entry = {
    label: `$(debug-pause) ${l10n.t('Pause for {0} Minutes', pauseMinutes)}`,
    run: () => server.ask('lacuna.pause', { minutes: pauseMinutes }),
  };
  if (!editor) return status?.pausedLanguages.length ? [resume, pause] : [pause];
  const language = editor.document.languageId;
  const name = languageName(language);
  const here: Entry = pausedHere(server, editor)
    ? { label: `$(play) ${l10n.t('Resume in This Language ({0})', name)}`, run: () => server.ask('lacuna.resume', { language }) }
    : { label: `$(debug-pause) ${l10n.t('Pause in This Language ({0})', name)}`, run: () => server.ask('lacuna.pause', { language }) };
  return [pause, here];
}

/** Pauses until resumed, or resumes. */
export async function togglePause(server: Server): Promise<void> {
  await server.ask(server.status?.paused ? 'lacuna.resume' : 'lacuna.pause');
}
