// Entry point: starts the server for trusted workspaces and registers the commands.
import { commands, window, workspace, type Disposable, type ExtensionContext } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { createClient, followSettings } from './client';
import { section, serverSettings } from './config';
import { findServer } from './server-binary';
import { showState } from './status-bar';

let client: LanguageClient | undefined;
let session: Disposable[] = [];

export async function activate(context: ExtensionContext): Promise<void> {
  const restart = async () => {
    await deactivate();
    await start(context.extensionPath);
  };
  context.subscriptions.push(
    commands.registerCommand('lacuna.restartServer', restart),
    commands.registerCommand('lacuna.showStatus', () => show('lacuna.status')),
    commands.registerCommand('lacuna.showWhyNoSuggestion', () => show('lacuna.whyNoSuggestion')),
    commands.registerCommand('lacuna.togglePause', togglePause),
    workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration(`${section}.server`)) await restart();
    }),
  );
  await start(context.extensionPath);
}

export async function deactivate(): Promise<void> {
  session.forEach((part) => part.dispose());
  session = [];
  const old = client;
  client = undefined;
  await old?.stop();
}

async function start(extensionPath: string): Promise<void> {
  const settings = serverSettings();
  const program = findServer(settings, extensionPath);
  if (!program) {
    const where = settings.path ? `'${settings.path}' is not a program` : 'it is neither packed with the extension nor on PATH';
    const choice = await window.showErrorMessage(`Lacuna cannot find its server: ${where}.`, 'Open Settings');
    if (choice) await commands.executeCommand('workbench.action.openSettings', 'lacuna.server.path');
    return;
  }
  client = createClient(program, settings);
  session = [showState(client), followSettings(client)];
  await client.start();
}

/** Asks the server's command and shows its `message`, which is written for people. */
async function show(command: string): Promise<void> {
  const answer = await ask(command);
  if (answer) await window.showInformationMessage(answer.message);
}

let paused = false;

async function togglePause(): Promise<void> {
  const answer = await ask(paused ? 'lacuna.resume' : 'lacuna.pause');
  if (answer) paused = !paused;
}

async function ask(command: string): Promise<{ message: string } | undefined> {
  if (!client?.isRunning()) {
    await window.showWarningMessage('Lacuna: the server is not running. Use “Lacuna: Restart the Server”.');
    return undefined;
  }
  return client.sendRequest<{ message: string }>('workspace/executeCommand', { command, arguments: [] });
}
