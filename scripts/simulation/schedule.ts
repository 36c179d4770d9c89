import { TryAgain } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { unpackHeads } from '../../shared/stores/seal-store.ts';
import { type Decisions, type PlacedChooser, type PlannedChooser, RandomChooser } from './choosers.ts';
import { Counts } from './counts.ts';
import { judgeEnd } from './ending.ts';
import type { Outcome } from './gate.ts';
import type { Job } from './instances.ts';
import { type CallPoint, Kernel, type Owner, Violation } from './kernel.ts';
import { Model } from './model.ts';
import { projectionName } from './ports/copies.ts';
import type { Change, Row } from './ports/tables.ts';
import { configOf, LIMIT, prepare, type Scenario, type Sending, TIERS, wireOf } from './scenario.ts';
import { DAY, SECOND } from './sizes.ts';
import { digestOf, Watch } from './watch.ts';
import type { AnsweredCrypto } from './web-crypto.ts';
import { World } from './world.ts';

export interface ScheduleResult {
  /** undefined where every promise was kept */
  readonly violation: Violation | undefined;
  readonly steps: number;
  readonly counts: Counts;
  /** what was decided otherwise than by default */
  readonly decisions: Decisions;
  /** virtual microseconds that the mirror was behind after the healing, at most */
  readonly mirrorLag: number;
  readonly trace: readonly string[];
  /** SHA-256 of the trace, hex; of no lines where none was kept */
  readonly traceHash: string;
}

export interface ScheduleOptions {
  /** decides instead of chance */
  readonly chooser?: RandomChooser | PlannedChooser | PlacedChooser;
  readonly isTraced?: boolean;
}

const HEALED_SECONDS = 300;
/** A sweep in every ten seconds, a run of invoices in every sixty; before the first of them all that rings by itself has come. */
const SWEEP = { first: 5, every: 10 };
const RUN = { first: 5, every: 60 };
const STEPS_TO_HEAL = 6000;
const MIRROR_LAG_SECONDS = 30;
const DAYS = ['2026-03-01', '2026-03-02'];

/**
 * One run: trouble first, then nothing fails any more and time passes until the books are at rest; then they are compared with
 * what was sent and told.
 */
export async function runSchedule(
  scenario: Scenario,
  crypto: AnsweredCrypto,
  options: ScheduleOptions = {},
): Promise<ScheduleResult> {
  crypto.form = scenario.form;
  const chooser = options.chooser ?? new RandomChooser(scenario);
  const kernel = new Kernel(scenario.begin, chooser);
  kernel.pace = scenario.pace;
  if (options.isTraced === true) kernel.trace = [];
  const counts = new Counts();
  const { state, keys } = await prepare(scenario);
  const world = new World(kernel, counts, {
    ...scenario,
    state,
    keys,
    config: configOf(scenario.sealIntervalSeconds),
  });
  const run = new Run(scenario, world);
  let mirrorLag = 0;
  try {
    await run.trouble();
    chooser.isHealed = true;
    const healed = kernel.nowMicros;
    await run.heal();
    mirrorLag = run.watch.mirrorLag(healed, world.mirror);
    if (scenario.lane === 'A' && mirrorLag > MIRROR_LAG_SECONDS * SECOND)
      throw new Violation('I14', `the mirror was ${mirrorLag / SECOND} s behind`);
    run.model.requireReasons();
    await judgeEnd(scenario, world, run.watch, run.model, (job) => run.doneNow(job));
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    kernel.fail(error);
  }
  if (run.model.refusedOverLimit > 0) counts.note('an event was refused at its limit');
  if (run.model.conflicts > 0) counts.note('another event under a known key was refused');
  return {
    violation: kernel.violation,
    steps: kernel.step,
    counts,
    decisions: { picks: chooser.picks, faults: chooser.faults },
    mirrorLag,
    trace: kernel.trace ?? [],
    traceHash: kernel.traceHash(),
  };
}

class Run {
  readonly model: Model;
  readonly watch: Watch;
  readonly #scenario: Scenario;
  readonly #world: World;
  /** sendings without an answer */
  #unanswered = 0;
  #isSecondDay = false;
  /** tables that are empty at rest */
  readonly #leftOver: readonly string[];
  readonly #sealers = new Map<number, Owner>();
  /** which instance answered a key first */
  readonly #answerers = new Map<string, string>();

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    // Lane B has no sweep, which is what finds sums that nobody was woken for.
    this.#leftOver = ['waiting', 'unpublished_seals', 'unarchived', ...(scenario.lane === 'A' ? ['unrolled'] : [])];
    const { kernel, counts } = world;
    this.model = new Model(TIERS, LIMIT[scenario.limits]);
    this.watch = new Watch(kernel, counts, this.model, world.vault);
    world.committed.onCommit = (changes, state) => {
      if (kernel.trace !== undefined)
        kernel.note(`commit ${changes.map(({ table }) => table).join(' ')} ${digestOf(changes)}`);
      this.#sealed(changes);
      this.watch.committed(changes, state);
    };
    world.mirror.onCreate = (tenant, firstSeq, bytes) =>
      this.watch.mirrored(tenant, firstSeq, bytes, world.committed.state);
    kernel.onPass = (owner, point, outcome) => this.#passed(owner, point, outcome);
    this.#begin();
    world.onUnexpected = (where, error) => this.#unexpected(where, error);
  }

  /** What the books hold before anything happens stands in the mirror as well. */
  #begin(): void {
    const { committed, mirror } = this.#world;
    const rows = (table: string) => committed.state.get(table)!.rows;
    const changes = ['pages', 'heads'].flatMap((table) =>
      rows(table).map((after): Change => ({ table, before: undefined, after })),
    );
    this.watch.committed(changes, committed.state);
    for (const page of rows('pages')) {
      const [tenant, seq] = [String(page['tenant']), Number(page['first_seq'])];
      mirror.of(tenant).set(seq, page['bytes'] as Uint8Array);
      mirror.onCreate(tenant, seq, page['bytes'] as Uint8Array);
    }
  }

  /** Counts what must happen some time, or nothing was tried. */
  #passed({ kind }: Owner, { op, about }: CallPoint, outcome: Outcome): void {
    const { counts } = this.#world;
    if (outcome !== 'ok') {
      counts.note(`fault: ${kind} ${op} ${outcome}`);
      if (op === 'database.commit' && outcome === 'after') counts.note('a commit was applied and nobody could tell');
      if (op === 'bus.publish' && outcome === 'lost') counts.note('a doorbell was lost');
      if (op === 'mirror.create' && outcome === 'after') counts.note('the mirror had a page and said it was away');
      return;
    }
    if (kind === 'sign-receipts' && op === 'database.end' && about.includes('heads'))
      counts.note('a draft on a head that had moved was thrown away');
    if (kind === 'reconcile-chain' && op === 'bus.publish' && about.startsWith('usage-accepted'))
      counts.note('a sweep rang for usage again');
  }

  /** Counts by whom a seal is carried on. */
  #sealed(changes: readonly Change[]): void {
    const { kernel, counts } = this.#world;
    for (const { table, before, after } of changes) {
      if (table === 'batches' && before === undefined && Number(after?.['count']) > 1)
        counts.note('requests shared a transaction');
      if (table !== 'seals' || kernel.acting === undefined) continue;
      const n = Number(after?.['n']);
      if (before === undefined) this.#sealers.set(n, kernel.acting);
      else if (before['jws'] === null && after?.['jws'] !== null && this.#sealers.get(n) !== kernel.acting)
        counts.note('a seal was signed by another than whoever wrote it down');
    }
  }

  async trouble(): Promise<void> {
    const { sendings, jobs, upsets, troubledSeconds, steps } = this.#scenario;
    const { kernel } = this.#world;
    for (const sending of sendings) this.#sendAt(sending);
    for (const { at, job } of jobs) kernel.after(at, `job ${job}`, job, () => this.#world.job(job));
    for (const { at, kind, micros } of upsets) kernel.after(at, 'fate', kind, () => this.#upset(kind, micros));
    await kernel.run(() => false, kernel.nowMicros + troubledSeconds * SECOND, steps);
  }

  /** Nothing fails any more. @throws Violation where the books do not come to rest */
  async heal(): Promise<void> {
    const { kernel } = this.#world;
    const { lane, isSecondDayClosed } = this.#scenario;
    const begin = kernel.nowMicros;
    kernel.pace = Math.min(kernel.pace, 1000);
    // Lane B has no sweep. What a sealer left because another was faster, or its clock behind, the sealer's own schedule sees to.
    this.#every(SWEEP, lane === 'A' ? 'sweep' : 'seal');
    this.#every(RUN, 'run-invoices');
    const why = await kernel.run(() => this.#isAtRest(), begin + HEALED_SECONDS * SECOND, STEPS_TO_HEAL);
    if (kernel.violation !== undefined) throw kernel.violation;
    if (why !== 'over') throw new Violation('rest', `${this.#restlessness().join(', ')} (${why})`);
    if (!isSecondDayClosed || this.#isSecondDay) return;
    this.#isSecondDay = true;
    kernel.nowMicros += DAY;
    await this.heal();
  }

  /** Has something done and waits for its end. @throws Violation where it does not end, or breaks a promise */
  async doneNow(job: Job): Promise<unknown> {
    const { kernel } = this.#world;
    let outcome: { readonly done: boolean; readonly result: unknown } | undefined;
    this.#world.job(job, (done, result) => {
      outcome = { done, result };
    });
    await kernel.run(() => outcome !== undefined, kernel.nowMicros + HEALED_SECONDS * SECOND, STEPS_TO_HEAL);
    if (kernel.violation !== undefined) throw kernel.violation;
    if (outcome?.done !== true) throw new Violation('rest', `${job} did not end well`);
    return outcome.result;
  }

  #sendAt(sending: Sending): void {
    const { kernel } = this.#world;
    this.#unanswered++;
    for (const event of sending.events) this.model.sends(event);
    const client = `client ${sending.events.map(({ key }) => key).join(' ')}`;
    let tries = 0;
    const send = (): void => {
      tries++;
      const { tenant } = sending.events[0]!;
      const wire = sending.events.map((event) => wireOf(event, sending.time));
      this.#world.send(tenant as TenantId, wire, (outcomes, instance) => {
        if (outcomes === undefined) {
          kernel.after(Math.min(tries, 5) * (SECOND / 2), client, 'sends again', send);
          return;
        }
        this.#unanswered--;
        kernel.note(`${client} is told ${outcomes.map(({ status }) => status).join(' ')}`);
        kernel.guard(() => {
          for (const [i, outcome] of outcomes.entries()) this.model.told(sending.events[i]!, outcome);
        });
        const first = this.#answerers.get(client) ?? instance;
        this.#answerers.set(client, first);
        if (!outcomes.some(({ status }) => status === 'duplicate')) return;
        this.#world.counts.note('a duplicate was told so');
        if (first !== instance) this.#world.counts.note('a duplicate was told so by another instance');
      });
    };
    kernel.after(sending.at, client, 'sends', send);
  }

  #upset(kind: 'recycle' | 'jump', micros: number): void {
    const { chance, counts } = this.#world;
    const instance = chance.pick(this.#world.everyInstance());
    if (kind === 'recycle') instance.recycle();
    else {
      instance.skewMicros += micros;
      counts.note('the clock of an instance jumped');
    }
  }

  #every({ first, every }: typeof SWEEP, job: Job): void {
    const { kernel } = this.#world;
    const again = (): void => {
      this.#world.job(job);
      kernel.after(every * SECOND, `job ${job}`, job, again);
    };
    if (!this.#isSecondDay) kernel.after(first * SECOND, `job ${job}`, job, again);
  }

  #isAtRest(): boolean {
    const { underWay, broker, committed } = this.#world;
    if (underWay > 0 || broker.queue.length > 0 || this.#unanswered > 0) return false;
    // Asked at every idle instant: the long answer only where the short one leaves it open.
    if (this.#leftOver.some((table) => committed.state.get(table)!.rows.length > 0)) return false;
    return this.#restlessness().length === 0;
  }

  /** What is left to do. */
  #restlessness(): string[] {
    const { committed, broker, kernel } = this.#world;
    const { tenants, lane } = this.#scenario;
    const rows = (table: string) => committed.state.get(table)!.rows;
    const left: string[] = [];
    if (this.#unanswered > 0) left.push(`${this.#unanswered} unanswered`);
    if (broker.queue.length > 0) left.push(`${broker.queue.length} doorbells`);
    for (const table of this.#leftOver) if (rows(table).length > 0) left.push(`${rows(table).length} rows of ${table}`);
    const days = DAYS.filter((day) => kernel.now().slice(0, 10) > day);
    for (const tenant of tenants) {
      for (const day of days) {
        const closed = rows('invoices').some(
          (row) => row['tenant'] === tenant && String(row['period']).startsWith(day),
        );
        if (!closed) left.push(`${tenant} has no invoice of ${day}`);
      }
      const head = rows('heads').find((row) => row['tenant'] === tenant);
      for (const page of rows('pages')) {
        if (page['tenant'] !== tenant) continue;
        const seq = Number(page['first_seq']);
        if (!this.#world.mirror.of(tenant).has(seq)) left.push(`the mirror lacks page ${seq} of ${tenant}`);
      }
      if (head !== undefined && !this.#isSealed(head)) left.push(`the head of ${tenant} is not sealed`);
    }
    if (lane === 'A' && left.length === 0) left.push(...this.#staleReadModels());
    if (rows('freezes').length > 0) left.push('somebody is frozen');
    return left;
  }

  #staleReadModels(): string[] {
    return this.#world.committed.state
      .get('invoices')!
      .rows.map((row) => projectionName(String(row['tenant']), 'invoices', String(row['number'])))
      .filter((name) => !(this.#world.projections.get(name) ?? '').includes('"evidence_state":"archived"'))
      .map((name) => `${name} does not show its evidence`);
  }

  /** Whether the last seal has signed a log as it stands. */
  #isSealed(head: Row): boolean {
    const last = this.#world.committed.state.get('seals')!.rows.at(-1);
    if (last === undefined) return false;
    return unpackHeads(last['heads'] as Uint8Array).some((line) => line.includes(`"last":"${String(head['last'])}"`));
  }

  #unexpected(where: string, error: unknown): void {
    const { counts, kernel } = this.#world;
    if (error instanceof TryAgain) return;
    // A key service that answered something else was found out.
    if (error instanceof Error && /does not verify against its published key/.test(error.message)) {
      counts.note('a wrong signature was found out');
      return;
    }
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    kernel.fail(new Violation('errors', `${where}: ${detail}`));
  }
}
