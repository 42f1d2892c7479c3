// The language client: vscode-languageclient does all of LSP, inline completions included; this only starts it.
import { workspace } from 'vscode';
import { LanguageClient, type LanguageClientOptions } from 'vscode-languageclient/node';
import { section, sessionSettings, type ServerSettings } from './config';
import { serverCall } from './server-binary';

const languages = [
  'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'c', 'cpp', 'go', 'rust', 'java', 'csharp', 'ruby',
  'php', 'shellscript', 'json', 'jsonc',
];

export function createClient(program: string, settings: ServerSettings): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: languages.flatMap((language) => [{ scheme: 'file', language }, { scheme: 'untitled', language }]),
    initializationOptions: sessionSettings(),
    // The server asks for these again after a change; only what a session may change is ever sent.
    middleware: {
      workspace: {
        configuration: (params) => params.items.map((item) => (item.section === section ? sessionSettings() : null)),
      },
    },
    synchronize: { fileEvents: [] },
    outputChannelName: 'Lacuna',
  };
  return new LanguageClient(section, 'Lacuna', serverCall(program, settings), options);
}

/** Tells the server that settings have changed, whenever they do. */
export function followSettings(client: LanguageClient) {
  return workspace.onDidChangeConfiguration((event) => {
    if (!event.affectsConfiguration(section) || !client.isRunning()) return;
    void client.sendNotification('workspace/didChangeConfiguration', { settings: { [section]: sessionSettings() } });
  });
}
