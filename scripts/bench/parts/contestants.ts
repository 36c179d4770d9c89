import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { BATCH_EVENTS, tenantName } from '../events.ts';
import type { StreamPlan } from '../load/plan.ts';
import { makeLoad } from '../load/spawn.ts';
import type { PostgresServer } from '../peers/postgres-server.ts';
import { cpuMicrosOfTree } from '../peers/process-cpu.ts';
import { apiKeyOf } from '../peers/signed-rows-front.ts';
import { endWithUs } from '../suite/children.ts';
import type { BenchStore } from '../suite/store.ts';
import { oursRound } from './ours.ts';

/** What every contestant is measured by, and whatever else it tells. */
export interface ContestantRound {
  readonly eventsPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly bytesOnDiskPerEvent?: number;
  readonly peakRssBytes?: number;
  /** of whoever made the load, where that is a process of its own */
  readonly generatorMicrosPerEvent?: number;
  /** empty where everything sent is there, once */
  readonly complaints: readonly string[];
  readonly raw: unknown;
}

export interface Contestant {
  readonly id: string;
  readonly what: string;
  round(): Promise<ContestantRound>;
}

export interface Sizes {
  readonly tenants: number;
  readonly events: number;
  readonly warmup: number;
  /** of the peer that signs each event by itself, which takes a hundred times as long */
  readonly signedEvents: number;
  readonly connections: number;
  readonly pin: number | undefined;
}

const KEY = 'bench';
const peerFile = (name: string): string => fileURLToPath(new URL(`../peers/${name}.ts`, import.meta.url));

/** Ours, over many organizations or one alone. */
export const ours = (id: string, what: string, template: BenchStore, sizes: Sizes): Contestant => ({
  id,
  what,
  round: async () => {
    const round = await oursRound(template, sizes);
    const { eventsPerSecond, cpuMicrosPerEvent, generatorMicrosPerEvent, peakRssBytes, diskPerEvent, audit } = round;
    const figures = { eventsPerSecond, cpuMicrosPerEvent, generatorMicrosPerEvent, peakRssBytes };
    return { ...figures, bytesOnDiskPerEvent: diskPerEvent.total, complaints: audit.complaints, raw: round };
  },
});

/** A peer that runs to its end by itself and counts what it kept. */
export const alone = (
  id: string,
  what: string,
  name: string,
  sizes: Sizes,
  args: readonly string[] = [],
): Contestant => ({
  id,
  what,
  round: async () => {
    const { events, warmup, tenants } = sizes;
    const counts = ['--events', events, '--warmup', warmup, '--tenants', tenants].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [peerFile(name), ...counts, ...args]);
    const raw = JSON.parse(stdout) as Omit<ContestantRound, 'complaints' | 'raw'>;
    const { eventsPerSecond, cpuMicrosPerEvent, bytesOnDiskPerEvent } = raw;
    return {
      eventsPerSecond,
      cpuMicrosPerEvent,
      ...(bytesOnDiskPerEvent === undefined ? {} : { bytesOnDiskPerEvent }),
      complaints: [],
      raw,
    };
  },
});

/** The peer that a team would build: our front over PostgreSQL, driven as ours is. */
export const signedRows = (
  id: string,
  what: string,
  processes: number,
  server: PostgresServer,
  { tenants, signedEvents, connections, pin }: Sizes,
): Contestant => ({
  id,
  what,
  round: async () => {
    const args = ['--url', server.url, '--key', KEY, '--tenants', String(tenants), '--processes', String(processes)];
    const child = spawn(process.execPath, [peerFile('postgres-http'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithUs(child);
    const exited = once(child, 'exit');
    try {
      const [line] = (await Promise.race([
        once(createInterface({ input: child.stdout }), 'line'),
        exited.then(([code]) => Promise.reject(new Error(`${id} ended with ${code} before it listened`))),
      ])) as [string];
      const keys = Array.from({ length: tenants }, (_, index) => apiKeyOf(KEY, tenantName(index)));
      const stream = (name: string, requests: number, firstBatch: number): StreamPlan => ({
        ...{ name, firstTenant: 0, keys, size: BATCH_EVENTS, firstBatch },
        pace: { kind: 'closed', connections, requests },
      });
      const load = (one: StreamPlan) =>
        makeLoad(
          {
            port: Number(new URL(line.slice('listening '.length)).port),
            streams: [one],
            windowMilliseconds: 0,
            graceSeconds: 60,
          },
          { core: pin },
        );
      const warmed = await load(stream('warm-up', Math.ceil(signedEvents / BATCH_EVENTS / 4), 0));
      const cpu = (): number => cpuMicrosOfTree(child.pid!) + cpuMicrosOfTree(server.pid);
      const before = cpu();
      const made = await load(stream('measured', Math.ceil(signedEvents / BATCH_EVENTS), warmed.requests));
      const micros = cpu() - before;
      const { rows, bytes } = await keptBy(server);
      const sent = warmed.events + made.events;
      return {
        eventsPerSecond: made.events / made.streams[0]!.seconds,
        cpuMicrosPerEvent: micros / made.events,
        generatorMicrosPerEvent: made.cpuMicros / made.events,
        bytesOnDiskPerEvent: bytes / sent,
        complaints: rows === sent ? [] : [`${id}: ${rows} rows of ${sent} events`],
        raw: { events: made.events, statuses: made.streams[0]!.statuses, seconds: made.streams[0]!.seconds },
      };
    } finally {
      child.kill('SIGTERM');
      await exited;
    }
  },
});

async function keptBy({ url }: PostgresServer): Promise<{ readonly rows: number; readonly bytes: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: string; bytes: string }>(
      "SELECT count(*) AS rows, pg_total_relation_size('signed_events') AS bytes FROM signed_events",
    );
    return { rows: Number(rows[0]!.rows), bytes: Number(rows[0]!.bytes) };
  } finally {
    await client.end();
  }
}
