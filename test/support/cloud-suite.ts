import type { Reconciliation } from '../../functions/reconcile-chain/reconcile-chain.ts';
import type { Swept } from '../../functions/reconcile-chain/sweep.ts';
import type { InvoiceRun } from '../../functions/run-invoices/run-invoices.ts';
import type { EmulatorName } from '../../scripts/emulators/emulators.ts';
import { ManualClock, SystemClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { StorageVault } from '../../shared/adapters/storage/vault.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { Entry, EntryKind, EntryOf } from '../../shared/domain/ledger/kinds.ts';
import { readEntry } from '../../shared/domain/ledger/record.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { type Config, readConfig } from '../../shared/edge/config.ts';
import { ALL_PORTS } from '../../shared/wiring/cloud/all.ts';
import { openCloudPlatform } from '../../shared/wiring/cloud-platform.ts';
import { type Front, FUNCTION_OF, INTERNAL, openFront } from '../../shared/wiring/front.ts';
import type { Opener, PortName } from '../../shared/wiring/ports.ts';
import { type KmsDouble, startKmsDouble } from './doubles/kms.ts';
import { type StorageDouble, startStorageDouble } from './doubles/storage.ts';
import { emulatorHost } from './emulators.ts';
import { createSuiteTopics } from './pubsub.ts';
import { type PushFaults, PushRelay } from './push-relay.ts';
import { spannerDatabase } from './spanner.ts';
import { at, Client, type LogLine, recorder, SECOND } from './suite.ts';

type CloudPlatform = Awaited<ReturnType<typeof openCloudPlatform<PortName>>>;

const NOBODY = 'http://127.0.0.1:1/';
const PATIENCE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 25;
/** A doorbell that is not answered by then was lost, or is held back for longer than a test wants to wait. */
const RING_AGAIN_MILLISECONDS = 2_000;

export interface CloudSuiteSetup {
  readonly at: string;
  /** Makes names of its own: one per test file. */
  readonly name: string;
  readonly faults?: PushFaults;
  /** A Spanner emulator of its own, e.g. one that aborts commits. */
  readonly spannerHost?: string;
  /** host:port of relays to the emulators, which the suite then speaks through; what Terraform makes is made without them. */
  readonly relays?: Partial<Readonly<Record<EmulatorName, string>>>;
  /** What chance follows from; the name unless said. */
  readonly seed?: string;
  /** Doorbells are answered one after the other, whatever they are about: every run is the same, to the byte. */
  readonly oneAtATime?: boolean;
  /** how long the bus waits for a push's answer before it pushes again */
  readonly ackDeadlineSeconds?: number;
}

/**
 * The whole suite on Google's clients: Spanner, Firestore and Pub/Sub on their emulators, Cloud Storage and KMS on doubles.
 * Pub/Sub pushes to the functions through a relay that adds what the emulator leaves out. The clock stands until it is moved.
 */
export class CloudTestSuite {
  readonly clock: ManualClock;
  readonly lines: LogLine[] = [];
  readonly relay: PushRelay;
  readonly storage: StorageDouble;
  readonly kms: KmsDouble;
  readonly #config: Config;
  readonly #seed: string;
  readonly #dropDatabase: () => Promise<void>;
  #running: { readonly platform: CloudPlatform; readonly front: Front; readonly stopping: AbortController } | undefined;
  /** The story's time stands, but who waits before a retry waits for real. */
  readonly #patience = new SystemClock();
  #starts = 0;
  #heard = true;

  private constructor(
    clock: ManualClock,
    relay: PushRelay,
    config: Config,
    seed: string,
    stands: { readonly storage: StorageDouble; readonly kms: KmsDouble; readonly dropDatabase: () => Promise<void> },
  ) {
    this.clock = clock;
    this.relay = relay;
    this.#config = config;
    this.#seed = seed;
    this.storage = stands.storage;
    this.kms = stands.kms;
    this.#dropDatabase = stands.dropDatabase;
  }

  static async start(setup: CloudSuiteSetup): Promise<CloudTestSuite> {
    const { name, faults, spannerHost, relays = {}, seed = `${name}-`, oneAtATime = false } = setup;
    const clock = new ManualClock(at(setup.at));
    const spanner = await spannerDatabase(undefined, spannerHost);
    const storage = await startStorageDouble({ clock });
    const kms = await startKmsDouble();
    // Made before the suite, whose configuration names it; asked only once the suite is there.
    const target: { of: (subscription: string) => string } = { of: () => NOBODY };
    const relay = await PushRelay.start({
      target: (subscription) => target.of(subscription),
      clock,
      seed: name,
      oneAtATime,
      ...(faults === undefined ? {} : { faults }),
    });
    const config = readConfig({
      PLATFORM: 'cloud',
      PORT: '0',
      ENVIRONMENT: 'staging',
      REGION: 'eu',
      LEDGER_ORIGIN: 'ledger.example.com/eu',
      INVOICE_PREFIX: 'INV',
      // A clock that stands still fills no bucket.
      RATE_PER_SECOND: '0',
      USAGE_RATE_PER_SECOND: '0',
      GOOGLE_CLOUD_PROJECT: spanner.project,
      SPANNER_INSTANCE: spanner.instance,
      SPANNER_DATABASE: spanner.database,
      SPANNER_EMULATOR_HOST: relays.spanner ?? spanner.host,
      // A database of its own: another story's pages of the same organization would be faults here.
      FIRESTORE_DATABASE: name,
      FIRESTORE_EMULATOR_HOST: relays.firestore ?? (await emulatorHost('firestore')),
      PUBSUB_EMULATOR_HOST: relays.pubsub ?? (await emulatorHost('pubsub')),
      TOPIC_PREFIX: `${name}-`,
      VAULT_BUCKET: storage.bucket,
      STORAGE_ENDPOINT: storage.endpoint,
      KMS_KEY_RING: kms.keyRing,
      WRAPPING_KEY: kms.wrappingKey,
      KMS_ENDPOINT: kms.endpoint,
      CALLER_AUDIENCE: relay.audience,
      CALLERS: relay.email,
      OIDC_KEYS_URL: relay.jwksUrl,
    });
    const topics = { project: config.project, topicPrefix: config.topicPrefix };
    await createSuiteTopics(topics, relay.pushUrl, setup.ackDeadlineSeconds);
    const suite = new CloudTestSuite(clock, relay, config, seed, { storage, kms, dropDatabase: spanner.drop });
    target.of = (subscription) => suite.#addressOf(subscription.slice(config.topicPrefix.length));
    await suite.#open();
    return suite;
  }

  get platform(): CloudPlatform {
    return this.#now.platform;
  }

  get url(): string {
    return this.#now.front.url;
  }

  get #now() {
    if (this.#running === undefined) throw new Error('the suite is not running');
    return this.#running;
  }

  /** From now on no doorbell is heard, until the restart. Pub/Sub goes on ringing. */
  async silenceBus(): Promise<void> {
    this.#heard = false;
    await this.relay.idle();
  }

  #addressOf(subscription: string): string {
    const name = FUNCTION_OF[subscription];
    if (name === undefined || !this.#heard || this.#running === undefined) return NOBODY;
    return `${this.url}${INTERNAL}${name}/`;
  }

  async restart(): Promise<void> {
    await this.#stop();
    await this.#open();
    this.#heard = true;
  }

  async #open(): Promise<void> {
    // Chance that began again from the same seed would give the same blinds and batch ids twice.
    const entropy = new SeededEntropy(`${this.#seed} ${this.#starts++}`);
    const clock = { now: () => this.clock.now(), after: this.#patience.after.bind(this.#patience) };
    const base = { config: this.#config, clock, entropy, log: recorder(this.lines) };
    const platform = await openCloudPlatform<PortName>(base, { ...ALL_PORTS, vault: this.#openVault });
    const stopping = new AbortController();
    this.#running = { platform, front: await openFront(platform, stopping.signal), stopping };
  }

  // As the function's own does, but with a key that signs links: there is no identity here that could.
  readonly #openVault: Opener<'vault'> = async ({ config, clock }) => {
    const { vaultBucket: bucket, storageEndpoint: endpoint, project } = config;
    const port = new StorageVault({ project, bucket, endpoint, clock, credentials: this.storage.credentials });
    return { port, close: () => port.close() };
  };

  async #stop(): Promise<void> {
    const { platform, front, stopping } = this.#now;
    this.#running = undefined;
    stopping.abort();
    await front.close();
    await platform.close();
  }

  async close(): Promise<void> {
    this.#heard = false;
    await this.relay.idle();
    await this.#stop();
    await this.relay.close();
    await this.storage.close();
    await this.kms.close();
    await this.#dropDatabase();
  }

  async organization(document: { readonly organization_id: string; readonly region?: string }): Promise<Client> {
    const { accounts, config, entropy } = this.platform;
    const { tenant } = await accounts.put(document, this.clock.now());
    const { keyId, secret, text } = newApiKey(entropy, config);
    await accounts.addKey({ keyId, secret, tenant, role: 'tenant_admin', createdAt: this.clock.now() });
    return new Client(this, tenant, text);
  }

  goTo(instant: string): void {
    this.clock.set(at(instant));
  }

  /** Lets every doorbell be answered, seals what is left after the interval, lets the answers to that be given. */
  async settle(): Promise<void> {
    await this.#until(async () => (await this.#tenantsWaiting()) === 0);
    this.clock.advance(11 * SECOND);
    await this.sweep();
    await this.#until(async () => {
      const { seals, invoices } = this.platform;
      return !(await seals.isDue()) && (await invoices.unarchived(1)).length === 0;
    });
  }

  /** Frozen organizations wait for a person. */
  async #tenantsWaiting(): Promise<number> {
    const { usage, reconciliation } = this.platform;
    let waiting = 0;
    for (const tenant of await usage.waitingTenants(1000)) {
      if ((await reconciliation.frozen(tenant)) === undefined) waiting++;
    }
    return waiting;
  }

  async #until(done: () => Promise<boolean>): Promise<void> {
    const started = performance.now();
    let rung = started;
    while (!(await done())) {
      const now = performance.now();
      if (now - started > PATIENCE_MILLISECONDS) throw new Error('the suite does not come to rest');
      if (now - rung > RING_AGAIN_MILLISECONDS) {
        rung = now;
        this.clock.advance(11 * SECOND);
        await this.sweep();
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    await this.relay.idle();
  }

  /** Calls a function as the scheduler does. */
  async job(path: string): Promise<unknown> {
    const headers = { Authorization: `Bearer ${await this.relay.tokenFor()}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${this.url}${INTERNAL}${path}`, { method: 'POST', headers });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  async sweep(): Promise<Swept> {
    return (await this.job('reconcile-chain/sweep?passes=1')) as Swept;
  }

  async deep(full = false): Promise<Reconciliation> {
    // Reports are named by their time; two passes never share a microsecond.
    this.clock.advance(SECOND);
    return (await this.job(`reconcile-chain/deep?full=${full}`)) as Reconciliation;
  }

  async runInvoices(): Promise<InvoiceRun> {
    return (await this.job('run-invoices/run')) as InvoiceRun;
  }

  /** A tenant's entries of one kind. */
  async entriesOf<K extends EntryKind>(tenant: string, kind: K): Promise<EntryOf<K>[]> {
    const { ledger } = this.platform;
    const size = (await ledger.head(tenant as TenantId))?.size ?? 0;
    const entries: Entry[] = (await ledger.entries(tenant as TenantId, 0, size)).map(readEntry);
    return entries.filter((entry): entry is Entry & EntryOf<K> => entry.typ === kind);
  }
}
