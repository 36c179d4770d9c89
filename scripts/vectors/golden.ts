import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { canonicalBytes, type Json } from '../../shared/domain/canonical.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { readConfig } from '../../shared/edge/config.ts';
import type { Entropy } from '../../shared/ports/entropy.ts';
import type { Log } from '../../shared/ports/log.ts';
import { ON_A_STANDING_CLOCK, Suite } from '../../shared/wiring/suite.ts';
import { type KeyName, keyPath, purposeOf, testKey } from './keys.ts';
import { ACCOUNTS, type SentEvent, STEPS, type Step, type TenantName } from './scenario.ts';

export const GOLDEN_LEDGER = 'ledger.example/vectors/2026' as LedgerOrigin;

/** The golden files by name, e.g. `good-1.tar`. */
export type GoldenFiles = ReadonlyMap<string, Buffer>;

/**
 * Runs the scenario on the whole suite: HTTP, bus, store, seals, archive. Clock, chance and keys are given, so the same
 * code makes the same bytes.
 * @param folder empty; becomes the suite's store
 */
export async function makeGolden(folder: string, ledger: LedgerOrigin = GOLDEN_LEDGER): Promise<GoldenFiles> {
  await placeKey(folder, 'checkpoint-1', 1);
  await placeKey(folder, 'evidence-1', 2);
  const clock = new ManualClock(parseInstant('2026-03-28T00:00:00Z', 'start'));
  const config = {
    ...readConfig({}),
    ...ON_A_STANDING_CLOCK,
    dataFolder: folder,
    port: 0,
    ledgerOrigin: ledger,
    rsaBits: 2048 as const,
    callerToken: 'golden-vectors-are-public-and-so-is-this-token',
  };
  const suite = await Suite.start({ config, clock, entropy: new GoldenEntropy(), log: LOUD });
  try {
    const world = new GoldenWorld(suite, clock, folder);
    await world.setUp();
    for (const step of STEPS) await world.take(step);
    return world.files;
  } finally {
    await suite.close();
  }
}

/** One stream per length asked for: how many request ids were made in between changes no salt and no blind. */
class GoldenEntropy implements Entropy {
  readonly #streams = new Map<number, SeededEntropy>();

  bytes(length: number): Uint8Array {
    let stream = this.#streams.get(length);
    if (stream === undefined) {
      stream = new SeededEntropy(`golden vectors, ${length} bytes`);
      this.#streams.set(length, stream);
    }
    return stream.bytes(length);
  }
}

/** The scenario runs without a hitch or not at all. */
const LOUD: Log = {
  info: () => undefined,
  warn: (event, facts) => {
    throw new Error(`${event} ${JSON.stringify(facts ?? {})}`);
  },
  error: (event, error, facts) => {
    throw new Error(`${event} ${JSON.stringify(facts ?? {})}`, { cause: error });
  },
};

/** Puts a test key where the suite's signer looks for its keys. */
async function placeKey(folder: string, name: KeyName, order: number): Promise<void> {
  const place = join(folder, 'keys', purposeOf(name));
  await mkdir(place, { recursive: true });
  await copyFile(keyPath(name), join(place, `${String(order).padStart(4, '0')}-${testKey(name).kid}.pem`));
}

class GoldenWorld {
  readonly files = new Map<string, Buffer>();
  readonly #suite: Suite;
  readonly #clock: ManualClock;
  readonly #folder: string;
  readonly #credentials = new Map<string, string>();
  #sent = 0;
  #closed = 0;

  constructor(suite: Suite, clock: ManualClock, folder: string) {
    this.#suite = suite;
    this.#clock = clock;
    this.#folder = folder;
  }

  async setUp(): Promise<void> {
    const { accounts, entropy, config } = this.#suite.platform;
    const createdAt = this.#clock.now();
    for (const account of ACCOUNTS) {
      const { tenant } = await accounts.put(account, createdAt);
      const key = newApiKey(entropy, config);
      await accounts.addKey({ ...key, tenant, role: 'tenant_admin', createdAt });
      this.#credentials.set(tenant, key.text);
    }
  }

  async take(step: Step): Promise<void> {
    this.#clock.set(parseInstant(step.at, 'at'));
    if ('send' in step) await this.#send(step.send, step.events);
    else if (step.run === 'rotate-keys') await this.#rotateKeys();
    else await this.#closeBooks();
    await this.#suite.platform.bus.idle();
  }

  async #send(tenant: TenantName, events: readonly SentEvent[]): Promise<void> {
    const batch = events.map(([metric_name, value, timestamp]) => ({
      organization_id: tenant,
      metric_name,
      ...(metric_name === 'users' ? { properties: { user: value } } : { quantity: value }),
      timestamp,
      idempotency_key: `event-${String(++this.#sent).padStart(3, '0')}`,
    }));
    const response = await this.#call(tenant, 'usage', JSON.stringify(batch));
    const { accepted } = (await response.json()) as { readonly accepted: number };
    if (accepted !== batch.length) throw new Error(`${accepted} of ${batch.length} events were accepted`);
  }

  async #rotateKeys(): Promise<void> {
    const { signer, keys } = this.#suite.platform;
    await placeKey(this.#folder, 'checkpoint-2', 3);
    await placeKey(this.#folder, 'evidence-2', 4);
    for (const key of (await signer.publicKeys()).slice(2)) await keys.adopt(key);
  }

  /** Closes a day that is over, and keeps its evidence as the customer gets it, with the keys published by then. */
  async #closeBooks(): Promise<void> {
    const run = (await this.#suite.job('run-invoices/run')) as { readonly issued: readonly Issued[] };
    await this.#suite.platform.bus.idle();
    // One at a time, or the moment of the seal between two closes would be a matter of luck.
    const [issued, ...more] = run.issued;
    if (issued === undefined || more.length > 0) throw new Error(`${run.issued.length} invoices were issued, not one`);
    const { tenant, number } = issued;
    const name = tenant === 'aurora' ? String(++this.#closed) : 'other';
    const response = await this.#call(tenant, `evidence/${number}`);
    this.files.set(`good-${name}.tar`, Buffer.from(await response.arrayBuffer()));
    this.files.set(`pinned-${name}.json`, await this.#pinned(tenant));
  }

  /** What the customer pins: from the second invoice on with the blind of its own log. */
  async #pinned(tenant: TenantName): Promise<Buffer> {
    const { ledgerOrigin, keys, ledger } = this.#suite.platform;
    const blind = this.#closed < 2 ? {} : { blind: (await ledger.head(tenant as TenantId))!.blind };
    return canonicalBytes({ ledger: ledgerOrigin, tenant, ...blind, jwks: (await keys.keyset()) as Json });
  }

  async #call(tenant: string, path: string, body?: string): Promise<Response> {
    const response = await fetch(`${this.#suite.url}/api/v1/billing/${path}`, {
      headers: { Authorization: `Bearer ${this.#credentials.get(tenant)}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}

interface Issued {
  readonly tenant: TenantName;
  readonly number: string;
}
