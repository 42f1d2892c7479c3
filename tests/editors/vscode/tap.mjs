#!/usr/bin/env node
// Runs a language server and notes when requests pass in and answers out: `node tap.mjs NOTES SERVER ARGUMENT…`.
// NOTES gets one line of JSON each: {at, id, method} of a request, {at, id, items} of its answer, {at, change} of a change of a
// document; `at` is in ms since 1970.
// Bytes go through untouched, before they are looked at.
import { spawn } from 'node:child_process';
import fs from 'node:fs';

const [notes, program, ...args] = process.argv.slice(2);
const file = fs.openSync(notes, 'a');
const server = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const now = () => performance.timeOrigin + performance.now();
const note = (line) => fs.writeSync(file, `${JSON.stringify({ at: now(), ...line })}\n`);

/** Calls `see` for each message of a stream of frames. */
function reader(see) {
  let buffered = Buffer.alloc(0);
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: *(\d+)/i.exec(buffered.toString('latin1', 0, end))?.[1]);
      if (buffered.length < end + 4 + length) return;
      see(JSON.parse(buffered.toString('utf8', end + 4, end + 4 + length)));
      buffered = buffered.subarray(end + 4 + length);
    }
  };
}

const asked = new Set();
const seeRequest = reader((message) => {
  if (message.method === 'textDocument/didChange') note({ change: true });
  if (message.id === undefined || !message.method) return;
  asked.add(message.id);
  note({ id: message.id, method: message.method });
});
const seeAnswer = reader((message) => {
  if (message.method || !asked.delete(message.id)) return;
  note({ id: message.id, items: message.result?.items?.length ?? null, error: message.error?.code });
});
process.stdin.on('data', (chunk) => {
  server.stdin.write(chunk);
  seeRequest(chunk);
});
process.stdin.on('end', () => server.stdin.end());
server.stdout.on('data', (chunk) => {
  process.stdout.write(chunk);
  seeAnswer(chunk);
});
server.stdin.on('error', () => undefined); // it has ended: its exit code says so
server.on('exit', (code, signal) => process.exit(signal ? 1 : code));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.kill(signal));
