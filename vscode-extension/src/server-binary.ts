// Finds the server program and says how to call it.
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Executable } from 'vscode-languageclient/node';
import type { ServerSettings } from './config';

const name = process.platform === 'win32' ? 'lacuna.exe' : 'lacuna';

/** The configured program, else the packed one, else the first on PATH. Undefined if there is none. */
export function findServer(settings: ServerSettings, extensionPath: string): string | undefined {
  const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean).map((folder) => path.join(folder, name));
  const candidates = settings.path ? [settings.path] : [path.join(extensionPath, 'server', name), ...onPath];
  return candidates.find(isProgram);
}

export function serverCall(program: string, settings: ServerSettings): Executable {
  const args = ['lsp'];
  if (settings.model) args.push('--model', settings.model);
  if (settings.threads > 0) args.push('--threads', String(settings.threads));
  if (settings.instructionSet !== 'auto') args.push('--isa', settings.instructionSet);
  if (settings.logFile) args.push('--log', settings.logFile);
  return { command: program, args };
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
