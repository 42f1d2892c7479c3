// The only reader of the user's settings. What chooses a program, a model or a path is declared with machine scope in
// package.json, so no workspace can set it; only the rest goes to the server while it runs.
import { ConfigurationTarget, workspace } from 'vscode';

export interface ServerSettings {
  path: string;
  model: string;
  threads: number;
  instructionSet: string;
  logFile: string;
}

export const section = 'lacuna';

export function serverSettings(): ServerSettings {
  const settings = workspace.getConfiguration(`${section}.server`);
  return {
    path: settings.get('path', ''),
    model: settings.get('model', ''),
    threads: settings.get('threads', 0),
    instructionSet: settings.get('instructionSet', 'auto'),
    logFile: settings.get('logFile', ''),
  };
}

/** The settings that the server may take at any time, in its own schema. */
export function sessionSettings(): object {
  const settings = workspace.getConfiguration(section);
  return {
    completion: settings.get('completion', {}),
    diagnostics: settings.get('diagnostics', {}),
    repair: settings.get('repair', {}),
  };
}

export function showsStatusBar(): boolean {
  return workspace.getConfiguration(section).get('statusBar.enabled', true);
}

export async function saveModel(name: string): Promise<void> {
  await workspace.getConfiguration(`${section}.server`).update('model', name, ConfigurationTarget.Global);
}
