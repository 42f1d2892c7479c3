// What VS Code calls a language: it tells extensions only the identifier.
import { extensions } from 'vscode';

interface Contribution {
  languages?: ({ id?: string; aliases?: string[] } | null)[]; // as their authors wrote it
}

/** The first alias that an extension gives it, as VS Code's own status bar shows; the identifier where none does. */
export function languageName(id: string): string {
  const names = extensions.all
    .flatMap((extension) => (extension.packageJSON as { contributes?: Contribution }).contributes?.languages ?? [])
    .filter((language) => language?.id === id)
    .map((language) => language?.aliases?.[0]);
  return names.find((name) => name !== undefined) ?? id;
}
