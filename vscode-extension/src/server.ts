// The server's life: started for a trusted workspace, restarted by hand and after crashes, asked by commands.
import { commands, EventEmitter, l10n, window, type Disposable } from 'vscode';
import { State, type LanguageClient } from 'vscode-languageclient/node';
import { createClient, followSettings } from './client';
import { serverSettings, type ServerSettings } from './config';
import { RestartPolicy, type Verdict } from './restart-policy';
import { findServer } from './server-binary';

/** What the server tells by `lacuna/status`. */
export interface ServerStatus {
  state: 'absent' | 'loading' | 'ready' | 'failed';
  model: string;
  reason: string;
  note: string;
  progress?: number;
  paused: boolean;
  pausedLanguages: string[];
  requests: number;
  lastAnswerMs: number;
  lastSilence: string;
}

export type Life = 'stopped' | 'starting' | 'running';

export class Server implements Disposable {
  private client: LanguageClient | undefined;
  private session: Disposable[] = [];
  private policy = new RestartPolicy();
  private readonly changed = new EventEmitter<void>();
  private running: Promise<void> = Promise.resolve();
  private settings: ServerSettings | undefined; // of the server that runs

  readonly onDidChange = this.changed.event;
  /** The last one told; undefined while no server has told one. */
  status: ServerStatus | undefined;

  constructor(private readonly extensionPath: string) {}

  get life(): Life {
    if (!this.client || this.client.state === State.Stopped) return 'stopped';
    return this.client.state === State.Starting ? 'starting' : 'running';
  }

  get safeMode(): boolean {
    return this.policy.safeMode;
  }

  /** The name or file of the model that was chosen; empty: the default one. */
  get model(): string {
    return this.settings?.model ?? serverSettings().model;
  }

  /** There is no model, and none was ever chosen. */
  get awaitsFirstModel(): boolean {
    return this.status?.state === 'absent' && this.model === '';
  }

  /** Whether what runs is what the settings say. */
  isUpToDate(): boolean {
    return JSON.stringify(this.settings) === JSON.stringify(serverSettings());
  }

  /** Loads another model of this machine in the running server. */
  async useModel(name: string): Promise<boolean> {
    const answer = await this.ask('lacuna.useModel', name);
    if (answer && this.settings) this.settings.model = name;
    return answer !== undefined;
  }

  /** The program that is or would be run; undefined if there is none. */
  program(): string | undefined {
    return findServer(serverSettings(), this.extensionPath);
  }

  /** Stops what runs and starts anew, out of safe mode. Calls that overlap are carried out one after the other. */
  restart(): Promise<void> {
    this.running = this.running.then(() => this.stop()).then(() => this.start());
    return this.running;
  }

  async stop(): Promise<void> {
    this.session.forEach((part) => part.dispose());
    this.session = [];
    const old = this.client;
    this.client = undefined;
    this.status = undefined;
    this.changed.fire();
    if (!old) return;
    await old.dispose().catch(() => undefined); // one that never started, or has crashed: nothing is left to stop
  }

  /** Answers undefined, and tells the user, where no server runs or it refuses. */
  async ask<T extends object = { message: string }>(command: string, ...args: unknown[]): Promise<T | undefined> {
    if (!this.client?.isRunning()) {
      const restart = l10n.t('Restart');
      const choice = await window.showWarningMessage(l10n.t('Lacuna: the server is not running.'), restart);
      if (choice === restart) await this.restart();
      return undefined;
    }
    try {
      return await this.client.sendRequest<T>('workspace/executeCommand', { command, arguments: args });
    } catch (error) {
      void window.showErrorMessage(`Lacuna: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  showLog(): void {
    this.client?.outputChannel.show();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async start(): Promise<void> {
    const settings = (this.settings = serverSettings());
    const program = findServer(settings, this.extensionPath);
    if (!program) return this.tellMissing(settings.path);
    this.policy = new RestartPolicy();
    const client = createClient(program, settings, this.policy, (verdict) => this.crashed(verdict));
    this.client = client;
    this.session = [
      followSettings(client),
      client.onDidChangeState(() => this.changed.fire()),
      client.onNotification('lacuna/status', (status: ServerStatus) => {
        this.status = status;
        this.changed.fire();
      }),
    ];
    await client.start().catch((error: unknown) => client.error(String(error), undefined, 'force'));
  }

  private tellMissing(path: string): void {
    const settings = l10n.t('Open Settings');
    const message = path
      ? l10n.t('Lacuna cannot start its server: “{0}” is not a program.', path)
      : l10n.t('Lacuna cannot find its server: it is neither packed with the extension nor on PATH.');
    void window.showErrorMessage(message, settings).then((choice) => {
      if (choice) void commands.executeCommand('workbench.action.openSettings', 'lacuna.server.path');
    });
  }

  private crashed(verdict: Verdict): void {
    this.status = undefined;
    this.changed.fire();
    if (verdict === 'restart') return;
    const restart = l10n.t('Restart');
    const log = l10n.t('Show Log');
    const message = verdict === 'safe-mode'
      ? l10n.t('Lacuna’s server crashed three times. It runs in safe mode now: quick-fixes work, ghost text is off.')
      : l10n.t('Lacuna’s server crashed in safe mode too, and stays off.');
    void window.showWarningMessage(message, restart, log).then((choice) => {
      if (choice === restart) void this.restart();
      if (choice === log) this.showLog();
    });
  }
}
