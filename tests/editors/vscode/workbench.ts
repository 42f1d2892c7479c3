// VS Code's window, as a person uses it: keys in, what is on the screen and in the files out.
import fs from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { repository, type CodeServer } from './code_server.ts';
import { until } from './until.ts';

export const screenshots = path.join(repository, 'build/editors/vscode');

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.LACUNA_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync'],
  });
}

export class Workbench {
  readonly page: Page;
  readonly server: CodeServer;

  private constructor(page: Page, server: CodeServer) {
    this.page = page;
    this.server = server;
  }

  static async open(browser: Browser, server: CodeServer): Promise<Workbench> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 700 } });
    page.setDefaultTimeout(60_000);
    // Nothing may leave this machine.
    await page.route((url) => /^https?:$/.test(url.protocol) && url.hostname !== '127.0.0.1', (route) => route.abort());
    await page.goto(`${server.url}/?folder=${encodeURIComponent(server.folder)}`, { waitUntil: 'domcontentloaded' });
    await page.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item');
    return new Workbench(page, server);
  }

  async openFile(name: string): Promise<void> {
    await this.quickOpen(name);
    await this.page.waitForSelector(`.tab.active[data-resource-name="${path.basename(name)}"]`);
    await this.page.waitForSelector('.editor-instance .view-line');
  }

  private async quickOpen(text: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(text);
    await this.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Chooses a command by its title in the command palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
  }

  /** Rows of the list that is open: of a menu, a picker. */
  row(text: string) {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Closes the list that is open, and waits until it is gone: a key that follows would meet it otherwise. */
  async closeList(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  async goTo(line: number, column: number): Promise<void> {
    await this.quickOpen(`:${line}:${column}`);
    await this.cursorAt(line, column);
  }

  async cursorAt(line: number, column: number): Promise<void> {
    await this.page.locator('#status\\.editor\\.selection', { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** The text of the editor that has the focus, without ghost text; the part that is on the screen. */
  text(): Promise<string> {
    return this.page.evaluate(() => {
      const lines = [...document.querySelectorAll<HTMLElement>('.editor-instance .view-lines > .view-line')];
      return lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
        .map((line) => [...line.querySelectorAll('span > span')].filter((span) => !span.className.includes('ghost-text'))
          .map((span) => span.textContent).join(''))
        .join('\n').replaceAll('\u00a0', ' ');
    });
  }

  /** The ghost text on the screen: its first line stands in the line of the cursor, the others below it. */
  ghostText(): Promise<string> {
    return this.page.evaluate(() => {
      const texts = (selector: string) => [...document.querySelectorAll(selector)].map((element) => element.textContent ?? '');
      const first = texts('.view-line .ghost-text-decoration, .view-line .ghost-text-decoration-preview').join('');
      return [first, ...texts('.suggest-preview-text .view-line')].join('\n').replaceAll('\u00a0', ' ');
    });
  }

  /** Waits until there is ghost text, and the same twice: its parts are drawn one after the other. */
  async someGhostText(): Promise<string> {
    let last = '';
    return until('there is ghost text', async () => {
      const now = await this.ghostText();
      const settled = now.trim() !== '' && now === last;
      last = now;
      return settled ? now : '';
    }, 60_000);
  }

  async noGhostText(): Promise<void> {
    await until('there is no ghost text', async () => (await this.ghostText()).trim() === '');
  }

  /** Saves, and reads what was written. */
  async save(name: string): Promise<string> {
    await this.page.keyboard.press('Control+s');
    await this.page.locator('.tab.active:not(.dirty)').waitFor();
    return fs.readFileSync(path.join(this.server.folder, name), 'utf8');
  }

  /** Lacuna's item in the status bar. */
  get status() {
    return this.page.locator('.statusbar-item', { hasText: 'Lacuna' });
  }

  /** Waits until the item shows `text`. */
  async statusShows(text: string | RegExp): Promise<void> {
    await this.page.locator('.statusbar-item', { hasText: text }).filter({ hasText: 'Lacuna' }).waitFor({ timeout: 120_000 });
  }

  /** Waits until the model is loaded: the item then shows neither progress nor a problem. */
  async ready(): Promise<void> {
    await this.statusShows(/^\s*Lacuna( \d+ ms| –)?\s*$/);
    await this.page.locator('.statusbar-item:has(.codicon-sparkle)', { hasText: 'Lacuna' }).waitFor({ timeout: 120_000 });
  }

  /** Opens the menu of the status bar item and chooses an entry. */
  async menu(entry: string): Promise<void> {
    await this.status.locator('a').click();
    await this.row(entry).click();
  }

  /** The text of the notification that says `text`, which is then closed. */
  async notification(text: string | RegExp): Promise<string> {
    const toast = this.page.locator('.notification-toast', { hasText: text }).first();
    await toast.waitFor({ timeout: 120_000 });
    const message = await toast.locator('.notification-list-item-message').last().innerText();
    await this.command('Notifications: Clear All Notifications');
    return message;
  }

  /** Waits for as many squiggles of errors. */
  async squiggles(count: number): Promise<void> {
    await until(`there are ${count} squiggles`, async () => (await this.page.locator('.squiggly-error').count()) === count, 60_000);
  }

  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: 'disabled' });
  }
}
