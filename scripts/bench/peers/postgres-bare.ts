import { Option } from 'commander';
import pg from 'pg';
import { tenantName } from '../events.ts';
import { startPostgres } from './postgres-server.ts';
import { STATEMENTS, type StatementName } from './postgres-statements.ts';
import { cpuMicrosOfTree, parentOf } from './process-cpu.ts';
import { countOf, Feed, type PeerOptions, peerCommand, print } from './run.ts';

/*
 * What a database alone does with the records: multi-row inserts of 500 into a table with the unique key, each a transaction
 * of its own with its durable commit. No HTTP, nothing parsed, nothing validated, nothing signed: the figure that a billing
 * system on PostgreSQL cannot pass.
 *
 * It is filled the fastest way short of COPY, which could not be made idempotent: one prepared INSERT … SELECT FROM unnest,
 * so that nothing is planned again and a statement carries three parameters instead of 1,001; arrays in binary, so that
 * neither end escapes JSON; a statement on its own, so that BEGIN and COMMIT need no round trips. `--statement` measures the
 * more usual ways. One connection per core is kept busy. The whole server's CPU time counts, and making the records does, too
 * (under a microsecond each).
 */

const PEER = 'postgres-bare';

interface Options extends PeerOptions {
  readonly url?: string;
  readonly connections: number;
  readonly statement: StatementName;
}

const TABLE = `
  DROP TABLE IF EXISTS bare_events;
  CREATE TABLE bare_events (tenant text NOT NULL, key text NOT NULL, content text NOT NULL, PRIMARY KEY (tenant, key))`;

/** Whole batches in turn, each connection taking the next as soon as its last is committed. */
async function insert(
  { clients, feed, statement }: { clients: readonly pg.Client[]; feed: Feed; statement: StatementName },
  from: number,
  to: number,
): Promise<void> {
  const { name, text, values } = STATEMENTS[statement];
  let next = from;
  const work = async (client: pg.Client): Promise<void> => {
    while (next < to) {
      const { tenantIndex, body } = feed.batch(next++);
      await client.query({ name, text, values: values(tenantName(tenantIndex), body) });
    }
  };
  await Promise.all(clients.map(work));
}

async function scalar(client: pg.Client, text: string): Promise<string> {
  const { rows } = await client.query<[unknown]>({ text, rowMode: 'array' });
  return String(rows[0]?.[0]);
}

async function measure(options: Options, url: string): Promise<void> {
  const feed = new Feed(options);
  const clients = Array.from({ length: options.connections }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  const [first] = clients;
  if (first === undefined) throw new RangeError('at least one connection');
  await first.query(TABLE);
  const server = parentOf(Number(await scalar(first, 'SELECT pg_backend_pid()')));
  const wal = async (): Promise<number> =>
    Number(await scalar(first, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"));
  const run = { clients, feed, statement: options.statement };
  await insert(run, 0, feed.warmupBatches);

  const walBefore = await wal();
  const serverBefore = cpuMicrosOfTree(server);
  const clientBefore = process.cpuUsage();
  const begun = performance.now();
  await insert(run, feed.warmupBatches, feed.warmupBatches + feed.measuredBatches);
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(clientBefore);
  const serverMicros = cpuMicrosOfTree(server) - serverBefore;
  const walBytes = (await wal()) - walBefore;

  const kept = Number(await scalar(first, 'SELECT count(*) FROM bare_events'));
  if (kept !== feed.allEvents) throw new Error(`kept ${kept} of ${feed.allEvents} events`);
  const bytes = Number(await scalar(first, "SELECT pg_total_relation_size('bare_events')"));
  const shown: string[] = [];
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    shown.push(`${name} ${await scalar(first, `SHOW ${name}`)}`);
  await Promise.all(clients.map((client) => client.end()));
  print({
    peer: PEER,
    events: feed.measuredEvents,
    seconds,
    cpuMicrosPerEvent: (user + system + serverMicros) / feed.measuredEvents,
    clientCpuMicrosPerEvent: (user + system) / feed.measuredEvents,
    bytesOnDiskPerEvent: bytes / feed.allEvents,
    walBytesPerEvent: walBytes / feed.measuredEvents,
    connections: clients.length,
    statement: options.statement,
    durability: `each transaction is synced to the disk before its answer (${shown.join(', ')})`,
  });
}

const options = peerCommand(PEER, 'Inserts the records into PostgreSQL, 500 a transaction.')
  .option('--url <url>', 'of a database on this machine; a server of its own where there is none')
  .option('--connections <count>', 'transactions under way at once', countOf, 2)
  .addOption(
    new Option('--statement <form>', 'how a batch is handed over').choices(Object.keys(STATEMENTS)).default('binary'),
  )
  .parse()
  .opts<Options>();

if (options.url !== undefined) {
  await measure(options, options.url);
} else {
  // A signal that nobody hears ends a process without `exit`, and the server would stay.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const server = await startPostgres();
  if (server === undefined) throw new Error('PostgreSQL is not installed here: name a server with --url');
  try {
    await measure(options, server.url);
  } finally {
    await server.stop();
  }
}
