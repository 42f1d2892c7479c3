// Ghost text in VS Code: it comes while one types, and the keys do what they say.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { repository, startCodeServer, type CodeServer } from './code_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const sample = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8');
const statement = '            total += self.quantity(sku) * item.unit_price\n';
const unfinished = sample.replace(statement, '            \n');
const line = sample.slice(0, sample.indexOf(statement)).split('\n').length;

describe('ghost text', () => {
  let browser: Browser;
  let server: CodeServer;
  let vscode: Workbench;

  before(async () => {
    assert.notEqual(unfinished, sample);
    const names = ['tab', 'word', 'line', 'node', 'escape'];
    server = await startCodeServer({ files: Object.fromEntries(names.map((name) => [`${name}.py`, unfinished])) });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Types the beginning of the missing statement, and waits for the rest of it. */
  async function begin(name: string): Promise<string> {
    await vscode.openFile(name);
    await vscode.ready();
    await vscode.goTo(line, 13);
    await vscode.page.keyboard.type('total');
    await vscode.command('Trigger Inline Suggestion');
    return vscode.someGhostText();
  }

  /** The text that the line has behind what was typed. */
  async function taken(): Promise<string> {
    const text = (await vscode.text()).split('\n').find((each) => each.startsWith('            total'));
    return text?.slice('            total'.length) ?? '';
  }

  test('is shown while one types, and Tab takes it', async () => {
    const ghost = await begin('tab.py');
    await vscode.screenshot('ghost-text');
    assert.equal(await taken(), '', 'ghost text is not in the document yet');
    await vscode.page.keyboard.press('Tab');
    await vscode.noGhostText();
    assert.ok((await vscode.save('tab.py')).includes(`            total${ghost}`));
  });

  test('is taken by the word, and the rest stays', async () => {
    const ghost = await begin('word.py');
    await vscode.page.keyboard.press('Control+ArrowRight');
    const part = await until('a word is taken', taken);
    assert.ok(ghost.startsWith(part) && part.length < ghost.length, `'${part}' of '${ghost}'`);
    await until('the rest is shown', async () => ghost.startsWith(part + (await vscode.ghostText())) && (await vscode.ghostText()) !== '');
    await vscode.screenshot('accept-word');
  });

  test('is taken by the syntax node, and the rest stays', async () => {
    const ghost = (await begin('node.py')).split('\n')[0] ?? '';
    await vscode.page.keyboard.press('Alt+ArrowRight'); // the operator
    const operator = await until('a node is taken', taken);
    await until('the rest is shown', async () => (await vscode.ghostText()).startsWith(ghost.slice(operator.length)));
    await vscode.page.keyboard.press('Alt+ArrowRight'); // the operand
    const part = await until('another node is taken', async () => {
      const now = await taken();
      return now.length > operator.length ? now : '';
    });
    await vscode.screenshot('accept-node');
    assert.ok(ghost.startsWith(part), `'${part}' of '${ghost}'`);
    assert.match(operator, /^ \S+$/);
    // `self.quantity(sku)` is one node, not seven tokens
    assert.match(part.slice(operator.length), /^ \w[\w.]*(\(.*\))?$/);
  });

  test('is taken by the line', async () => {
    const ghost = await begin('line.py');
    await vscode.page.keyboard.press('Control+Alt+ArrowRight');
    const part = await until('a line is taken', taken);
    assert.equal(part, ghost.split('\n')[0]);
    await vscode.screenshot('accept-line');
  });

  test('goes away by Escape, and nothing is inserted', async () => {
    await begin('escape.py');
    await vscode.page.keyboard.press('Escape');
    await vscode.noGhostText();
    assert.equal(await taken(), '');
    await vscode.screenshot('dismissed');
  });
});
