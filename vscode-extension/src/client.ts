// The language client: vscode-languageclient does all of LSP, inline completions included; this only starts it.
import { l10n, workspace, type Disposable } from 'vscode';
import {
  CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, type ErrorHandler, type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { section, sessionSettings, type ServerSettings } from './config';
import type { RestartPolicy, Verdict } from './restart-policy';
import { serverCall } from './server-binary';

const languages = [
  'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'c', 'cpp', 'go', 'rust', 'java', 'csharp', 'ruby',
  'php', 'shellscript', 'json', 'jsonc',
];

export function createClient(
  program: string, settings: ServerSettings, policy: RestartPolicy, onCrash: (verdict: Verdict) => void,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: languages.flatMap((language) => [{ scheme: 'file', language }, { scheme: 'untitled', language }]),
    initializationOptions: () => ({ ...sessionSettings(), statusNotifications: true, safeMode: policy.safeMode }),
    // The server asks for these again after a change; only what a session may change is ever sent.
    middleware: {
      workspace: {
        configuration: (params) => params.items.map((item) => (item.section === section ? sessionSettings() : null)),
      },
    },
    synchronize: { fileEvents: [] },
    outputChannelName: 'Lacuna',
    // Requests fail when the server ends under them: that is in the log, and what it means the user is told once, by Server.
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    errorHandler: errorHandler(policy, onCrash),
  };
  return new LanguageClient(section, 'Lacuna', serverCall(program, settings), options);
}

function errorHandler(policy: RestartPolicy, onCrash: (verdict: Verdict) => void): ErrorHandler {
  return {
    // A broken pipe is followed by closed(), which decides.
    error: () => ({ action: ErrorAction.Continue, handled: true }),
    closed: async () => {
      const verdict = policy.crashed(Date.now());
      onCrash(verdict);
      if (verdict === 'give-up') {
        return { action: CloseAction.DoNotRestart, handled: true, message: l10n.t('The server ended again in safe mode; it stays off.') };
      }
      await new Promise((resolve) => setTimeout(resolve, policy.delayMs));
      return { action: CloseAction.Restart, handled: true, message: l10n.t('The server ended and is started again.') };
    },
  };
}

/** Tells the server that settings have changed, whenever they do. */
export function followSettings(client: LanguageClient): Disposable {
  return workspace.onDidChangeConfiguration((event) => {
    if (!event.affectsConfiguration(section) || !client.isRunning()) return;
    void client.sendNotification('workspace/didChangeConfiguration', { settings: { [section]: sessionSettings() } });
  });
}
