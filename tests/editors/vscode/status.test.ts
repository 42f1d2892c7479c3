// The status bar item and its menu: state, pause, model, reasons, statistics, health.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startCodeServer, type CodeServer } from './code_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const code = 'import os\n\n\ndef home_folder():\n    return os.\n';

describe('the status bar item', () => {
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    server = await startCodeServer({ files: { 'home.py': code }, settings: { 'lacuna.server.model': 'smollm2-135m' } });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
    await vscode.openFile('home.py');
    await vscode.ready();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function ask(): Promise<void> {
    await vscode.goTo(5, 15);
    await vscode.command('Trigger Inline Suggestion');
  }

  test('shows how long the last suggestion took', async () => {
    await ask();
    await vscode.someGhostText();
    await vscode.statusShows(/\d+ ms/);
    await vscode.status.hover();
    await vscode.page.locator('.workbench-hover', { hasText: 'Model' }).waitFor();
    await vscode.screenshot('status');
  });

  test('pauses for ten minutes and resumes, from its menu', async () => {
    await vscode.page.keyboard.press('Escape');
    await vscode.openMenu();
    await vscode.screenshot('menu');
    await vscode.row('Pause for 10 Minutes').click();
    await vscode.statusShows('paused');
    await ask();
    await vscode.command('Lacuna: Why Is There No Suggestion?');
    assert.match(await vscode.notification('No suggestion'), /paused/);
    await vscode.noGhostText();
    await vscode.screenshot('paused');
    await vscode.menu('Resume');
    await vscode.ready();
    await ask();
    await vscode.someGhostText();
  });

  test('pauses in one language', async () => {
    await vscode.page.keyboard.press('Escape');
    await vscode.menu('Pause in This Language (Python)');
    await vscode.statusShows('paused');
    await vscode.menu('Resume in This Language (Python)');
    await vscode.ready();
  });

  test('tells the status in words', async () => {
    await vscode.command('Lacuna: Show Status');
    assert.match(await vscode.notification('completions asked for'), /Lacuna \d+\.\d+.*threads/s);
    await vscode.command('Lacuna: Explain the Last Completion');
    assert.match(await vscode.notification('The last answer took'), /\d+ ms/);
  });

  test('changes the model', async () => {
    await vscode.menu('Choose Model');
    await vscode.row('smollm2-135m').filter({ hasText: 'in use' }).waitFor();
    await vscode.screenshot('models');
    await vscode.row('gemma3-270m').filter({ hasText: 'on this machine' }).click();
    await until('the menu names the new model', async () => {
      await vscode.openMenu();
      const named = /gemma3-270m/.test(await vscode.menuTitle.innerText());
      if (named) await vscode.screenshot('model-changed');
      await vscode.closeList();
      return named;
    });
    assert.equal(server.servers().length, 1, 'the model is changed in the server that runs');
  });

  test('shows statistics', async () => {
    await vscode.menu('Statistics');
    await vscode.page.waitForSelector('.tab.active[data-resource-name="Lacuna Statistics.md"]');
    const text = await until('the statistics are shown', async () => {
      const now = await vscode.text();
      return now.includes('95 of 100 within') ? now : '';
    });
    assert.match(text, /Answered with text +\| +[1-9]/);
    await vscode.screenshot('statistics');
  });

  test('leads to an introduction', async () => {
    await vscode.command('Lacuna: Open the Introduction');
    await vscode.page.locator('.gettingStartedContainer', { hasText: 'Start with Lacuna' }).waitFor();
    await vscode.page.locator('.gettingStartedContainer', { hasText: 'Take only a part' }).waitFor();
    await vscode.screenshot('introduction');
  });

  test('checks the health', async () => {
    await vscode.menu('Health Check');
    await vscode.page.locator('.tab.active[data-resource-name="Lacuna Health.md"]').waitFor();
    const text = await until('the findings are shown', async () => {
      const now = await vscode.text();
      return now.includes('model run') ? now : '';
    });
    assert.match(text, /✓ \*\*languages\*\*/);
    await vscode.screenshot('health');
  });
});
