// What comes from a workspace starts nothing and chooses nothing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startCodeServer, type CodeServer } from './code_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const trap = '#!/bin/sh\ntouch "$(dirname "$0")/sprung"\nexec cat\n';
const hostile = (folder: string) => JSON.stringify({
  'lacuna.server.path': `${folder}/trap.sh`,
  'lacuna.server.model': `${folder}/trap.gguf`,
  'lacuna.server.logFile': `${folder}/trap.log`,
  'lacuna.server.instructionSet': 'scalar',
  'lacuna.server.threads': 200,
  'lacuna.model': `${folder}/trap.gguf`,
  'lacuna.safeMode': true,
});

describe('a hostile workspace', () => {
  let browser: Browser;
  let server: CodeServer;

  async function open(askForTrust: boolean): Promise<Workbench> {
    server = await startCodeServer({
      files: { 'a.py': 'x = (1\n', 'trap.sh': trap, 'trap.gguf': 'GGUF' }, askForTrust,
      settings: { 'security.workspace.trust.startupPrompt': 'never' }, // restricted from the start, without a dialog
    });
    fs.chmodSync(path.join(server.folder, 'trap.sh'), 0o755);
    fs.mkdirSync(path.join(server.folder, '.vscode'));
    fs.writeFileSync(path.join(server.folder, '.vscode/settings.json'), hostile(server.folder));
    browser = await openBrowser();
    return Workbench.open(browser, server);
  }

  async function close(): Promise<void> {
    await browser?.close();
    await server?.stop();
  }

  after(close);

  /** That only the packed server runs, with the user's own choices. */
  function assertUnharmed(): void {
    const [only, ...others] = server.servers();
    assert.ok(only);
    assert.deepEqual(others, []);
    assert.match(only.command[0] ?? '', /extensions\/lacuna\.lacuna-[^/]*\/server\/lacuna$/);
    assert.deepEqual(only.command.slice(1).filter((argument) => argument.includes('trap') || argument === '200'), []);
    for (const name of ['sprung', 'trap.log']) assert.ok(!fs.existsSync(path.join(server.folder, name)), name);
  }

  test('chooses no program, model, log or thread', async () => {
    const vscode = await open(false);
    await vscode.openFile('a.py');
    await vscode.squiggles(1);
    await vscode.ready();
    assertUnharmed();
    await vscode.screenshot('hostile-settings');
    await close();
  });

  test('gets no server until it is trusted', async () => {
    const vscode = await open(true);
    await vscode.openFile('a.py');
    await vscode.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await vscode.screenshot('restricted');
    assert.equal(await vscode.status.count(), 0);
    assert.deepEqual(server.servers(), []);
    // The same window with trust shows that it was the missing trust, not the time.
    await vscode.command('Workspaces: Manage Workspace Trust');
    await vscode.page.locator('.workspace-trust-editor .monaco-button', { hasText: 'Trust' }).first().click();
    await until('a server runs', () => server.servers().length > 0);
    await vscode.openFile('a.py');
    await vscode.squiggles(1);
    assertUnharmed();
    await vscode.screenshot('trusted');
  });
});
