import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { type Api, ApiProblem, all, openApi } from '../../shared/client/client.ts';
import type { InvoiceSummary } from '../../shared/client/operations.ts';
import { readPinned } from '../../shared/domain/evidence/pinned.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { type Instant, later, MICROS_PER_HOUR, plusMicros } from '../../shared/domain/time.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { readConfig } from '../../shared/edge/config.ts';
import type { Log } from '../../shared/ports/log.ts';
import { ON_A_STANDING_CLOCK, Suite } from '../../shared/wiring/suite.ts';
import { expectedTotals } from './expected.ts';
import { feedOf, type SentEvent, type TenantFeed } from './feed.ts';
import { accountOf, tenantId } from './plans.ts';
import { tamperWith } from './tampering.ts';
import type { TraceRow } from './trace.ts';

export interface DemoResult {
  readonly events_sent: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: number;
  /** entries in all ledgers */
  readonly receipts: number;
  readonly invoices: readonly {
    readonly number: string;
    readonly tenant: string;
    readonly currency: string;
    readonly total: string;
  }[];
  readonly seals: number;
  readonly bundles: readonly { readonly path: string; readonly pinned: string; readonly tenant: string }[];
  readonly verified: number;
  readonly tampers_caught: number;
  readonly seconds: number;
}

export interface DemoOptions {
  readonly rows: readonly TraceRow[];
  readonly tenants: number;
  /** one line of progress */
  readonly say: (line: string) => void;
}

/** What did not come out as it must. Empty when everything did. */
export type Disagreements = readonly string[];

const HOUR = MICROS_PER_HOUR;

/** Bills a trace with the whole suite on an empty temporary store and proves the bill. */
export async function runDemo({
  rows,
  tenants,
  say,
}: DemoOptions): Promise<{ result: DemoResult; disagreements: Disagreements }> {
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 10) / 100;
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-demo-'));
  const first = rows.map(({ time }) => time).sort()[0]!;
  const last = rows.reduce((most, { time }) => later(most, time), first);
  const clock = new ManualClock(first);
  say(`store in ${folder}`);
  // The demo's clock goes as fast as it likes: requests per second mean nothing by it.
  const config = {
    ...readConfig({}),
    ...ON_A_STANDING_CLOCK,
    dataFolder: join(folder, 'store'),
    port: 0,
    ratePerSecond: 0,
    usageRatePerSecond: 0,
  };
  const suite = await Suite.start({ config, clock, entropy: new SystemEntropy(), log: quiet(say) });
  try {
    const demo = new Demo(suite, clock, rows, tenants, say);
    await demo.setUp(dayOf(first));
    await demo.feed();
    await demo.feedLate(last);
    await demo.closeAndArchive();
    const bundles = await demo.download(join(folder, 'evidence'));
    const { verified, tampersCaught } = await demo.prove(bundles);
    const result = await demo.result(bundles, verified, tampersCaught, seconds());
    return { result, disagreements: demo.disagreements };
  } finally {
    await suite.close();
  }
}

const dayOf = (instant: Instant): Instant => `${instant.slice(0, 10)}T00:00:00.000000Z` as Instant;

/** Warnings and errors are worth a line; everything else is what the demo shows anyway. */
const quiet = (say: (line: string) => void): Log => ({
  info: () => undefined,
  warn: (event, facts) => say(`warning: ${event} ${JSON.stringify(facts ?? {})}`),
  error: (event, error, facts) => say(`error: ${event} ${JSON.stringify(facts ?? {})} ${String(error)}`),
});

class Demo {
  readonly disagreements: string[] = [];
  readonly #suite: Suite;
  readonly #clock: ManualClock;
  readonly #rows: readonly TraceRow[];
  readonly #tenants: number;
  readonly #say: (line: string) => void;
  readonly #keys: string[] = [];
  readonly #feeds: TenantFeed[];
  readonly #counts = { sent: 0, accepted: 0, duplicates: 0, refused: 0 };
  #lastHour = '';

  constructor(
    suite: Suite,
    clock: ManualClock,
    rows: readonly TraceRow[],
    tenants: number,
    say: (line: string) => void,
  ) {
    this.#suite = suite;
    this.#clock = clock;
    this.#rows = rows;
    this.#tenants = tenants;
    this.#say = say;
    this.#feeds = Array.from({ length: tenants }, (_, tenant) => feedOf(rows, tenant, tenants));
  }

  async setUp(day: Instant): Promise<void> {
    const { accounts, entropy, config } = this.#suite.platform;
    for (let tenant = 0; tenant < this.#tenants; tenant++) {
      await accounts.put(accountOf(tenant, day), this.#clock.now());
      const key = newApiKey(entropy, config);
      await accounts.addKey({
        ...key,
        tenant: tenantId(tenant) as TenantId,
        role: 'tenant_admin',
        createdAt: this.#clock.now(),
      });
      this.#keys.push(key.text);
    }
    this.#say(`${this.#tenants} tenants set up on ${Math.min(8, this.#tenants)} price lists`);
  }

  /** Sends every tenant's batches in the order of time, the clock going along; now and then the schedules run. */
  async feed(): Promise<void> {
    const due = this.#feeds
      .flatMap((feed) =>
        feed.batches.map((batch) => ({ tenant: feed.tenant, batch, at: lastTime(batch, this.#clock.now()) })),
      )
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.tenant - b.tenant));
    const total = due.reduce((sum, { batch }) => sum + batch.length, 0);
    let said = 0;
    for (const { tenant, batch, at } of due) {
      this.#advanceTo(plusMicros(at, 1_000_000n));
      await this.#send(tenant, batch);
      await this.#runSchedules();
      if (this.#counts.sent - said >= 5000 || this.#counts.sent === total) {
        said = this.#counts.sent;
        this.#say(`${this.#counts.sent} of ${total} events sent, ${this.#counts.accepted} accepted`);
      }
    }
    await this.#settle();
  }

  /** When the day is over, but before its books are closed, the late events arrive. */
  async feedLate(last: Instant): Promise<void> {
    this.#advanceTo(plusMicros(dayOf(last), 24n * HOUR + HOUR / 2n));
    for (const { tenant, late } of this.#feeds) if (late.length > 0) await this.#send(tenant, late);
    await this.#settle();
    const late = this.#feeds.reduce((sum, feed) => sum + feed.late.length, 0);
    this.#say(`${late} late events sent after midnight, within the grace of an hour`);
  }

  async closeAndArchive(): Promise<void> {
    this.#clock.advance(31 * 60_000);
    await this.#suite.job('run-invoices/run');
    await this.#suite.platform.bus.idle();
    await this.#settle();
    const reconciliation = (await this.#suite.job('reconcile-chain/deep?full=true')) as {
      readonly faults: readonly unknown[];
      readonly entries: number;
    };
    if (reconciliation.faults.length > 0)
      this.disagreements.push(`reconciliation found ${JSON.stringify(reconciliation.faults)}`);
    this.#say(`periods closed, ${reconciliation.entries} entries reconciled against every copy`);
  }

  /** Downloads every bundle over HTTP, as compliance staff would, and writes the pinned file beside it. */
  async download(folder: string): Promise<DemoResult['bundles']> {
    await mkdir(folder, { recursive: true });
    const jwks = await openApi({ url: this.#suite.url }).getSigningKeys();
    const bundles = [];
    for (let tenant = 0; tenant < this.#tenants; tenant++) {
      const api = this.#api(tenant);
      const head = await api.getLedgerHead();
      if (head.size === 0 || !('blind' in head)) {
        this.disagreements.push(`${tenantId(tenant)} has an empty ledger`);
        continue;
      }
      const { blind } = head;
      for (const { number } of await this.#invoices(tenant)) {
        const bundle = await api.downloadEvidence({ number }).catch((error: unknown) => {
          if (!(error instanceof ApiProblem)) throw error;
          this.disagreements.push(`evidence of ${number}: ${error.message}`);
        });
        if (bundle === undefined) continue;
        const path = join(folder, `${tenantId(tenant)}-${number}.tar`);
        const pinned = join(folder, `${tenantId(tenant)}-${number}.pinned.json`);
        await writeFile(path, bundle);
        await writeFile(
          pinned,
          `${JSON.stringify({ ledger: this.#suite.platform.ledgerOrigin, tenant: tenantId(tenant), blind, jwks }, null, 2)}\n`,
        );
        bundles.push({ path, pinned, tenant: tenantId(tenant) });
      }
    }
    this.#say(`${bundles.length} evidence bundles downloaded to ${folder}`);
    return bundles;
  }

  async prove(bundles: DemoResult['bundles']): Promise<{ readonly verified: number; readonly tampersCaught: number }> {
    let verified = 0;
    for (const { path, pinned } of bundles) {
      const verdict = await verifyBundle(
        await readFile(path),
        await readPinned(JSON.parse(await readFile(pinned, 'utf8'))),
      );
      if (verdict.verdict === 'verified') verified++;
      else
        this.disagreements.push(
          `${path} is ${verdict.verdict}: ${JSON.stringify(verdict.claims.filter(({ result }) => result !== 'pass'))}`,
        );
    }
    this.#say(`${verified} of ${bundles.length} bundles verified offline`);
    const victim = bundles[0];
    if (victim === undefined) return { verified, tampersCaught: 0 };
    const outcomes = await tamperWith(
      await readFile(victim.path),
      await readPinned(JSON.parse(await readFile(victim.pinned, 'utf8'))),
      this.#suite.platform.notary,
    );
    for (const { what, caught, by } of outcomes) this.#say(`${caught ? 'caught' : 'NOT CAUGHT'}: ${what} (${by})`);
    for (const { what, caught } of outcomes) if (!caught) this.disagreements.push(`not caught: ${what}`);
    return { verified, tampersCaught: outcomes.filter(({ caught }) => caught).length };
  }

  async result(
    bundles: DemoResult['bundles'],
    verified: number,
    tampersCaught: number,
    seconds: number,
  ): Promise<DemoResult> {
    const { seals, reconciliation, reconciliation: books } = this.#suite.platform;
    const invoices = [];
    for (let tenant = 0; tenant < this.#tenants; tenant++) {
      for (const invoice of await this.#invoices(tenant)) {
        invoices.push({
          number: invoice.number,
          tenant: tenantId(tenant),
          currency: invoice.total.currency,
          total: invoice.total.amount,
          day: invoice.period_start.slice(0, 10),
        });
      }
    }
    this.#compareTotals(invoices);
    const frozen = await books.allFrozen();
    if (frozen.length > 0) this.disagreements.push(`${frozen.length} tenants are frozen`);
    const receipts = (await reconciliation.heads()).reduce((sum, { size }) => sum + size, 0);
    const { sent, accepted, duplicates, refused } = this.#counts;
    if (sent !== accepted + duplicates + refused)
      this.disagreements.push(`${sent} sent, ${accepted + duplicates + refused} answered`);
    if (accepted !== this.#rows.length * 3) this.disagreements.push(`${accepted} accepted of ${this.#rows.length * 3}`);
    const overhead = this.#counts.accepted + this.#tenants + invoices.length * 3;
    if (receipts < overhead) this.disagreements.push(`${receipts} entries, at least ${overhead} expected`);
    if (verified !== bundles.length || bundles.length !== invoices.length)
      this.disagreements.push('not every invoice has verified evidence');
    return {
      events_sent: sent,
      accepted,
      duplicates,
      refused,
      receipts,
      invoices: invoices.map(({ number, tenant, currency, total }) => ({ number, tenant, currency, total })),
      seals: (await seals.latest()).size,
      bundles,
      verified,
      tampers_caught: tampersCaught,
      seconds,
    };
  }

  #compareTotals(invoices: readonly { tenant: string; day: string; currency: string; total: string }[]): void {
    const expected = expectedTotals(this.#rows, this.#tenants, (tenant) => this.#feeds[tenant]!.order);
    for (const { tenant, day, currency, total } of expected) {
      const found = invoices.filter((invoice) => invoice.tenant === tenantId(tenant) && invoice.day === day);
      const billed = found.length === 1 ? `${found[0]!.currency} ${found[0]!.total}` : `${found.length} invoices`;
      if (billed !== `${currency} ${total}`) {
        this.disagreements.push(
          `${tenantId(tenant)} on ${day}: billed ${billed}, the trace gives ${currency} ${total}`,
        );
      }
    }
    this.#say(`${expected.length} totals worked out from the trace by other code and compared`);
  }

  async #send(tenant: number, batch: readonly SentEvent[]): Promise<void> {
    const answer = await this.#api(tenant).sendUsage({ body: batch });
    this.#counts.sent += batch.length;
    this.#counts.accepted += answer.accepted;
    this.#counts.duplicates += answer.duplicates;
    this.#counts.refused += answer.refused;
  }

  #api(tenant: number): Api {
    return openApi({ url: this.#suite.url, key: this.#keys[tenant]! });
  }

  #invoices(tenant: number): Promise<InvoiceSummary[]> {
    return all(this.#api(tenant).listInvoices, { limit: 100 });
  }

  #advanceTo(instant: Instant): void {
    if (instant > this.#clock.now()) this.#clock.set(instant);
  }

  /** The sweep each minute of trace time that passed, the deep pass each hour. */
  async #runSchedules(): Promise<void> {
    const hour = this.#clock.now().slice(0, 13);
    if (hour === this.#lastHour) return;
    const isFirst = this.#lastHour === '';
    this.#lastHour = hour;
    if (isFirst) return;
    await this.#settle();
    await this.#suite.job('reconcile-chain/deep');
  }

  /** Lets every doorbell be answered, seals what is left, lets the answers to that be given. */
  async #settle(): Promise<void> {
    await this.#suite.platform.bus.idle();
    this.#clock.advance(11_000);
    await this.#suite.job('reconcile-chain/sweep?passes=1');
    await this.#suite.platform.bus.idle();
  }
}

const lastTime = (batch: readonly SentEvent[], now: Instant): Instant =>
  batch.reduce<Instant>((most, { timestamp }) => later(most, timestamp as Instant), now);
