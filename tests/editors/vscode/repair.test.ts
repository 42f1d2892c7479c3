// Syntax errors in VS Code: they are marked, and mended by keyboard, all at once, or on saving.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startCodeServer, type CodeServer } from './code_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const broken = 'def total(items):\n    return sum(item.price for item in items\n\n\nprint(total([]))\n';
const mended = broken.replace('in items\n', 'in items)\n');
const brokenTwice = `${broken}print(total([1])\n`;
const mendedTwice = `${mended}print(total([1]))\n`;

describe('syntax errors', () => {
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    server = await startCodeServer({
      files: { 'one.py': broken, 'two.py': brokenTwice, 'saved.py': broken },
      settings: { 'lacuna.server.model': 'smollm2-135m' },
    });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('get a squiggle, and a quick-fix by keyboard', async () => {
    await vscode.openFile('one.py');
    await vscode.squiggles(1);
    await vscode.goTo(2, 8);
    await vscode.screenshot('squiggle');
    await vscode.openQuickFixes();
    await vscode.quickFix('Insert').waitFor();
    await vscode.screenshot('quick-fix');
    await vscode.page.keyboard.press('Enter');
    await vscode.squiggles(0);
    assert.equal(await vscode.save('one.py'), mended);
    await vscode.screenshot('fixed');
  });

  test('are all fixed by one command', async () => {
    await vscode.openFile('two.py');
    await until('there is a squiggle', async () => (await vscode.page.locator('.squiggly-error').count()) > 0);
    await vscode.screenshot('two-errors');
    await vscode.command('Lacuna: Fix All Syntax Errors');
    await vscode.squiggles(0);
    assert.equal(await vscode.save('two.py'), mendedTwice);
    await vscode.screenshot('fixed-all');
  });

  test('stay as they are on saving, unless the user wants otherwise', async () => {
    await vscode.openFile('saved.py');
    await vscode.squiggles(1);
    await vscode.goTo(1, 1);
    await vscode.page.keyboard.type('# typed\n');
    assert.equal(await vscode.save('saved.py'), `# typed\n${broken}`);
  });
});

describe('with fixes on saving', () => {
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    server = await startCodeServer({
      files: { 'saved.py': brokenTwice },
      settings: { 'lacuna.server.model': 'smollm2-135m', 'lacuna.repair.fixAllOnSave': true },
    });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('all syntax errors are fixed', async () => {
    await vscode.openFile('saved.py');
    await until('there is a squiggle', async () => (await vscode.page.locator('.squiggly-error').count()) > 0);
    await vscode.goTo(1, 1);
    await vscode.page.keyboard.type('# typed\n');
    assert.equal(await vscode.save('saved.py'), `# typed\n${mendedTwice}`);
    await vscode.squiggles(0);
    await vscode.screenshot('fixed-on-save');
  });
});

describe('with a model that fills in the middle', () => {
  const hole = 'def add(a, b):\n    return a + b\n\n\nprint(add(1, b=))\n';
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    server = await startCodeServer({
      files: { 'hole.py': hole },
      settings: { 'lacuna.server.model': 'qwen2.5-coder-0.5b' },
    });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('what is missing is written by the model, and says so', async () => {
    await vscode.openFile('hole.py');
    await vscode.squiggles(1);
    await vscode.goTo(5, 8);
    const written = vscode.quickFix('written by the model');
    // The list never waits for the model: it is opened again until the model's text is in it.
    await until('the model has written', async () => {
      await vscode.openQuickFixes();
      if ((await written.count()) > 0) return true;
      await vscode.page.keyboard.press('Escape');
      return false;
    });
    await vscode.screenshot('written-by-the-model');
    await written.click();
    await vscode.squiggles(0);
    const text = await vscode.save('hole.py');
    assert.match(text, /^print\(add\(1, b=[^)].*\)\)$/m);
    assert.equal(text.split('\n').slice(0, 4).join('\n'), hole.split('\n').slice(0, 4).join('\n'));
  });
});
