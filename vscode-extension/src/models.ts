// The model picker. What models there are, the server says; fetching one is `lacuna model pull`, a process of its own,
// since the server itself never goes to the network.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { l10n, ProgressLocation, window, type QuickPickItem } from 'vscode';
import { saveModel } from './config';
import type { Server } from './server';

interface Model {
  name: string;
  state: 'present' | 'absent' | 'wrong_size';
  default: boolean;
  description: string;
  license: string;
  bytes: number;
}

interface Entry extends QuickPickItem {
  model: Model;
}

export async function chooseModel(server: Server): Promise<void> {
  const answer = await server.ask<{ models: Model[] }>('lacuna.models');
  if (!answer) return;
  const choice = await window.showQuickPick(answer.models.map((model) => entry(model, model.name === server.model || (server.model === '' && model.default))), {
    title: l10n.t('Lacuna: choose a model'),
    placeHolder: l10n.t('A model that is not here yet is fetched first.'),
    matchOnDescription: true,
  });
  if (!choice) return;
  const { model } = choice;
  if (model.state !== 'present' && !(await download(server, model))) return;
  // Loaded at once, and kept for the next start.
  if (await server.useModel(model.name)) await saveModel(model.name);
}

function entry(model: Model, inUse: boolean): Entry {
  const here = model.state === 'present';
  const marks = [
    megabytes(model.bytes),
    here ? l10n.t('on this machine') : model.state === 'absent' ? l10n.t('to be fetched') : l10n.t('damaged, to be fetched again'),
    ...(model.default ? [l10n.t('default')] : []),
    ...(inUse ? [l10n.t('in use')] : []),
  ];
  const detail = [model.description, model.license].filter(Boolean).join(' · ');
  return { label: `$(${here ? 'check' : 'cloud-download'}) ${model.name}`, description: marks.join(', '), detail, model };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** True once the model is there. Cancelling keeps what was fetched: the next time goes on from there. */
function download(server: Server, model: Model): Thenable<boolean> {
  const program = server.program();
  if (!program) return Promise.resolve(false);
  const title = l10n.t('Lacuna: fetching {0}', model.name);
  return window.withProgress({ location: ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
    const child = spawn(program, ['model', 'pull', model.name, '--progress', ...(model.state === 'absent' ? [] : ['--force'])],
      { stdio: ['ignore', 'ignore', 'pipe'] });
    token.onCancellationRequested(() => child.kill('SIGTERM'));
    let percent = 0;
    let lastWords = '';
    createInterface({ input: child.stderr }).on('line', (line) => {
      const told = readProgress(line);
      if (!told) {
        lastWords = line;
        return;
      }
      const now = told.total > 0 ? Math.min(100, (100 * told.done) / told.total) : 0;
      progress.report({ increment: Math.max(0, now - percent), message: `${told.stage}, ${megabytes(told.done)}` });
      percent = Math.max(percent, now);
    });
    const code = await new Promise<number | null>((done) => child.once('close', done).once('error', () => done(null)));
    if (code === 0) return true;
    if (!token.isCancellationRequested) void window.showErrorMessage(l10n.t('Lacuna could not fetch {0}: {1}', model.name, lastWords));
    return false;
  });
}

interface DownloadProgress {
  stage: string;
  done: number;
  total: number;
}

function readProgress(line: string): DownloadProgress | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as DownloadProgress;
  } catch {
    return undefined;
  }
}
