// Tells when there is no ghost text because there is no model, with the way to one: a status bar item alone is overlooked.
import { commands, l10n, window, type Disposable } from 'vscode';
import type { Server, ServerStatus } from './server';

export function tellMissingModel(server: Server): Disposable {
  let told = '';
  return server.onDidChange(() => {
    const { status } = server;
    if (!status || server.safeMode) return;
    const reason = status.state === 'absent' || status.state === 'failed' ? status.reason : '';
    if (reason !== '' && reason !== told) void tell(server, status);
    told = reason;
  });
}

async function tell(server: Server, status: ServerStatus): Promise<void> {
  const choose = l10n.t('Choose Model…');
  const log = l10n.t('Show Log');
  const choice = server.awaitsFirstModel
    ? await window.showInformationMessage(l10n.t('Lacuna has no model yet. Fixes for syntax errors work without one, ghost text does not.'), choose)
    : await window.showWarningMessage(l10n.t('Lacuna has no ghost text: {0}', status.reason), choose, log);
  if (choice === choose) void commands.executeCommand('lacuna.chooseModel');
  if (choice === log) server.showLog();
}
