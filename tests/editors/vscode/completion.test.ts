// Ghost text in VS Code: it comes while one types, and the keys do what they say.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { repository, startCodeServer, type CodeServer } from './code_server.ts';
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
    server = await startCodeServer({ files: { 'inventory.py': unfinished } });
    browser = await openBrowser();
    vscode = await Workbench.open(browser, server);
    await vscode.openFile('inventory.py');
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('is shown while one types, and Tab takes it', async () => {
    await vscode.goTo(line, 13);
    await vscode.page.keyboard.type('total');
    await vscode.command('Trigger Inline Suggestion');
    const ghost = await vscode.someGhostText();
    await vscode.screenshot('ghost-text');
    assert.ok(!(await vscode.text()).includes(`total${ghost}`), 'ghost text is not in the document yet');
    await vscode.page.keyboard.press('Tab');
    await vscode.noGhostText();
    assert.ok((await vscode.save('inventory.py')).includes(`            total${ghost}`));
  });
});
