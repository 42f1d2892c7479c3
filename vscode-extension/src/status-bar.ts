// One item in the status bar: whether the server runs, and a click to its own account of itself.
import { StatusBarAlignment, ThemeColor, window, type Disposable } from 'vscode';
import { State, type LanguageClient } from 'vscode-languageclient/node';

export function showState(client: LanguageClient): Disposable {
  const item = window.createStatusBarItem('lacuna.status', StatusBarAlignment.Right, 50);
  item.name = 'Lacuna';
  item.command = 'lacuna.showStatus';
  const draw = (state: State) => {
    const stopped = state === State.Stopped;
    item.text = state === State.Starting ? '$(loading~spin) Lacuna' : stopped ? '$(warning) Lacuna' : '$(sparkle) Lacuna';
    item.tooltip = stopped ? 'Lacuna: the server is not running' : 'Lacuna: click for the status';
    item.backgroundColor = stopped ? new ThemeColor('statusBarItem.warningBackground') : undefined;
  };
  draw(client.state);
  item.show();
  const subscription = client.onDidChangeState((change) => draw(change.newState));
  return { dispose: () => (subscription.dispose(), item.dispose()) };
}
