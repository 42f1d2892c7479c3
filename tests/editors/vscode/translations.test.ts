// Every text that a person sees exists in every language of the extension.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { repository } from './code_server.ts';

const extension = path.join(repository, 'vscode-extension');
const read = (name: string) => JSON.parse(fs.readFileSync(path.join(extension, name), 'utf8')) as Record<string, unknown>;

const english = read('package.nls.json');
const chinese = read('package.nls.zh-cn.json');
const manifest = fs.readFileSync(path.join(extension, 'package.json'), 'utf8');
const bundle = read('l10n/bundle.l10n.zh-cn.json');

/** The texts in the sources: the first arguments of l10n.t, which must be literals. */
function textsInSources(): string[] {
  return fs.readdirSync(path.join(extension, 'src')).flatMap((name) => {
    const source = fs.readFileSync(path.join(extension, 'src', name), 'utf8');
    const calls = source.match(/l10n\.t\(/g) ?? [];
    const literals = [...source.matchAll(/l10n\.t\(\s*'([^'\\]*)'/g)].map((match) => match[1] ?? '');
    assert.equal(literals.length, calls.length, `${name}: a text that is not a plain literal cannot be translated`);
    return literals;
  });
}

const placeholders = (text: unknown) => [...String(text).matchAll(/\{\d+\}/g)].map(String).sort();
const commandLinks = (text: unknown) => [...String(text).matchAll(/\(command:[^)]*\)/g)].map(String);

describe('translations', () => {
  test('of the manifest are complete, and none is left over', () => {
    const used = [...new Set([...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]))].sort();
    assert.deepEqual(Object.keys(english).sort(), used);
    assert.deepEqual(Object.keys(chinese).sort(), used);
    assert.deepEqual(used.filter((key) => !english[key ?? ''] || !chinese[key ?? '']), []);
  });

  test('of the sources are complete, and none is left over', () => {
    assert.deepEqual(Object.keys(bundle).sort(), [...new Set(textsInSources())].sort());
  });

  test('keep the placeholders and the links, and are in their language', () => {
    for (const [text, translated] of Object.entries(bundle)) {
      assert.deepEqual(placeholders(translated), placeholders(text), text);
      assert.match(String(translated), /\p{Script=Han}/u, text);
    }
    for (const key of Object.keys(english)) assert.deepEqual(commandLinks(chinese[key]), commandLinks(english[key]), key);
  });

  test('leave no text of the manifest in one language only', () => {
    const { contributes } = JSON.parse(manifest) as { contributes: Record<string, unknown> };
    const titles = JSON.stringify(contributes).matchAll(/"(title|description|markdownDescription|altText)":"([^"]*)"/g);
    const bare = [...titles].map((match) => match[2] ?? '').filter((text) => !/^%.*%$/.test(text) && text !== 'Lacuna');
    assert.deepEqual(bare, []);
  });

  test('stand beside settings that are all documented in the README', () => {
    const readme = fs.readFileSync(path.join(extension, 'README.md'), 'utf8');
    const { contributes } = JSON.parse(manifest) as { contributes: { configuration: { properties: object } } };
    const missing = Object.keys(contributes.configuration.properties).filter((name) => !readme.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });
});
