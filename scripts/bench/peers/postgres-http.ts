import cluster, { type Worker } from 'node:cluster';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import pg from 'pg';
import { countOf } from './run.ts';
import { SignedRows, TABLE } from './signed-rows.ts';
import { frontOf } from './signed-rows-front.ts';

/*
 * What a team would build instead: our own HTTP front, one PostgreSQL transaction per request with ON CONFLICT for
 * idempotency, and one RSA-2048 signature (RS256) per event, stored with its row.
 *
 * A server: it prints `listening URL` and serves until SIGTERM; whoever makes load measures. Signing is on the thread pool
 * and so uses both cores of a small machine already in one process; `--processes` gives it more for everything else.
 */

interface Options {
  readonly url: string;
  readonly port: number;
  readonly key: string;
  readonly tenants: number;
  readonly processes: number;
  readonly connections: number;
}

const options = new Command('postgres-http')
  .description('Serves usage intake on PostgreSQL with a signature per event, until SIGTERM.')
  .requiredOption('--url <url>', 'of the database; its table signed_events is made anew')
  .option('--port <port>', 'on 127.0.0.1; 0 is any free one', countOf, 0)
  .option('--key <text>', "API keys are this, a dot and the organization's name", 'bench')
  .option('--tenants <count>', 'organizations that have a key', countOf, 50)
  .option('--processes <count>', 'that share the port', countOf, 1)
  .option('--connections <count>', 'to the database, of each process', countOf, 4)
  .parse()
  .opts<Options>();

/** The variable by which processes that share the port share the key: one ledger, one key. */
const KEY_VARIABLE = 'SIGNED_ROWS_KEY';

/** Makes the table, and the key beside it: whoever checks signatures reads it there. @returns the private key, PEM */
async function prepare(): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const client = new pg.Client({ connectionString: options.url });
  await client.connect();
  await client.query(TABLE);
  await client.query('DROP TABLE IF EXISTS signing_keys; CREATE TABLE signing_keys (public_key text NOT NULL)');
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  await client.query('INSERT INTO signing_keys VALUES ($1)', [publicKey]);
  await client.end();
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

const announce = ({ port }: Pick<AddressInfo, 'port'>): void => console.log(`listening http://127.0.0.1:${port}`);

/** Serves in this process. Resolves when it has stopped: requests under way are answered first. */
async function serve(key: string, listening: (address: AddressInfo) => void): Promise<void> {
  const pool = new pg.Pool({ connectionString: options.url, max: options.connections });
  const server = frontOf(new SignedRows(pool, createPrivateKey(key)), options);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  });
  server.listen(options.port, '127.0.0.1', () => listening(server.address() as AddressInfo));
  await stopped;
  await pool.end();
}

async function serveInMany(key: string): Promise<void> {
  const workers: Worker[] = [];
  process.once('SIGTERM', () => {
    for (const worker of workers) worker.process.kill('SIGTERM');
  });
  let port = 0;
  await Promise.all(
    Array.from({ length: options.processes }, async () => {
      const worker = cluster.fork({ [KEY_VARIABLE]: key });
      workers.push(worker);
      worker.once('exit', (code) => {
        process.exitCode = Math.max(Number(process.exitCode ?? 0), code ?? 1);
      });
      const [address] = (await once(worker, 'listening')) as [{ port: number }];
      port = address.port;
    }),
  );
  announce({ port });
}

if (cluster.isWorker) {
  await serve(process.env[KEY_VARIABLE] ?? '', () => undefined);
  process.disconnect();
} else {
  const key = await prepare();
  await (options.processes > 1 ? serveInMany(key) : serve(key, announce));
}
