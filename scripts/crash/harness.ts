import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reconcileChain } from '../../functions/reconcile-chain/reconcile-chain.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { type Config, readConfig } from '../../shared/edge/config.ts';
import { createLog } from '../../shared/edge/log.ts';
import { openLocalPlatform, type Platform } from '../../shared/wiring/platform.ts';

/** How the suite is killed and what it must have kept. */
export interface CrashRun {
  readonly kills: number;
  readonly say: (line: string) => void;
}

export interface CrashResult {
  readonly kills: number;
  readonly sent: number;
  /** distinct events that the suite answered `accepted` or `duplicate` */
  readonly acknowledged: number;
  readonly billed: number;
  readonly invoices: number;
  readonly bundlesVerified: number;
  readonly seals: number;
  readonly seconds: number;
  /** what was lost, doubled or wrong; empty when nothing was */
  readonly complaints: readonly string[];
}

const TENANTS = ['tenant-a', 'tenant-b', 'tenant-c'] as TenantId[];
/** Days of empty periods before today: they are closed, sealed and archived while the suite is being killed. */
const DAYS_BEFORE = 12n;
const BATCH = 40;

/** Kills the suite again and again while it works, then checks that everything it acknowledged is billed exactly once. */
export async function crashRun({ kills, say }: CrashRun): Promise<CrashResult> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-crash-'));
  const config: Config = {
    ...readConfig({ RSA_BITS: '2048', LOG_LEVEL: 'error', SEAL_INTERVAL_SECONDS: '0', USAGE_RATE_PER_SECOND: '0' }),
    dataFolder: join(folder, 'store'),
    port: await freePort(),
  };
  const clock = new SystemClock();
  try {
    const keys = await prepare(config, clock.now());
    const client = new Client(`http://127.0.0.1:${config.port}`, keys);
    for (let kill = 1; kill <= kills; kill++) {
      const child = await launch(config);
      const load = client.load();
      // Anywhere between the first request and a steady stream of them.
      await sleep(10 + Math.random() * 500);
      child.kill('SIGKILL');
      await once(child, 'exit');
      client.halt();
      await load;
      if (kill % 10 === 0 || kill === kills)
        say(`${kill} of ${kills} kills, ${client.acknowledged.size} events acknowledged`);
    }
    const child = await launch(config);
    await client.finish();
    await settled(client);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    const audit = await auditStore(config, client);
    const complaints = [...audit.complaints, ...(code === 0 ? [] : [`the last run stopped with ${code}`])];
    return {
      kills,
      sent: client.sent,
      acknowledged: client.acknowledged.size,
      ...audit,
      complaints,
      seconds: Math.round((performance.now() - started) / 100) / 10,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function withStore<T>(config: Config, work: (platform: Platform) => Promise<T>): Promise<T> {
  const clock = new SystemClock();
  const platform = await openLocalPlatform({
    config,
    clock,
    entropy: new SystemEntropy(),
    log: createLog('error', clock),
    deliver: () => Promise.reject(new Error('nobody delivers here')),
  });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
}

async function prepare(config: Config, now: Instant): Promise<Map<string, string>> {
  const anchor = `${plusMicros(now, -DAYS_BEFORE * MICROS_PER_DAY).slice(0, 10)}T00:00:00Z`;
  return withStore(config, async ({ accounts, entropy }) => {
    const keys = new Map<string, string>();
    for (const tenant of TENANTS) {
      await accounts.put(accountOf(tenant, anchor), now);
      const key = newApiKey(entropy, config);
      await accounts.addKey({ ...key, tenant, role: 'tenant_admin', createdAt: now });
      keys.set(tenant, key.text);
    }
    return keys;
  });
}

const accountOf = (tenant: string, anchor: string) => ({
  organization_id: tenant,
  zone: 'UTC',
  currency: 'EUR',
  grace_minutes: 0,
  subscriptions: [
    {
      subscription_id: 'main',
      started_at: anchor,
      calendar: { unit: 'day', count: 1, anchor },
      meters: [
        {
          metric_name: 'units',
          aggregation: 'sum',
          prices: [
            {
              effective_from: anchor,
              document: {
                price_id: 'units',
                version: '1',
                currency: 'EUR',
                model: {
                  type: 'graduated',
                  tiers: [
                    { up_to: '1000', unit_amount: '0.01', flat_amount: '5' },
                    { up_to: null, unit_amount: '0.007' },
                  ],
                },
              },
            },
          ],
        },
      ],
    },
  ],
});

async function launch(config: Config): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      DATA_DIR: config.dataFolder,
      PORT: String(config.port),
      RSA_BITS: String(config.rsaBits),
      LOG_LEVEL: config.logLevel,
      SEAL_INTERVAL_SECONDS: String(config.sealIntervalSeconds),
      USAGE_RATE_PER_SECOND: String(config.usageRatePerSecond),
    },
  });
  const ready = once(child.stdout!, 'data');
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the suite ended with ${code} before it listened`);
  });
  await Promise.race([ready, ended]);
  // From here on the exit is awaited by whoever ends the child.
  ended.catch(() => undefined);
  child.stdout!.resume();
  return child;
}

/** A client that never gives up on an event: what was not answered is sent again, unchanged, until it is. */
class Client {
  /** receipt id and quantity of every event that was answered */
  readonly acknowledged = new Map<string, { readonly tenant: string; readonly quantity: number }>();
  sent = 0;
  readonly #url: string;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #unanswered = new Map<
    string,
    { readonly tenant: string; readonly events: readonly { quantity: string }[] }
  >();
  #halted = true;
  #next = 0;

  constructor(url: string, keys: ReadonlyMap<string, string>) {
    this.#url = url;
    this.#keys = keys;
  }

  /** Sends batches of all tenants at once until it is halted or the suite dies. */
  async load(): Promise<void> {
    this.#halted = false;
    await Promise.all([...this.#keys.keys()].map((tenant) => this.#stream(tenant)));
  }

  halt(): void {
    this.#halted = true;
  }

  async finish(): Promise<void> {
    for (const name of [...this.#unanswered.keys()]) await this.#send(name);
  }

  async size(tenant: string): Promise<number> {
    const response = await fetch(`${this.#url}/api/v1/billing/ledger/head`, {
      headers: { Authorization: `Bearer ${this.#keys.get(tenant)}` },
    });
    return ((await response.json()) as { size: number }).size;
  }

  async unarchived(tenant: string): Promise<number> {
    const response = await fetch(`${this.#url}/api/v1/billing/evidence?limit=100`, {
      headers: { Authorization: `Bearer ${this.#keys.get(tenant)}` },
    });
    const { data } = (await response.json()) as { data: { state: string }[] };
    return data.filter(({ state }) => state !== 'archived').length + (data.length < Number(DAYS_BEFORE) ? 1 : 0);
  }

  async #stream(tenant: string): Promise<void> {
    try {
      for (const [name, batch] of [...this.#unanswered]) if (batch.tenant === tenant) await this.#send(name);
      while (!this.#halted) {
        const name = `batch-${this.#next++}`;
        const time = new Date().toISOString();
        const events = Array.from({ length: BATCH }, (_, i) => ({
          metric_name: 'units',
          quantity: String(1 + (i % 7)),
          timestamp: time,
          idempotency_key: `${name}-${i}`,
        }));
        this.#unanswered.set(name, { tenant, events });
        this.sent += events.length;
        await this.#send(name);
      }
    } catch (error) {
      // The connection broke because the suite was killed; the batch stays unanswered and is sent again.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #send(name: string): Promise<void> {
    const { tenant, events } = this.#unanswered.get(name)!;
    const response = await fetch(`${this.#url}/api/v1/billing/usage`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#keys.get(tenant)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(events),
    });
    if (response.status !== 202) throw new Error(`usage answered ${response.status}: ${await response.text()}`);
    const { results } = (await response.json()) as { results: { status: string; receipt_id?: string }[] };
    for (const [i, { status, receipt_id }] of results.entries()) {
      if (receipt_id === undefined) throw new Error(`${name} was ${status}`);
      this.acknowledged.set(receipt_id, { tenant, quantity: Number(events[i]!.quantity) });
    }
    this.#unanswered.delete(name);
  }
}

/** Waits until the logs stop growing and every past period has its evidence. */
async function settled(client: Client): Promise<void> {
  let before = '';
  for (let round = 0; round < 240; round++) {
    await sleep(500);
    const sizes = [];
    for (const tenant of TENANTS) sizes.push(await client.size(tenant), await client.unarchived(tenant));
    const now = sizes.join(' ');
    if (now === before && sizes.every((value, i) => i % 2 === 0 || value === 0)) return;
    before = now;
  }
  throw new Error(`the suite did not settle: sizes and missing evidence ${before}`);
}

/** Reads the store as an auditor would: every entry, every sum, every bundle. */
async function auditStore(config: Config, client: Client) {
  return withStore(config, async (platform) => {
    const complaints: string[] = [];
    const { faults } = await reconcileChain(true, platform);
    for (const fault of faults) complaints.push(`${fault.tenant}: ${fault.kind} at ${fault.seq}: ${fault.detail}`);
    const jwks = await platform.keys.keyset();
    const numbers: string[] = [];
    let billed = 0;
    let bundlesVerified = 0;
    for (const tenant of TENANTS) {
      const head = await platform.ledger.head(tenant);
      const ids = new Set<string>();
      for (const text of await platform.ledger.entries(tenant, 0, head?.size ?? 0)) {
        const entry = readEntry(text);
        if (entry.typ !== 'charge') continue;
        billed++;
        if (ids.has(entry.event_id)) complaints.push(`${tenant}: event ${entry.event_id} is billed twice`);
        ids.add(entry.event_id);
        if (!client.acknowledged.has(entry.event_id))
          complaints.push(`${tenant}: billed, but never sent: ${entry.event_id}`);
      }
      const mine = [...client.acknowledged].filter(([, event]) => event.tenant === tenant);
      for (const [id] of mine) if (!ids.has(id)) complaints.push(`${tenant}: acknowledged, but not billed: ${id}`);
      const units = mine.reduce((sum, [, { quantity }]) => sum + quantity, 0);
      const metered = (await platform.ledger.usage(tenant)).reduce((sum, { value }) => sum + Number(value), 0);
      if (units !== metered) complaints.push(`${tenant}: ${units} units acknowledged, ${metered} metered`);
      const pinned = await readPinned({ ledger: config.ledgerOrigin, tenant, jwks });
      for (const invoice of await platform.invoices.list(tenant, 100)) {
        numbers.push(invoice.number);
        const bundle = invoice.bundle_name === null ? undefined : await platform.vault.read(invoice.bundle_name);
        const verdict = bundle === undefined ? undefined : await verifyBundle(Buffer.from(bundle), pinned);
        if (verdict?.verdict === 'verified') bundlesVerified++;
        else complaints.push(`${tenant}: evidence of ${invoice.number} is ${verdict?.verdict ?? 'missing'}`);
      }
    }
    const counted = numbers.map((number) => Number(number.split('-').at(-1))).sort((a, b) => a - b);
    if (counted.some((number, i) => number !== i + 1))
      complaints.push(`invoice numbers have a gap: ${counted.join(' ')}`);
    const { size: seals } = await platform.seals.latest();
    return { billed, invoices: numbers.length, bundlesVerified, seals, complaints };
  });
}
