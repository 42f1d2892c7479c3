// A day of typing in ten minutes, through the real extension: no leak, no orphan, no missed answer. Not a test.
//
//   LACUNA_VSIX=… LACUNA_TEST_MODELS=… node tests/editors/vscode/soak.ts [MINUTES] [MODEL]
//
// Eight hours at the keyboard are some 18,000 keys, which is 30 a second here. It types code, takes suggestions whole and in
// part, dismisses them, deletes, undoes, saves, opens files, breaks and mends brackets, and pauses. A tap between VS Code and
// the server notes requests and answers. Exit code 1: something was missed or left behind, or memory grew.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repository, startCodeServer } from './code_server.ts';
import { TappedServer } from './tapped_server.ts';
import { until } from './until.ts';
import { openBrowser, Workbench } from './workbench.ts';

const minutes = Number(process.argv[2] ?? 10);
const model = process.argv[3] ?? 'smollm2-135m';
const sample = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8');
const names = ['a.py', 'b.py', 'c.py', 'd.py'];

/** The same every time. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Figures {
  minute: number;
  residentMB: number;
  openFiles: number;
  threads: number;
}

function figuresOf(pid: number, minute: number): Figures {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`${name}:\\s*(\\d+)`).exec(status)?.[1]);
  return {
    minute, residentMB: Math.round(field('VmRSS') / 1024), threads: field('Threads'),
    openFiles: fs.readdirSync(`/proc/${pid}/fd`).length,
  };
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lacuna-soak-'));
const tap = new TappedServer(folder);
const server = await startCodeServer({
  files: Object.fromEntries(names.map((name) => [name, sample])), program: tap.program, settings: { 'lacuna.server.model': model },
});
const browser = await openBrowser();
const random = randomNumbers(20261127);
const figures: Figures[] = [];
let keys = 0;
let taken = 0;

async function press(vscode: Workbench, key: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await vscode.page.keyboard.press(key);
  keys += times;
}

async function type(vscode: Workbench, text: string): Promise<void> {
  await vscode.page.keyboard.type(text);
  keys += text.length;
}

/** Rests for a moment, as one does who waits for a suggestion, and takes it or a part of it. The key is pressed in any case. */
async function accept(vscode: Workbench, key: string): Promise<void> {
  await vscode.page.locator('.view-line .ghost-text-decoration').first().waitFor({ timeout: 800 }).then(() => taken++, () => undefined);
  await press(vscode, key);
}

async function step(vscode: Workbench, lines: string[]): Promise<void> {
  const dice = random(100);
  if (dice < 60) return type(vscode, `${lines[random(lines.length)]?.slice(0, 4 + random(40)) ?? ''}`);
  if (dice < 68) return press(vscode, 'Enter');
  if (dice < 83) return accept(vscode, dice < 76 ? 'Tab' : dice < 80 ? 'Control+ArrowRight' : 'Alt+ArrowRight');
  if (dice < 86) return press(vscode, 'Escape');
  if (dice < 91) return press(vscode, 'Backspace', 1 + random(12));
  if (dice < 93) return press(vscode, 'Control+z', 1 + random(3));
  if (dice < 95) return press(vscode, 'ArrowUp', 1 + random(6));
  if (dice < 97) return press(vscode, 'End');
  if (dice < 98) return press(vscode, 'Control+s');
  if (dice < 99) return type(vscode, '(');
  await press(vscode, 'Home');
  await press(vscode, 'Shift+ArrowDown', 20); // a whole passage goes, so that files stay of a size
  await press(vscode, 'Delete');
}

/** The server itself: the tap's child. */
function serverPid(): number {
  const found = server.servers().find(({ command }) => !command.some((part) => part.endsWith('tap.mjs')));
  if (!found) throw new Error('no server runs');
  return found.pid;
}

let failed = false;
const check = (good: boolean, what: string) => {
  failed ||= !good;
  console.log(`${good ? 'good' : 'BAD '}  ${what}`);
};

try {
  const vscode = await Workbench.open(browser, server);
  await vscode.openFile('a.py');
  await vscode.ready();
  const pid = serverPid();
  const lines = sample.split('\n').filter((line) => line.trim() !== '');
  const start = Date.now();
  const elapsed = () => (Date.now() - start) / 60_000;
  figures.push(figuresOf(pid, 0));
  for (let sinceFile = 0; elapsed() < minutes; sinceFile++) {
    await step(vscode, lines);
    if (sinceFile > 400) {
      sinceFile = 0;
      await press(vscode, 'Escape');
      await vscode.openFile(names[random(names.length)] ?? 'a.py');
    }
    if (elapsed() >= figures.length) {
      figures.push(figuresOf(pid, Math.round(elapsed())));
      console.log(JSON.stringify(figures.at(-1)), `${keys} keys`);
    }
  }
  const settled = () => {
    const open = new Set<number>();
    for (const { id, method } of tap.notes()) if (id !== undefined) method ? open.add(id) : open.delete(id);
    return open;
  };
  await until('every request is answered', () => settled().size === 0, 60_000).catch(() => undefined);
  const notes = tap.notes();
  const requests = notes.filter((note) => note.method);
  const completions = requests.filter((note) => note.method === 'textDocument/inlineCompletion').length;
  const withText = notes.filter((note) => (note.items ?? 0) > 0).length;
  console.log(`${keys} keys in ${minutes} minutes; ${requests.length} requests, ${completions} for ghost text, ${withText} answered with text; ${taken} suggestions taken whole or in part`);
  check(taken > 0, 'suggestions were shown and taken');
  check(settled().size === 0, `${settled().size} requests without an answer`);
  check(serverPid() === pid, 'the server is the one that was started');
  // Memory grows until the cache of keys and values is full, after some six minutes. From then on it must not.
  const [before, first, last] = [figures.at(-4), figures[1], figures.at(-1)];
  if (before && last) check(last.residentMB <= before.residentMB * 1.02, `resident memory: ${before.residentMB} MB after minute ${before.minute}, ${last.residentMB} MB at the end`);
  if (first && last) check(last.openFiles <= first.openFiles && last.threads <= first.threads, `open files ${first.openFiles} and ${last.openFiles}, threads ${first.threads} and ${last.threads}`);
} finally {
  await browser.close();
  await server.stop();
  await until('no process is left', () => server.servers().length === 0, 10_000).catch(() => undefined);
  check(server.servers().length === 0, `${server.servers().length} processes left behind`);
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
