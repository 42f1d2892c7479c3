// The server's life: it survives being killed, and what crashes again and again goes on without a model.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startCodeServer, type CodeServer } from './code_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const code = 'def add(a, b):\n    return a + (b\n';

describe('a server that is killed', () => {
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    server = await startCodeServer({ files: { 'add.py': code }, settings: { 'lacuna.server.model': 'smollm2-135m' } });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
    await vscode.openFile('add.py');
    await vscode.ready();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Kills the server, and waits until it is gone and, if it is to come back, another one is there. */
  async function kill(comesBack: boolean): Promise<void> {
    const [old] = server.servers();
    assert.ok(old);
    process.kill(old.pid, 'SIGKILL');
    await until(comesBack ? 'another server runs' : 'no server runs', () => {
      const now = server.servers();
      return comesBack ? now.length === 1 && now[0]?.pid !== old.pid : now.length === 0;
    });
  }

  test('is started again, and everything works', async () => {
    await kill(true);
    await vscode.ready();
    await vscode.squiggles(1);
    await vscode.goTo(2, 14);
    await vscode.command('Trigger Inline Suggestion');
    await vscode.statusShows(/\d+ ms|–/);
    await vscode.screenshot('survived');
  });

  test('is started without a model the third time, and quick-fixes go on', async () => {
    await kill(true);
    await vscode.ready();
    await kill(true);
    await vscode.statusShows('safe mode');
    await vscode.squiggles(1);
    // What failed because the server was gone is no news.
    assert.equal(await vscode.page.locator('.notification-list-item', { hasText: 'Request' }).count(), 0);
    await vscode.notification('safe mode', 'safe-mode');
  });

  test('stays off after that, until the user restarts it', async () => {
    await kill(false);
    await vscode.notification('stays off', 'stays-off');
    await vscode.command('Lacuna: Restart the Server');
    await vscode.ready();
    assert.equal(server.servers().length, 1);
  });
});
