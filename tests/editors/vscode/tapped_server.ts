// A program that VS Code starts as the language server, and that notes what passes between the two.
import fs from 'node:fs';
import path from 'node:path';
import { repository } from './code_server.ts';

export interface Note {
  at: number;
  id?: number; // of requests and answers
  method?: string;
  items?: number | null;
  error?: number;
  change?: true;
}

export class TappedServer {
  readonly program: string;
  private readonly notesFile: string;

  /** `folder` is made to hold the program and the notes. */
  constructor(folder: string) {
    fs.mkdirSync(folder, { recursive: true });
    const server = process.env.LACUNA_PROGRAM ?? path.join(repository, 'build/release/lacuna');
    this.program = path.join(folder, 'tapped-server');
    this.notesFile = path.join(folder, 'notes.jsonl');
    const call = [process.execPath, path.join(import.meta.dirname, 'tap.mjs'), this.notesFile, server].map((part) => `'${part}'`);
    fs.writeFileSync(this.program, `#!/bin/sh\nexec ${call.join(' ')} "$@"\n`, { mode: 0o755 });
    fs.writeFileSync(this.notesFile, '');
  }

  notes(): Note[] {
    const lines = fs.readFileSync(this.notesFile, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Note); // the last one may be half written
  }
}

/** By the nearest rank. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
