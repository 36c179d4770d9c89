import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuiltFunction, buildFunction, functionNames } from '../../scripts/build-functions/build.ts';
import { installFunction } from '../../scripts/build-functions/measure.ts';
import { freePort } from '../../scripts/emulators/emulators.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Which of Google's clients a function may load: each costs a cold start. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  api: ['firestore', 'kms', 'pubsub', 'spanner', 'storage'],
  'archive-period': ['firestore', 'kms', 'spanner', 'storage'],
  ingest: ['kms', 'pubsub', 'spanner'],
  'reconcile-chain': ['firestore', 'kms', 'pubsub', 'spanner', 'storage'],
  'run-invoices': ['firestore', 'kms', 'pubsub', 'spanner'],
  'seal-ledger': ['kms', 'pubsub', 'spanner', 'storage'],
  'sign-receipts': ['firestore', 'kms', 'pubsub', 'spanner'],
};
/** A call that each function answers without any store but its own empty one, and the status it answers with. */
const CALLS: Readonly<Record<string, { readonly path: string; readonly method: string; readonly status: number }>> = {
  api: { path: '/healthz', method: 'GET', status: 200 },
  'archive-period': { path: '/', method: 'POST', status: 401 },
  ingest: { path: '/api/v1/billing/usage', method: 'POST', status: 401 },
  'reconcile-chain': { path: '/deep', method: 'POST', status: 200 },
  'run-invoices': { path: '/run', method: 'POST', status: 200 },
  'seal-ledger': { path: '/run', method: 'POST', status: 200 },
  'sign-receipts': { path: '/', method: 'POST', status: 401 },
};
const CALLER_TOKEN = 'only-the-scheduler-of-this-test-knows-it';

describe('a function as it is deployed', function () {
  // Seven installations from the registry or its cache.
  this.timeout(300_000);
  let folder: TempFolder;
  const built = new Map<string, BuiltFunction>();

  before(async () => {
    folder = await tempFolder();
    for (const name of await functionNames(ROOT)) {
      built.set(name, await buildFunction(ROOT, name, join(folder.path, 'one')));
    }
  });
  after(() => folder.remove());

  it('is built to the same bytes twice', async () => {
    for (const name of built.keys()) {
      const again = await buildFunction(ROOT, name, join(folder.path, 'two'));
      for (const file of ['index.js', 'package.json', 'package-lock.json', `../${name}.zip`]) {
        const [one, two] = await Promise.all(
          [built.get(name)!.folder, again.folder].map((each) => readFile(join(each, file))),
        );
        assert.ok(one!.equals(two!), `${name} ${file}`);
      }
      assert.equal(again.sha256, built.get(name)!.sha256);
    }
  });

  it('holds its own code, a manifest and a lock, and nothing of another function', async () => {
    for (const { name, folder: place } of built.values()) {
      assert.deepEqual((await readdir(place)).sort(), ['.npmrc', 'index.js', 'package-lock.json', 'package.json']);
      const manifest = JSON.parse(await readFile(join(place, 'package.json'), 'utf8')) as Record<string, unknown>;
      assert.equal(manifest['main'], 'index.js');
      assert.equal(manifest['scripts'], undefined);
      const code = await readFile(join(place, 'index.js'), 'utf8');
      const registered = [...code.matchAll(/^http\d*\("([a-z-]+)"/gm)].map(([, target]) => target);
      assert.deepEqual(registered, [name]);
    }
  });

  it('depends only on the clients it uses, at exactly the versions that were tested', async () => {
    const root = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
    for (const { name, folder: place, packages } of built.values()) {
      const clients = packages
        .filter((each) => each.startsWith('@google-cloud/') && each !== '@google-cloud/functions-framework')
        .map((each) => each.slice('@google-cloud/'.length));
      assert.deepEqual(clients, CLIENTS[name], name);
      const lock = JSON.parse(await readFile(join(place, 'package-lock.json'), 'utf8')) as Lock;
      for (const [path, entry] of Object.entries(lock.packages)) {
        if (path === '') continue;
        assert.equal(entry.integrity, root.packages[path]?.integrity, `${name} ${path}`);
        assert.notEqual(entry.dev, true, `${name} ${path}`);
      }
    }
  });

  for (const name of Object.keys(CALLS)) {
    it(`${name} starts from its own folder with the framework's own command line and answers`, async () => {
      const { folder: place } = built.get(name)!;
      await installFunction(place);
      const { path, method, status } = CALLS[name]!;
      const running = await startFunction(name, place, join(folder.path, `data-${name}`));
      try {
        const authorization = status === 200 ? { Authorization: `Bearer ${CALLER_TOKEN}` } : {};
        const response = await fetch(`${running.url}${path}`, { method, headers: authorization });
        assert.equal(response.status, status, running.said());
        const type = status === 200 ? 'application/json' : 'application/problem+json';
        assert.equal(response.headers.get('content-type'), type);
      } finally {
        await running.stop();
      }
    });
  }

  it('that lacks a setting of the cloud says which and does not start', async () => {
    const { folder: place } = built.get('ingest')!;
    const child = launch('ingest', place, { PLATFORM: 'cloud', PORT: String(await freePort()) });
    const said = listenTo(child);
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.notEqual(code, 0);
    assert.match(said(), /SPANNER_INSTANCE: /);
  });
});

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly dev?: boolean }>>;
}

function launch(name: string, place: string, environment: Readonly<Record<string, string>>): ChildProcess {
  const cli = join(place, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
  return spawn(process.execPath, [cli, `--target=${name}`, '--signature-type=http'], {
    cwd: place,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What a process has written so far, on both streams. */
function listenTo(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** The function in a process of its own, on an embedded store of its own. */
async function startFunction(name: string, place: string, data: string) {
  const port = await freePort();
  const settings = { DATA_DIR: data, RSA_BITS: '2048', CALLER_TOKEN, PORT: String(port) };
  const child = launch(name, place, settings);
  const said = listenTo(child);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + 60_000;
  for (;;) {
    assert.equal(child.exitCode, null, said());
    assert.ok(performance.now() < deadline, `it did not start: ${said()}`);
    const answers = await fetch(`${url}/_nothing`).then(
      () => true,
      () => false,
    );
    if (answers) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    said,
    stop: async (): Promise<void> => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
