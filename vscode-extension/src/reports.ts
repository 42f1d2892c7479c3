// Reports to read at leisure: the statistics and the health check, as documents that are written nowhere.
import { execFile } from 'node:child_process';
import { EventEmitter, l10n, ProgressLocation, Uri, window, workspace, type Disposable } from 'vscode';
import { serverSettings } from './config';
import type { Server } from './server';

interface Statistics {
  requests: number;
  offered: number;
  shown: number;
  accepted: number;
  partiallyAccepted: number;
  acceptedCharacters: number;
  silent: number;
  superseded: number;
  keptAfter30s: Kept;
  keptAfter120s: Kept;
  latencyMs: { answers: number; p50: number; p95: number; p99: number };
  silences: { reason: string; count: number }[];
}

interface Kept {
  checked: number;
  kept: number;
}

interface Finding {
  subject: string;
  health: 'good' | 'warning' | 'problem';
  text: string;
  mend: string;
}

const scheme = 'lacuna';

export class Reports implements Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new EventEmitter<Uri>();
  private readonly registration = workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: this.changed.event,
    provideTextDocumentContent: (uri) => this.texts.get(uri.path) ?? '',
  });

  constructor(private readonly server: Server) {}

  async showStatistics(): Promise<void> {
    const statistics = await this.server.ask<Statistics>('lacuna.statistics');
    if (statistics) await this.show(l10n.t('Lacuna Statistics'), statisticsText(statistics));
  }

  /** Runs `lacuna doctor`, which loads the model and tries it. */
  async checkHealth(): Promise<void> {
    const program = this.server.program();
    if (!program) return void window.showErrorMessage(l10n.t('Lacuna cannot find its server: it is neither packed with the extension nor on PATH.'));
    const { model } = serverSettings();
    const args = ['doctor', '--json', ...(model ? ['--model', model] : [])];
    const title = l10n.t('Lacuna: health check');
    const output = await window.withProgress({ location: ProgressLocation.Notification, title }, () => run(program, args));
    await this.show(l10n.t('Lacuna Health'), healthText(output));
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  private async show(title: string, text: string): Promise<void> {
    const uri = Uri.from({ scheme, path: `/${title}.md` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }
}

function run(program: string, args: string[]): Promise<string> {
  // The exit code only repeats what the findings say.
  return new Promise((done) => execFile(program, args, { timeout: 120_000 }, (_error, stdout, stderr) => done(stdout || stderr)));
}

export function statisticsText(statistics: Statistics): string {
  const { latencyMs } = statistics;
  const rows: [string, string][] = [
    [l10n.t('Asked for'), `${statistics.requests}`],
    [l10n.t('Answered with text'), `${statistics.offered}`],
    [l10n.t('Shown'), `${statistics.shown}`],
    [l10n.t('Accepted'), ofWhole(statistics.accepted, statistics.shown)],
    [l10n.t('Accepted in part'), `${statistics.partiallyAccepted}`],
    [l10n.t('Characters accepted'), `${statistics.acceptedCharacters}`],
    [l10n.t('Kept after 30 seconds'), ofWhole(statistics.keptAfter30s.kept, statistics.keptAfter30s.checked)],
    [l10n.t('Kept after 2 minutes'), ofWhole(statistics.keptAfter120s.kept, statistics.keptAfter120s.checked)],
    [l10n.t('Answered with nothing'), `${statistics.silent}`],
    [l10n.t('Overtaken by the next key'), `${statistics.superseded}`],
  ];
  const times: [string, string][] = [
    [l10n.t('Half of them within'), `${Math.round(latencyMs.p50)} ms`],
    [l10n.t('95 of 100 within'), `${Math.round(latencyMs.p95)} ms`],
    [l10n.t('99 of 100 within'), `${Math.round(latencyMs.p99)} ms`],
  ];
  const silences = statistics.silences.map(({ reason, count }): [string, string] => [reason, `${count}`]);
  return [
    `# ${l10n.t('Lacuna Statistics')}`, '',
    l10n.t('Since the server was started. These figures are kept in memory on this machine and sent nowhere.'), '',
    table([l10n.t('Suggestions'), ''], rows), '',
    table([l10n.t('Time of the last {0} answers with text', latencyMs.answers), ''], times), '',
    ...(silences.length ? [table([l10n.t('Reasons of silence'), ''], silences), ''] : []),
  ].join('\n');
}

export function healthText(output: string): string {
  const marks = { good: '✓', warning: '!', problem: '✗' };
  try {
    const { version, ok, findings } = JSON.parse(output) as { version: string; ok: boolean; findings: Finding[] };
    // Whether PATH leads to the program matters to other editors: this one has found it.
    const ours = findings.filter(({ subject }) => subject !== 'program');
    const lines = ours.flatMap(({ subject, health, text, mend }) =>
      [`- ${marks[health]} **${subject}**: ${text}`, ...(mend ? [`  - ${l10n.t('To mend it: {0}', mend)}`] : [])]);
    const verdict = !ok ? l10n.t('Something is broken.')
      : ours.every(({ health }) => health === 'good') ? l10n.t('All is well.') : l10n.t('It works; something could be better.');
    return [`# ${l10n.t('Lacuna Health')}`, '', `Lacuna ${version}. ${verdict}`, '', ...lines, ''].join('\n');
  } catch {
    return [`# ${l10n.t('Lacuna Health')}`, '', l10n.t('The health check itself failed:'), '', '```', output.trim(), '```', ''].join('\n');
  }
}

function ofWhole(part: number, whole: number): string {
  return whole > 0 ? `${part} (${Math.round((100 * part) / whole)} %)` : '–'; // no share of nothing
}

function table(head: [string, string], rows: [string, string][]): string {
  const all = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = [0, 1].map((column) => Math.max(3, ...all.map((cells) => [...(cells[column] ?? '')].length)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - [...cell].length)).join(' | ')} |`;
  const rule = `| ${'-'.repeat(widths[0] ?? 3)} | ${'-'.repeat((widths[1] ?? 3) - 1)}: |`;
  return [line(all[0] ?? []), rule, ...all.slice(1).map(line)].join('\n');
}
