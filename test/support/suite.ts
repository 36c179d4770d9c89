import { access, constants, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { inspect } from 'node:util';
import type { Reconciliation } from '../../functions/reconcile-chain/reconcile-chain.ts';
import type { Swept } from '../../functions/reconcile-chain/sweep.ts';
import type { TailVerdict } from '../../functions/reconcile-chain/tail-check.ts';
import type { InvoiceRun } from '../../functions/run-invoices/run-invoices.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { FileSigner } from '../../shared/adapters/local/signer.ts';
import { type Api, openApi } from '../../shared/client/client.ts';
import { isPlatformRole, type Role } from '../../shared/domain/access.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Entry, EntryKind, EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { type Instant, parseInstant } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { type Config, readConfig } from '../../shared/edge/config.ts';
import type { Log } from '../../shared/ports/log.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import type { Platform } from '../../shared/wiring/platform.ts';
import { ON_A_STANDING_CLOCK, Suite } from '../../shared/wiring/suite.ts';
import { checkedFetch } from './contract.ts';
import { leaks } from './leak-watch.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

export const at = (text: string): Instant => parseInstant(text, 'test');
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** The secret by which tests call what only bus and scheduler may call. */
export const CALLER_TOKEN = 'the-bus-and-the-scheduler-share-this';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
}

export interface SuiteSetup {
  /** When the story begins; 1 March 2026 unless said. */
  readonly at?: string;
  readonly config?: Partial<Config>;
  /** Folder of a suite that was stopped: this one begins on a copy of it. */
  readonly from?: string;
  /** Two suites of one seed draw the same chance; each folder's own unless said. */
  readonly seed?: string;
}

/** The whole suite on a folder of its own: a free port, a clock that stands until it is moved, seeded chance. */
export class TestSuite {
  readonly clock: ManualClock;
  readonly folder: TempFolder;
  /** Everything the functions logged, oldest first. */
  readonly lines: LogLine[] = [];
  readonly #config: Config;
  #suite: Suite;
  #starts = 1;

  private constructor(suite: Suite, folder: TempFolder, clock: ManualClock, config: Config, lines: LogLine[]) {
    this.#suite = suite;
    this.folder = folder;
    this.clock = clock;
    this.#config = config;
    this.lines = lines;
  }

  static async start(setup: SuiteSetup = {}): Promise<TestSuite> {
    const folder = await tempFolder(await storesFolder());
    const clock = new ManualClock(at(setup.at ?? '2026-03-01T00:00:00Z'));
    const config: Config = {
      ...readConfig({}),
      dataFolder: folder.path,
      port: 0,
      rsaBits: 2048,
      callerToken: CALLER_TOKEN,
      ...ON_A_STANDING_CLOCK,
      // A clock that stands still fills no bucket.
      ratePerSecond: 0,
      usageRatePerSecond: 0,
      guessesPerSecond: 0,
      ...setup.config,
    };
    if (setup.from === undefined) await giveKeys(folder.path);
    else await cp(setup.from, folder.path, { recursive: true });
    const lines: LogLine[] = [];
    try {
      const entropy = new SeededEntropy(setup.seed ?? folder.path);
      const suite = await Suite.start({ config, clock, entropy, log: recorder(lines) });
      return new TestSuite(suite, folder, clock, config, lines);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  get platform(): Platform {
    return this.#suite.platform;
  }

  get url(): string {
    return this.#suite.url;
  }

  /** From now on no doorbell is answered, until the restart. */
  silenceBus(): Promise<void> {
    return this.platform.bus.stop();
  }

  /** Stops the process and starts the next one on the same folder. */
  async restart(): Promise<void> {
    await this.#suite.close();
    // Chance that began again from the same seed would give the same blinds and batch ids twice.
    const entropy = new SeededEntropy(`${this.folder.path} ${this.#starts++}`);
    this.#suite = await Suite.start({ config: this.#config, clock: this.clock, entropy, log: recorder(this.lines) });
  }

  /** Stops the process and leaves its folder. */
  stop(): Promise<void> {
    return this.#suite.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.folder.remove();
  }

  /** Loads an organization's document and makes a key for it. */
  async organization(document: {
    readonly organization_id: string;
    readonly lateness_days?: number;
    readonly region?: string;
  }): Promise<Client> {
    await this.platform.accounts.put(document, this.clock.now());
    return this.client(document.organization_id);
  }

  async client(tenant: string, role: Role = 'tenant_admin', expiresAt?: string): Promise<Client> {
    const { entropy, config, accounts } = this.platform;
    const { keyId, secret, text } = newApiKey(entropy, config);
    await accounts.addKey({
      keyId,
      secret,
      tenant: tenant as TenantId,
      role,
      createdAt: this.clock.now(),
      ...(expiresAt === undefined ? {} : { expiresAt: at(expiresAt) }),
    });
    return new Client(this, tenant as TenantId, text, role);
  }

  goTo(instant: string): void {
    this.clock.set(at(instant));
  }

  /** Lets every doorbell be answered, seals what is left after the interval, lets the answers to that be given. */
  async settle(): Promise<void> {
    await this.platform.bus.idle();
    this.clock.advance(11 * SECOND);
    await this.sweep();
    await this.platform.bus.idle();
  }

  async sweep(): Promise<Swept> {
    return (await this.#suite.job('reconcile-chain/sweep?passes=1')) as Swept;
  }

  async tail(): Promise<TailVerdict> {
    return (await this.#suite.job('reconcile-chain/tail')) as TailVerdict;
  }

  /** From now on everything that the scheduler calls is called, as the clock is moved. */
  schedule(): void {
    this.#suite.schedule();
  }

  async deep(full = false): Promise<Reconciliation> {
    // Reports are named by their time; two passes never share a microsecond.
    this.clock.advance(SECOND);
    return (await this.#suite.job(`reconcile-chain/deep?full=${full}`)) as Reconciliation;
  }

  async runInvoices(): Promise<InvoiceRun> {
    return (await this.#suite.job('run-invoices/run')) as InvoiceRun;
  }

  /** Calls a function as the bus or the scheduler does. */
  call(path: string, body = '', token = CALLER_TOKEN): Promise<Response> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    return fetch(`${this.url}/_functions/${path}`, { method: 'POST', headers, body });
  }

  /** A doorbell's push request. */
  ring(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<Response> {
    const message = { messageId: '1', publishTime: this.clock.now(), orderingKey: 'test', attributes };
    return this.call(`${name}/`, JSON.stringify({ subscription: name, deliveryAttempt: 1, message }));
  }

  /** Goes behind the suite's back, straight to the rows, as somebody who holds the disk can. */
  sql(statement: string, ...values: SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#withFile((file) => file.prepare(statement).all(...values));
  }

  /** How many rows each table has. */
  counts(): Record<string, number> {
    return this.#withFile((file) =>
      Object.fromEntries(
        TABLES.map(({ name }) => [name, Number(file.prepare(`SELECT count(*) AS n FROM ${name}`).get()?.['n'])]),
      ),
    );
  }

  async entries(tenant: string): Promise<Entry[]> {
    const { ledger } = this.platform;
    const size = (await ledger.head(tenant as TenantId))?.size ?? 0;
    return (await ledger.entries(tenant as TenantId, 0, size)).map(readEntry);
  }

  /** A tenant's entries of one kind. */
  async entriesOf<K extends EntryKind>(tenant: string, kind: K): Promise<EntryOf<K>[]> {
    return (await this.entries(tenant)).filter((entry): entry is Entry & EntryOf<K> => entry.typ === kind);
  }

  #withFile<T>(work: (file: DatabaseSync) => T): T {
    const file = new DatabaseSync(join(this.folder.path, 'store.db'), { timeout: 5000 });
    // What a test changes need not survive a power cut.
    file.exec('PRAGMA synchronous=OFF');
    try {
      return work(file);
    } finally {
      file.close();
    }
  }
}

export interface UsageAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly results: readonly {
    readonly status: 'accepted' | 'duplicate' | 'refused';
    readonly receipt_id?: string;
    readonly code?: string;
    readonly param?: string;
    readonly detail?: string;
  }[];
}

/** Somebody who calls the API with one key. Every answer is held against the OpenAPI document. */
export class Client {
  readonly tenant: TenantId;
  readonly key: string;
  readonly #suite: { readonly url: string };
  readonly #role: Role;

  constructor(suite: { readonly url: string }, tenant: TenantId, key: string, role: Role = 'tenant_admin') {
    this.#suite = suite;
    this.tenant = tenant;
    this.key = key;
    this.#role = role;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return checkedFetch(this.address(path), { headers: { Authorization: `Bearer ${this.key}`, ...headers } });
  }

  /** Where a path is; somebody of the platform names the organization. */
  address(path: string): string {
    const address = new URL(path, this.#suite.url);
    // What the test says stands as it was written, escapes and all.
    const named = isPlatformRole(this.#role) && !address.searchParams.has('organization_id');
    if (!named) return `${this.#suite.url}${path}`;
    return `${this.#suite.url}${path}${path.includes('?') ? '&' : '?'}organization_id=${this.tenant}`;
  }

  /** @throws Error unless the answer is 200 */
  async read<T>(path: string): Promise<T> {
    const response = await this.get(path);
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  post(body: string | Uint8Array<ArrayBuffer>, contentType = 'application/json'): Promise<Response> {
    const headers = { Authorization: `Bearer ${this.key}`, 'Content-Type': contentType };
    return checkedFetch(this.address('/api/v1/billing/usage'), { method: 'POST', headers, body });
  }

  /** The typed client, in this one's name. */
  get api(): Api {
    return openApi({ url: this.#suite.url, key: this.key, fetch: checkedFetch });
  }

  /** Any call; `body` is sent as JSON. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return checkedFetch(this.address(path), {
      method,
      headers: {
        Authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Sends usage. @throws Error unless the answer is 202 */
  async send(events: unknown, contentType?: string): Promise<UsageAnswer> {
    const response = await this.post(JSON.stringify(events), contentType);
    if (response.status !== 202) throw new Error(`usage answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as UsageAnswer;
  }
}

/** For whom nobody listens to. */
export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function recorder(lines: LogLine[]): Log {
  const note = (line: LogLine): void => {
    lines.push(line);
    // As handed to the log, before anything is struck out of it.
    leaks.look('log of a suite', `${line.event} ${JSON.stringify(line.facts)} ${inspect(line.error)}`);
  };
  return {
    info: (event, facts = {}) => note({ level: 'info', event, facts }),
    warn: (event, facts = {}) => note({ level: 'warn', event, facts }),
    error: (event, error, facts = {}) => note({ level: 'error', event, facts, error }),
  };
}

/** In memory, where Linux has such a place: no test's store has to survive a power cut, and a disk makes it wait. */
export const storesFolder = (): Promise<string> =>
  access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  );

/** Key files by their path in a store; made once per process, because making an RSA key takes longer than most tests. */
let madeKeys: Promise<ReadonlyMap<string, Buffer>> | undefined;

async function makeKeys(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = await tempFolder();
  const signer = await FileSigner.open({ folder: folder.path, modulusLength: 2048 });
  const files = new Map<string, Buffer>();
  for (const purpose of ['checkpoint', 'evidence'] as const) {
    await signer.createKey(purpose);
    const [name] = await readdir(join(folder.path, purpose));
    files.set(join(purpose, name!), await readFile(join(folder.path, purpose, name!)));
  }
  await folder.remove();
  return files;
}

async function giveKeys(folder: string): Promise<void> {
  madeKeys ??= makeKeys();
  for (const [path, bytes] of await madeKeys) {
    const file = join(folder, 'keys', path);
    await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
    await writeFile(file, bytes, { mode: 0o600 });
  }
}
