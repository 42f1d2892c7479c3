// Entry point: starts the server for trusted workspaces and registers the commands. What other editors need too is in
// the server; here is only how VS Code shows it.
import { commands, window, workspace, type ExtensionContext } from 'vscode';
import { section } from './config';
import { showMenu, togglePause } from './menu';
import { tellMissingModel } from './model-notice';
import { chooseModel } from './models';
import { acceptNode } from './partial-accept';
import { Reports } from './reports';
import { Server } from './server';
import { showStatusBar } from './status-bar';

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const started = (server = new Server(context.extensionPath));
  const reports = new Reports(started);
  const handlers: Record<string, () => unknown> = {
    'lacuna.showMenu': () => showMenu(started),
    'lacuna.showStatus': () => showMessage(started, 'lacuna.status'),
    'lacuna.showWhyNoSuggestion': () => showMessage(started, 'lacuna.whyNoSuggestion'),
    'lacuna.showExplanation': () => showMessage(started, 'lacuna.explainCompletion'),
    'lacuna.showStatistics': () => reports.showStatistics(),
    'lacuna.checkHealth': () => reports.checkHealth(),
    'lacuna.chooseModel': () => chooseModel(started),
    'lacuna.togglePause': () => togglePause(started),
    'lacuna.restartServer': () => started.restart(),
    'lacuna.showLog': () => started.showLog(),
    'lacuna.openSettings': () => commands.executeCommand('workbench.action.openSettings', `@ext:${context.extension.id}`),
    'lacuna.openWalkthrough': () => commands.executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#start`, false),
    'lacuna.acceptWord': () => commands.executeCommand('editor.action.inlineSuggest.acceptNextWord'),
    'lacuna.acceptLine': () => commands.executeCommand('editor.action.inlineSuggest.acceptNextLine'),
    'lacuna.acceptNode': () => acceptNode(started),
    'lacuna.fixAll': () => commands.executeCommand('editor.action.codeAction', { kind: 'source.fixAll.lacuna', apply: 'first' }),
  };
  context.subscriptions.push(
    started, reports, showStatusBar(started), tellMissingModel(started),
    ...Object.entries(handlers).map(([name, handler]) => commands.registerCommand(name, handler)),
    workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration(`${section}.server`) && !started.isUpToDate()) await started.restart();
    }),
  );
  await started.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Asks the server's command and shows its `message`, which is written for people. */
async function showMessage(started: Server, command: string): Promise<void> {
  const answer = await started.ask(command);
  if (answer) await window.showInformationMessage(answer.message);
}
