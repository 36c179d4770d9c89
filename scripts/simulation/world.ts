import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { SUBSCRIPTIONS } from '../../shared/domain/messages.ts';
import type { Instant } from '../../shared/domain/time.ts';
import type { Config } from '../../shared/edge/config.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Entropy } from '../../shared/ports/entropy.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Outcome as Told } from '../../shared/stores/usage-store.ts';
import type { Base, Ports } from '../../shared/wiring/ports.ts';
import type { Counts } from './counts.ts';
import type { Gate, PortCall } from './gate.ts';
import { DOER, type FunctionName, HEARER, type Job, STARTS, type Warm } from './instances.ts';
import { instantAt, type Kernel, type Owner } from './kernel.ts';
import { Broker, type Queued, SimulatedBus } from './ports/broker.ts';
import {
  MirrorPages,
  type ProjectionDocuments,
  SimulatedMirror,
  SimulatedProjections,
  SimulatedVault,
  VaultObjects,
} from './ports/copies.ts';
import { Committed, SimulatedDatabase } from './ports/database.ts';
import { type HeldKeys, type SignatureForm, SimulatedSigner, SimulatedWrapper } from './ports/signer.ts';
import type { State } from './ports/tables.ts';
import { Random } from './random.ts';

/** As Spanner's adapter reruns aborted work. */
const RERUNS_MAX = 12;
const SECOND = 1_000_000;

/** What a run begins with, and how its surroundings behave. */
export interface Surroundings {
  readonly seed: number;
  readonly state: State;
  readonly keys: HeldKeys;
  readonly config: Config;
  readonly form: SignatureForm;
  /** instances of each function */
  readonly instances: Readonly<Record<FunctionName, number>>;
  /** how far clocks of instances are off, at most */
  readonly skewMicros: number;
  /** microseconds until a message is delivered, at most */
  readonly delayMicros: number;
  readonly deliveriesMax: number;
}

/** Everything outside the functions: what is kept, what is on its way, which instances there are. */
export class World {
  readonly kernel: Kernel;
  readonly counts: Counts;
  readonly given: Surroundings;
  readonly committed: Committed;
  readonly mirror = new MirrorPages();
  readonly vault: VaultObjects;
  readonly projections: ProjectionDocuments = new Map();
  readonly broker: Broker;
  readonly entropy: Entropy;
  readonly chance: Random;
  /** invocations under way */
  underWay = 0;
  /** Told of errors that no fault explains. */
  onUnexpected: (where: string, error: unknown) => void = () => undefined;
  readonly #instances = new Map<FunctionName, Instance[]>();
  readonly #wrapping: Map<string, Uint8Array>;

  constructor(kernel: Kernel, counts: Counts, given: Surroundings) {
    this.kernel = kernel;
    this.counts = counts;
    this.given = given;
    this.committed = new Committed(given.state);
    this.vault = new VaultObjects(() => kernel.now(), 3650);
    this.entropy = new SeededEntropy(`simulation ${given.seed}`);
    this.chance = new Random(given.seed, 'world');
    this.#wrapping = WRAPPING_KEYS;
    this.broker = new Broker({
      subscriptions: SUBSCRIPTIONS,
      isOrdered: false,
      attemptsMax: given.deliveriesMax,
      now: () => kernel.now(),
    });
    this.broker.onQueued = (queued) => this.#deliverLater(queued);
    for (const [name, count] of Object.entries(given.instances) as [FunctionName, number][]) {
      this.#instances.set(
        name,
        Array.from({ length: count }, (_, i) => new Instance(this, name, i)),
      );
    }
  }

  instancesOf(name: FunctionName): readonly Instance[] {
    return this.#instances.get(name)!;
  }

  anyInstance(name: FunctionName): Instance {
    return this.chance.pick(this.instancesOf(name));
  }

  everyInstance(): Instance[] {
    return [...this.#instances.values()].flat();
  }

  ports(gate: Gate): Ports {
    const { keys, form } = this.given;
    return {
      database: new SimulatedDatabase(this.committed, gate, {
        rerunsMax: RERUNS_MAX,
        later: (work) => this.#perhapsLater(work),
        onConflict: (tables) => {
          this.counts.note('a transaction lost against another');
          if (tables.includes('invoice_numbers')) this.counts.note('two closers of one period met');
        },
      }),
      bus: new SimulatedBus(this.broker, gate),
      mirror: new SimulatedMirror(this.mirror, gate),
      projections: new SimulatedProjections(this.projections, gate),
      vault: new SimulatedVault(this.vault, gate),
      signer: new SimulatedSigner(keys, form, gate),
      wrapper: new SimulatedWrapper(this.#wrapping, this.entropy, gate),
    };
  }

  /** What somebody gave up waiting for: it happens within two seconds, or never. */
  #perhapsLater(work: () => void): void {
    if (this.chance.chance(400)) return;
    this.kernel.after(this.chance.below(2 * SECOND), 'database', 'a commit that was given up', () => {
      this.counts.note('a commit that its caller had given up arrived all the same');
      this.kernel.guard(work);
    });
  }

  /** Has a job done now. @param then told when it is over, and whether it was done */
  job(job: Job, then: (done: boolean, result?: unknown) => void = () => undefined): void {
    const instance = this.anyInstance(DOER[job]);
    instance.invoke(job, async (warm) => warm.jobs![job]!(), {
      done: (result) => then(true, result),
      failed: () => then(false),
    });
  }

  /** Sends usage, and tells the sender what was answered, and by which instance; `undefined` where no answer came. */
  send(
    tenant: TenantId,
    events: readonly unknown[],
    told: (outcomes: Told[] | undefined, instance: string) => void,
  ): void {
    const client: Owner = { name: 'client', kind: 'client', crash: () => undefined };
    const instance = this.anyInstance('ingest');
    instance.invoke('send', (warm) => warm.send!(tenant, events), {
      done: (outcomes) => {
        const isLost = this.kernel.call<boolean>(
          client,
          { op: 'client.answer', about: tenant, faults: ['lost'], effect: () => false, otherwise: () => true },
          false,
        );
        void isLost.then((lost) => {
          if (lost) this.counts.note('an answer got lost on its way to the client');
          told(lost ? undefined : outcomes, instance.name);
        });
      },
      failed: () => told(undefined, instance.name),
    });
  }

  #deliverLater(queued: Queued, least = 0): void {
    const delay = least + this.chance.below(1 + this.given.delayMicros);
    this.kernel.after(delay, `bus ${queued.subscription}`, `delivers ${queued.id} to ${queued.subscription}`, () =>
      this.#deliver(queued),
    );
  }

  #deliver(queued: Queued): void {
    if (queued.isUnderWay || !this.broker.queue.includes(queued)) return;
    const delivery = this.broker.begin(queued);
    const again = (): void => {
      if (this.broker.fail(queued)) this.counts.note('a doorbell became a dead letter');
      else this.#deliverLater(queued, SECOND);
    };
    this.anyInstance(HEARER[queued.subscription]!).invoke(queued.subscription, (warm) => warm.hear!(delivery), {
      done: () => {
        const owner: Owner = { name: `bus ${queued.subscription}`, kind: 'bus', crash: () => undefined };
        const isLost = this.kernel.call<boolean>(
          owner,
          {
            op: 'bus.acknowledge',
            about: String(queued.id),
            faults: ['lost'],
            effect: () => false,
            otherwise: () => true,
          },
          false,
        );
        void isLost.then((lost) => {
          if (!lost) return this.broker.acknowledge(queued);
          this.counts.note('a doorbell rang again after it was answered');
          again();
        });
      },
      failed: again,
    });
  }
}

const WRAPPING_KEYS = new Map([['key-1', new SeededEntropy('wrapping key').bytes(32)]]);

interface Ends<T> {
  readonly done: (result: T) => void;
  /** it failed, or its instance died: nobody knows what was done */
  readonly failed: () => void;
}

/** One process of a function: cold until it is called, warm until it dies. */
export class Instance {
  readonly name: string;
  readonly kind: FunctionName;
  skewMicros: number;
  readonly #world: World;
  #life: Life | undefined;

  constructor(world: World, kind: FunctionName, index: number) {
    this.#world = world;
    this.kind = kind;
    this.name = `${kind}-${index}`;
    const { skewMicros } = world.given;
    this.skewMicros = skewMicros === 0 ? 0 : world.chance.between(-skewMicros, skewMicros);
  }

  /** Stops it, if it is doing nothing: the next call finds it cold. */
  recycle(): void {
    if (this.#life?.isIdle !== true) return;
    this.#world.counts.note('an idle instance was stopped');
    this.#life = undefined;
  }

  invoke<T>(what: string, work: (warm: Warm) => Promise<T>, ends: Ends<T>): void {
    const world = this.#world;
    const life = this.#live();
    const leave = life.enter(ends.failed);
    world.underWay++;
    void life
      .warm()
      .then(work)
      .then(
        (result) => {
          if (!leave()) return;
          world.underWay--;
          ends.done(result);
        },
        (error: unknown) => {
          if (!leave()) return;
          world.underWay--;
          world.onUnexpected(`${this.kind} ${what}`, error);
          ends.failed();
        },
      );
  }

  #live(): Life {
    this.#life ??= new Life(this.#world, this, () => {
      this.#world.counts.note(`a crash of ${this.kind}`);
      this.#life = undefined;
    });
    return this.#life;
  }

  start(gate: Gate): Promise<Warm> {
    const { given, kernel, entropy, counts } = this.#world;
    const base: Base = {
      config: given.config,
      clock: clockOf(kernel, this),
      entropy,
      log: logOf(counts, this.#world, this),
    };
    return STARTS[this.kind](base, this.#world.ports(gate));
  }
}

/** An instance from its start to its death. */
class Life implements Owner, Gate {
  readonly name: string;
  readonly kind: string;
  readonly #world: World;
  readonly #instance: Instance;
  readonly #onDeath: () => void;
  readonly #inside = new Set<() => void>();
  #warm: Promise<Warm> | undefined;
  #isDead = false;

  constructor(world: World, instance: Instance, onDeath: () => void) {
    this.#world = world;
    this.#instance = instance;
    this.#onDeath = onDeath;
    this.name = instance.name;
    this.kind = instance.kind;
  }

  get isIdle(): boolean {
    return this.#inside.size === 0;
  }

  /** @param died told if it dies meanwhile @returns to be called at the end: whether it still counts */
  enter(died: () => void): () => boolean {
    this.#inside.add(died);
    return () => !this.#isDead && this.#inside.delete(died);
  }

  /** What could not start is started anew by the next call. */
  warm(): Promise<Warm> {
    this.#warm ??= this.#instance.start(this).catch((error: unknown) => {
      this.#warm = undefined;
      throw error;
    });
    return this.#warm;
  }

  pass<T>(call: PortCall<T>): Promise<T> {
    // Who died calls nobody.
    if (this.#isDead) return new Promise(() => undefined);
    return this.#world.kernel.call(this, call);
  }

  crash(): void {
    this.#isDead = true;
    this.#world.kernel.drop(this);
    this.#onDeath();
    for (const died of this.#inside) {
      this.#world.underWay--;
      died();
    }
  }
}

const clockOf = (kernel: Kernel, instance: Instance): Clock => ({
  now: (): Instant => instantAt(kernel.nowMicros + instance.skewMicros),
  after: (milliseconds, wake) => kernel.after(milliseconds * 1000, instance.name, 'wakes', wake),
});

function logOf(counts: Counts, world: World, { kind }: Instance): Log {
  return {
    info: (event) => counts.note(`${kind}: ${event}`),
    warn: (event) => counts.note(`${kind}: ${event}`),
    error: (event, error) => {
      counts.note(`${kind}: ${event}`);
      world.onUnexpected(`${kind} ${event}`, error);
    },
  };
}
