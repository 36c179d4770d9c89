import { folderOfPrefix, pathOf, tenantFolder } from '../../../shared/adapters/local/names.ts';
import { requireId, requireProjection } from '../../../shared/adapters/projection-rules.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../../shared/domain/time.ts';
import type { Mirror, MirroredPage } from '../../../shared/ports/mirror.ts';
import type { Projection, ProjectionKind, Projections } from '../../../shared/ports/projections.ts';
import { RetentionRefused, type Vault } from '../../../shared/ports/vault.ts';
import type { Gate } from '../gate.ts';

type Created = 'created' | 'present' | 'different';

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const requireSequence = (seq: number): void => {
  if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`${seq} is no sequence number`);
};

/** Pages of all tenants, by their first sequence number. */
export class MirrorPages {
  readonly pages = new Map<string, Map<number, Uint8Array>>();
  /** Told of every page that has come. */
  onCreate: (tenant: string, firstSeq: number, bytes: Uint8Array) => void = () => undefined;

  of(tenant: string): Map<number, Uint8Array> {
    let own = this.pages.get(tenant);
    if (own === undefined) {
      own = new Map();
      this.pages.set(tenant, own);
    }
    return own;
  }
}

/** A mirror that is away, answers late, or has done what it says it has not. */
export class SimulatedMirror implements Mirror {
  readonly #held: MirrorPages;
  readonly #gate: Gate;

  constructor(held: MirrorPages, gate: Gate) {
    this.#held = held;
    this.#gate = gate;
  }

  async create(tenant: string, firstSeq: number, bytes: Uint8Array): Promise<Created> {
    tenantFolder('', tenant);
    requireSequence(firstSeq);
    const given = new Uint8Array(bytes);
    return this.#gate.pass({
      op: 'mirror.create',
      about: `${tenant} ${firstSeq}`,
      faults: ['before', 'after'],
      effect: (): Created => {
        const pages = this.#held.of(tenant);
        const held = pages.get(firstSeq);
        if (held !== undefined) return same(held, given) ? 'present' : 'different';
        pages.set(firstSeq, given);
        this.#held.onCreate(tenant, firstSeq, given);
        return 'created';
      },
    });
  }

  async read(tenant: string, firstSeq: number): Promise<Uint8Array | undefined> {
    tenantFolder('', tenant);
    requireSequence(firstSeq);
    return this.#gate.pass({
      op: 'mirror.read',
      about: `${tenant} ${firstSeq}`,
      faults: ['before'],
      effect: () => copyOf(this.#held.of(tenant).get(firstSeq)),
    });
  }

  async list(tenant: string, from = 0): Promise<number[]> {
    tenantFolder('', tenant);
    requireSequence(from);
    return this.#gate.pass({
      op: 'mirror.list',
      about: tenant,
      faults: ['before'],
      effect: () => [...this.#held.of(tenant).keys()].filter((seq) => seq >= from).sort((a, b) => a - b),
    });
  }

  async pages(tenant: string, from: number, limit: number): Promise<MirroredPage[]> {
    tenantFolder('', tenant);
    requireSequence(from);
    return this.#gate.pass({
      op: 'mirror.pages',
      about: tenant,
      faults: ['before'],
      effect: () =>
        [...this.#held.of(tenant)]
          .filter(([seq]) => seq >= from)
          .sort(([a], [b]) => a - b)
          .slice(0, limit)
          .map(([firstSeq, bytes]) => ({ firstSeq, bytes: new Uint8Array(bytes) })),
    });
  }

  async retire(tenant: string, before: number): Promise<number> {
    tenantFolder('', tenant);
    requireSequence(before);
    return this.#gate.pass({
      op: 'mirror.retire',
      about: tenant,
      faults: ['before', 'after'],
      effect: () => {
        const pages = this.#held.of(tenant);
        const gone = [...pages.keys()].filter((seq) => seq < before);
        for (const seq of gone) pages.delete(seq);
        return gone.length;
      },
    });
  }
}

const copyOf = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
  bytes === undefined ? undefined : new Uint8Array(bytes);

interface Kept {
  readonly bytes: Uint8Array;
  readonly since: Instant;
}

/** Objects under retention. */
export class VaultObjects {
  readonly objects = new Map<string, Kept>();
  readonly now: () => Instant;
  readonly retentionDays: number;

  constructor(now: () => Instant, retentionDays: number) {
    this.now = now;
    this.retentionDays = retentionDays;
  }

  bytesOf(name: string): Uint8Array | undefined {
    return this.objects.get(name)?.bytes;
  }
}

/** A vault that answers 503, has written what it says it has not, or gives back half of an object, which its checksum tells. */
export class SimulatedVault implements Vault {
  readonly #held: VaultObjects;
  readonly #gate: Gate;

  constructor(held: VaultObjects, gate: Gate) {
    this.#held = held;
    this.#gate = gate;
  }

  async create(name: string, bytes: Uint8Array): Promise<Created> {
    pathOf('', name);
    const given = new Uint8Array(bytes);
    return this.#gate.pass({
      op: 'vault.create',
      about: name,
      faults: ['before', 'after'],
      effect: (): Created => {
        const held = this.#held.objects.get(name);
        if (held !== undefined) return same(held.bytes, given) ? 'present' : 'different';
        this.#held.objects.set(name, { bytes: given, since: this.#held.now() });
        return 'created';
      },
    });
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    pathOf('', name);
    return this.#gate.pass({
      op: 'vault.read',
      about: name,
      // `refused`: cut short, found out by its checksum.
      faults: ['before', 'refused'],
      effect: () => copyOf(this.#held.objects.get(name)?.bytes),
    });
  }

  async list(prefix: string): Promise<string[]> {
    folderOfPrefix('', prefix);
    return this.#gate.pass({
      op: 'vault.list',
      about: prefix,
      faults: ['before'],
      effect: () => [...this.#held.objects.keys()].filter((name) => name.startsWith(prefix)).sort(),
    });
  }

  async link(): Promise<undefined> {
    return undefined;
  }

  async delete(name: string): Promise<void> {
    pathOf('', name);
    return this.#gate.pass({
      op: 'vault.delete',
      about: name,
      faults: ['before', 'after'],
      effect: () => {
        const held = this.#held.objects.get(name);
        if (held === undefined) return;
        const until = plusMicros(held.since, BigInt(this.#held.retentionDays) * MICROS_PER_DAY);
        if (this.#held.now() < until) throw new RetentionRefused(name, until);
        this.#held.objects.delete(name);
      },
    });
  }
}

/** Read models as text, by tenant, kind and id. */
export type ProjectionDocuments = Map<string, string>;

export const projectionName = (tenant: string, kind: ProjectionKind, id: string): string => `${tenant}/${kind}/${id}`;

export class SimulatedProjections implements Projections {
  readonly #held: ProjectionDocuments;
  readonly #gate: Gate;

  constructor(held: ProjectionDocuments, gate: Gate) {
    this.#held = held;
    this.#gate = gate;
  }

  async put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'> {
    requireProjection(projection);
    const name = this.#nameOf(tenant, kind, id);
    const text = JSON.stringify(projection);
    return this.#gate.pass({
      op: 'projections.put',
      about: name,
      faults: ['before', 'after'],
      effect: () => {
        const held = this.#read(name);
        if (held !== undefined && held.version > projection.version) return 'stale';
        this.#held.set(name, text);
        return 'written';
      },
    });
  }

  async read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined> {
    const name = this.#nameOf(tenant, kind, id);
    return this.#gate.pass({ op: 'projections.read', about: name, faults: ['before'], effect: () => this.#read(name) });
  }

  async list(tenant: string, kind: ProjectionKind): Promise<string[]> {
    tenantFolder('', tenant);
    const prefix = projectionName(tenant, kind, '');
    return this.#gate.pass({
      op: 'projections.list',
      about: prefix,
      faults: ['before'],
      effect: () =>
        [...this.#held.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => name.slice(prefix.length))
          .sort(),
    });
  }

  #nameOf(tenant: string, kind: ProjectionKind, id: string): string {
    tenantFolder('', tenant);
    requireId(id);
    return projectionName(tenant, kind, id);
  }

  #read(name: string): Projection | undefined {
    const text = this.#held.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as Projection);
  }
}
