import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the suite in one process', () => {
  let folder: TempFolder;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());

  it('ends at SIGTERM with status 0, also while a client keeps its connection open', async () => {
    const env = { PATH: process.env['PATH'], DATA_DIR: folder.path, PORT: '0', RSA_BITS: '2048' };
    const child = spawn(process.execPath, [join(ROOT, 'scripts/start.ts')], { cwd: ROOT, env });
    const chunks: Buffer[] = [];
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const listening = /listens on (\S+),/.exec(Buffer.concat(chunks).toString());
        if (listening !== null) resolve(listening[1]!);
      });
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.once('close', () => reject(new Error(Buffer.concat(chunks).toString())));
    });
    // One request, and the connection stays: the server's own limit for idle ones is ten minutes.
    const agent = new Agent({ keepAlive: true });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = get(`${url}/healthz`, { agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      request.once('error', reject);
    });
    assert.equal(status, 200);
    const signalled = performance.now();
    child.kill('SIGTERM');
    assert.equal(await ended, 0, Buffer.concat(chunks).toString());
    assert.ok(performance.now() - signalled < 8000);
    agent.destroy();
  });
});
