// VS Code's window, as a person uses it: keys in, what is on the screen and in the files out.
import fs from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { repository, type CodeServer } from './code_server.ts';
import { patienceMs, until } from './until.ts';

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
    page.setDefaultTimeout(patienceMs);
    // Nothing may leave this machine.
    await page.route((url) => /^https?:$/.test(url.protocol) && url.hostname !== '127.0.0.1', (route) => route.abort());
    await page.goto(`${server.url}/?folder=${encodeURIComponent(server.folder)}`, { waitUntil: 'domcontentloaded' });
    await page.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item');
    return new Workbench(page, server);
  }

  async openFile(name: string): Promise<void> {
    await this.quickOpen(name, path.basename(name));
    await this.page.waitForSelector(`.tab.active[data-resource-name="${path.basename(name)}"]`);
    await this.page.waitForSelector('.editor-instance .view-line');
  }

  private async quickOpen(text: string, answer: string): Promise<void> {
    await this.fillPalette(text);
    // Enter takes the first row, which may still be one of the list before.
    await this.page.locator('.quick-input-list .monaco-list-row').first().filter({ hasText: answer }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  private async fillPalette(text: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.paletteInput.waitFor();
    await this.paletteInput.fill(text);
  }

  private get paletteInput() {
    return this.page.locator('.quick-input-widget .quick-input-box input');
  }

  /** Chooses a command by its title in the command palette, and waits until the palette has gone or made way for another list. */
  async command(title: string): Promise<void> {
    await this.fillPalette(`>${title}`);
    await this.row(title).first().click();
    await until('the palette has gone', async () =>
      !(await this.paletteInput.isVisible()) || !(await this.paletteInput.inputValue({ timeout: 1000 }).catch(() => '')).startsWith('>'));
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
    await this.quickOpen(`:${line}:${column}`, `line ${line}`);
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
    });
  }

  async noGhostText(): Promise<void> {
    await until('there is no ghost text', async () => (await this.ghostText()).trim() === '');
  }

  /** The first entry of the list of quick-fixes that has `text` in it. */
  quickFix(text: string) {
    return this.page.locator('.action-widget .monaco-list-row', { hasText: text }).first();
  }

  /**
   * Opens the list of quick-fixes at the cursor. It is asked for until it opens: VS Code looks for actions by itself a moment after the
   * cursor has moved, and drops a list that was asked for meanwhile.
   */
  async openQuickFixes(): Promise<void> {
    await until('the list of quick-fixes is open', async () => {
      await this.page.keyboard.press('Control+.');
      return this.quickFix('').waitFor({ timeout: 2_000 }).then(() => true, () => false);
    });
  }

  /** Saves, and reads what was written. */
  async save(name: string): Promise<string> {
    await this.page.keyboard.press('Control+s');
    await this.page.locator('.tab.active:not(.dirty)').waitFor();
    return fs.readFileSync(path.join(this.server.folder, name), 'utf8');
  }

  /** Lacuna's item in the status bar. */
  get status() {
    return this.page.locator('.statusbar-item[id$="lacuna.status"]');
  }

  /** Waits until the item shows `text`. */
  async statusShows(text: string | RegExp): Promise<void> {
    await this.status.filter({ hasText: text }).waitFor();
  }

  /** Waits until the model is loaded: the item then shows neither progress nor a problem. */
  async ready(): Promise<void> {
    await this.statusShows(/^\s*Lacuna( \d+ ms| –)?\s*$/);
    await this.status.filter({ has: this.page.locator('.codicon-sparkle') }).waitFor();
  }

  /** Opens the menu of the status bar item, and waits until its entries are there. */
  async openMenu(): Promise<void> {
    await this.status.locator('a').click();
    await this.page.mouse.move(180, 400); // where nothing pops up under it
    await this.menuTitle.waitFor();
    await this.row('Health Check').waitFor();
  }

  /** The title of the menu, which names the model. Other lists of this widget have none or another one. */
  get menuTitle() {
    return this.page.locator('.quick-input-title', { hasText: /^Lacuna($| · )/ });
  }

  /** Opens the menu and chooses an entry. */
  async menu(entry: string): Promise<void> {
    await this.openMenu();
    await this.row(entry).click();
    await this.menuTitle.waitFor({ state: 'hidden' });
  }

  /** The text of the notification that says `text`, which is then closed; with `picture`, a screenshot is kept. */
  async notification(text: string | RegExp, picture?: string): Promise<string> {
    const item = this.page.locator('.notification-list-item', { hasText: text }).first();
    let patience = 250;
    await until('there is a notification', async () => {
      if (await item.isVisible()) return true;
      // After a while VS Code takes notifications from the screen, and keeps them in a list.
      if (patience-- === 0) await this.command('Notifications: Show Notifications');
      return false;
    });
    if (picture) await this.screenshot(picture);
    const message = await item.locator('.notification-list-item-message').innerText();
    await this.command('Notifications: Clear All Notifications');
    await item.waitFor({ state: 'hidden' });
    return message;
  }

  /** Waits for as many squiggles of errors. */
  async squiggles(count: number): Promise<void> {
    await until(`there are ${count} squiggles`, async () => (await this.page.locator('.squiggly-error').count()) === count);
  }

  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: 'disabled' });
  }
}
