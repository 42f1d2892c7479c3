// How long ghost text takes in VS Code, from the key to the paint, beside the server's own time. Not a test.
//
//   LACUNA_VSIX=… LACUNA_TEST_MODELS=… node tests/editors/vscode/measure_typing.ts [KEYS] [MODEL]
//
// Types a file's lines key by key. The browser notes when a key goes down and when a frame with other ghost text was
// painted; a tap between VS Code and the server notes when the change and the request came and the answer left. One key is one
// measurement if ghost text is on the screen after it. A key that VS Code answers from the text that it already shows costs
// the server nothing. Before VS Code asks for what it does not show yet, it waits for 50 ms, which an extension cannot change
// (InlineCompletionsDebounce), and in which the server computes already. "The server" is the time that the key waited for
// it: from the change if it was still computing when it was asked, else from the request, so that no wait of VS Code's counts
// as the server's. "added by the editor" is the whole time less that. "since it was asked" is the server's time as a tool that
// begins with the request would have it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { repository, startCodeServer } from './code_server.ts';
import { percentile, TappedServer } from './tapped_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const wantedKeys = Number(process.argv[2] ?? 200);
const model = process.argv[3] ?? 'qwen2.5-coder-0.5b';
const betweenKeysMs = 150; // a quick typist
const readyWithinMs = 10; // an answer that had only to be sent

interface Painted {
  at: number;
  text: string;
}

declare global {
  interface Window {
    lacunaKeys: number[];
    lacunaPaints: Painted[];
  }
}

/** Times are in ms since 1970, as the tap's. */
function watchPage(page: Page): Promise<void> {
  return page.evaluate(() => {
    const now = () => performance.timeOrigin + performance.now();
    window.lacunaKeys = [];
    window.lacunaPaints = [];
    document.addEventListener('keydown', (event) => window.lacunaKeys.push(performance.timeOrigin + event.timeStamp), true);
    const ghost = () => [...document.querySelectorAll('.view-line .ghost-text-decoration, .view-line .ghost-text-decoration-preview')]
      .map((element) => element.textContent ?? '').join('');
    let last = '';
    const channel = new MessageChannel(); // its message is a task of its own, after the frame in which it was sent
    let pending = '';
    channel.port1.onmessage = () => window.lacunaPaints.push({ at: now(), text: pending });
    new MutationObserver(() => {
      const text = ghost();
      if (text === last) return;
      last = text;
      pending = text;
      requestAnimationFrame(() => channel.port2.postMessage(0));
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}

interface Measurement {
  total: number;
  /** From the key until the server was asked; 0 if it was not, as are the other two. */
  toRequest: number;
  sinceAsked: number;
  server: number;
}

async function measureKey(page: Page, tap: TappedServer, key: string): Promise<Measurement | undefined> {
  const before = await page.evaluate(() => ({ keys: window.lacunaKeys.length, paints: window.lacunaPaints.length }));
  await page.keyboard.type(key);
  const settled = await until('the key is answered', async () => {
    const [keyAt, paints] = await page.evaluate(([keys, paints]) =>
      [window.lacunaKeys[keys!], window.lacunaPaints.slice(paints)] as const, [before.keys, before.paints]);
    if (keyAt === undefined) return undefined;
    const painted = paints.find(({ text }) => text.trim() !== '');
    const notes = tap.notes();
    const request = notes.filter((note) => note.method === 'textDocument/inlineCompletion' && note.at >= keyAt).at(-1);
    const answer = request && notes.find((note) => note.id === request.id && note.method === undefined);
    if (painted) {
      const caused = request && answer && answer.at <= painted.at;
      const total = painted.at - keyAt;
      if (!caused) return { total, toRequest: 0, sinceAsked: 0, server: 0 };
      const change = notes.filter((note) => note.change && note.at >= keyAt && note.at <= request.at).at(-1);
      const sinceAsked = answer.at - request.at;
      const wasReady = sinceAsked < readyWithinMs || !change;
      return { total, toRequest: request.at - keyAt, sinceAsked, server: wasReady ? sinceAsked : answer.at - change.at };
    }
    return answer && answer.items === 0 ? 'silent' : undefined;
  }, 8000).catch(() => undefined);
  return settled === 'silent' ? undefined : settled;
}

function linesToType(): string[] {
  const source = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8').split('\n');
  return source.filter((line) => /^ {8,}\w/.test(line)).map((line) => line.trim());
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lacuna-measure-'));
const tap = new TappedServer(folder);
const sample = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8');
const server = await startCodeServer({ files: { 'typed.py': `${sample}\n\ndef more(self, sku, item):\n    \n` }, program: tap.program, settings: { 'lacuna.server.model': model } });
const browser = await openBrowser();
const measurements: Measurement[] = [];
let silent = 0;
try {
  const vscode = await Workbench.open(browser, server);
  await vscode.openFile('typed.py');
  await vscode.ready();
  await vscode.goTo(sample.split('\n').length + 3, 5);
  await watchPage(vscode.page);
  const lines = linesToType();
  for (let i = 0; measurements.length < wantedKeys && i < 40 * lines.length; i++) {
    for (const key of lines[i % lines.length] ?? '') {
      const measured = await measureKey(vscode.page, tap, key);
      measured ? measurements.push(measured) : silent++;
      await vscode.page.waitForTimeout(betweenKeysMs);
      if (measurements.length >= wantedKeys) break;
    }
    await vscode.page.keyboard.press('Escape');
    await vscode.page.keyboard.press('Enter');
    await vscode.page.keyboard.press('Home');
    await vscode.page.keyboard.type('    ');
  }
} finally {
  await browser.close();
  await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}

const row = (name: string, values: number[]) =>
  console.log(`${name.padEnd(44)} n ${String(values.length).padStart(4)}  p50 ${percentile(values, 0.5).toFixed(0).padStart(5)} ms  p95 ${percentile(values, 0.95).toFixed(0).padStart(5)} ms`);
const added = ({ total, server: own }: Measurement) => total - own;
const asked = measurements.filter((each) => each.sinceAsked > 0);
console.log(`${model}; ${silent} more keys had no ghost text`);
row('key to paint', measurements.map((each) => each.total));
row('  the server', measurements.map((each) => each.server));
row('    since it was asked', measurements.map((each) => each.sinceAsked));
row('  added by the editor', measurements.map(added));
row('    counting the server since it was asked', measurements.map((each) => each.total - each.sinceAsked));
row('keys painted after an answer: key to paint', asked.map((each) => each.total));
row('  until the server is asked', asked.map((each) => each.toRequest));
row('  the server', asked.map((each) => each.server));
row('    since it was asked', asked.map((each) => each.sinceAsked));
row('  from its answer to the paint', asked.map((each) => each.total - each.toRequest - each.sinceAsked));
row('  added by the editor', asked.map(added));
row('    counting the server since it was asked', asked.map((each) => each.total - each.sinceAsked));
