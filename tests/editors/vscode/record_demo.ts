// Makes the pictures and the recording of the extension's README from the real thing. Not a test.
//
//   LACUNA_VSIX=… LACUNA_TEST_MODELS=… node tests/editors/vscode/record_demo.ts && python tests/editors/vscode/make_gif.py
//
// Frames go to build/editors/recording with their times, pictures to vscode-extension/media.
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { repository, startCodeServer } from './code_server.ts';
import { openBrowser, Workbench } from './workbench.ts';

const frames = path.join(repository, 'build/editors/recording');
const media = path.join(repository, 'vscode-extension/media');
const source = fs.readFileSync(path.join(repository, 'tests/samples/inventory.py'), 'utf8');
const statement = '            total += self.quantity(sku) * item.unit_price\n';
const line = source.slice(0, source.indexOf(statement)).split('\n').length;
const view = { x: 300, y: 35, width: 900, height: 430 };

class Recorder {
  private readonly page: Page;
  private readonly shots: { name: string; atMs: number }[] = [];
  private running = true;
  private loop: Promise<void> = Promise.resolve();

  constructor(page: Page) {
    this.page = page;
  }

  start(): void {
    const start = Date.now();
    this.loop = (async () => {
      while (this.running) {
        const name = `${String(this.shots.length).padStart(4, '0')}.png`;
        this.shots.push({ name, atMs: Date.now() - start });
        await this.page.screenshot({ path: path.join(frames, name), clip: view });
        await this.page.waitForTimeout(60);
      }
    })();
    this.loop.catch(() => undefined); // told by stop()
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
    fs.writeFileSync(path.join(frames, 'frames.json'), JSON.stringify(this.shots));
  }
}

fs.rmSync(frames, { recursive: true, force: true });
fs.mkdirSync(frames, { recursive: true });
const broken = source.replace('self.quantity(sku) * item', 'self.quantity(sku * item');
const server = await startCodeServer({
  files: { 'inventory.py': source.replace(statement, '            \n'), 'broken.py': broken }, settings: { 'editor.fontSize': 14, 'editor.cursorBlinking': 'solid' },
});
const browser = await openBrowser();
try {
  const vscode = await Workbench.open(browser, server);
  const { page } = vscode;
  const type = (text: string) => page.keyboard.type(text, { delay: 110 });
  const picture = (name: string, clip = view) => page.screenshot({ path: path.join(media, name), clip, animations: 'disabled' });
  await vscode.openFile('inventory.py');
  await vscode.ready();
  // The model has read the file before the recording starts, as it has a moment after opening one.
  await vscode.goTo(line, 13);
  await type('t');
  await vscode.command('Trigger Inline Suggestion');
  await vscode.someGhostText();
  await picture('ghost-text.png');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Backspace');
  const recorder = new Recorder(page);
  recorder.start();
  await page.waitForTimeout(700);
  await type('total');
  await vscode.someGhostText();
  await page.waitForTimeout(1000);
  for (let i = 0; i < 2; i++) {
    await page.keyboard.press('Alt+ArrowRight');
    await page.waitForTimeout(900);
  }
  await picture('partial.png');
  await page.keyboard.press('Tab');
  await page.waitForTimeout(1200);
  // A closing bracket goes, five lines above, and the quick-fix brings it back.
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowUp', { delay: 60 });
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Escape');
  await page.locator('.squiggly-error').first().waitFor();
  await page.waitForTimeout(900);
  await vscode.openQuickFixes();
  await vscode.quickFix('Insert').waitFor();
  await page.waitForTimeout(1300);
  await picture('quick-fix.png');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(1800);
  await recorder.stop();
  await vscode.status.locator('a').click();
  await vscode.row('Pause for 10 Minutes').waitFor();
  await picture('menu.png', { x: 260, y: 0, width: 680, height: 380 });
  await vscode.row('Choose Model').click();
  await vscode.row('in use').waitFor();
  await picture('model.png', { x: 260, y: 0, width: 680, height: 300 });
} finally {
  await browser.close();
  await server.stop();
}
