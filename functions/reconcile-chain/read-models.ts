import { TryAgain } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { TenantHead } from '../../shared/domain/ledger/seal.ts';
import { MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Projections } from '../../shared/ports/projections.ts';
import {
  changedModels,
  idOf,
  type ModelRows,
  type Projected,
  type Projector,
  type ReadModel,
  saysTheSame,
} from '../../shared/stores/projector.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';
import { readAtOnce } from './at-once.ts';
import type { RestRoom } from './rest.ts';

export interface ReadModelsRoom extends RestRoom {
  readonly projections: Projections;
  readonly projector: Projector;
  readonly reconciliation: ReconciliationStore;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HealRoom extends ReadModelsRoom {
  /** What is known of each tenant's read models; kept by a warm instance, rebuilt by a cold one. */
  readonly projected: Map<string, Projected>;
}

/** Evidence is written minutes after its invoice; looking back a week covers any backlog that nobody was woken for. */
const EVIDENCE_SETTLES_DAYS = 7n;

/** Tenants whose rows one read asks for. */
const TENANTS_PER_READ = 1000;

/** A tenant whose log has moved, or whose invoices await their evidence. */
interface Moved {
  readonly head: TenantHead;
  readonly known: Projected;
  readonly pending: ReadonlySet<string>;
}

/**
 * Makes again the read models that somebody failed to put. A tenant whose log stands still costs nothing; of all that moved the
 * books are asked at once, and a read is made for each model that entries have changed. One tenant's trouble is logged and tried
 * again in the next pass. It ends early where the process does.
 * @param due invoices without evidence in the vault
 * @returns how many were behind
 */
export async function healReadModels(
  heads: readonly TenantHead[],
  due: readonly { readonly tenant: string; readonly number: string }[],
  room: HealRoom,
): Promise<number> {
  const pending = new Map<string, Set<string>>();
  for (const { tenant, number } of due) pending.set(tenant, (pending.get(tenant) ?? new Set()).add(number));
  let healed = 0;
  const failed = (tenant: string, error: unknown): void => room.log.error('projection_failed', error, { tenant });
  try {
    const moved = await movedOf(heads, pending, failed, room);
    for (let at = 0; at < moved.length; at += TENANTS_PER_READ) {
      const some = moved.slice(at, at + TENANTS_PER_READ);
      const isWarm = ({ head, known }: Moved): boolean => known.size < head.size && known.lastInvoice !== undefined;
      const warm = some.filter(isWarm);
      const rows = await readAtOnce(
        warm,
        (asked) =>
          room.projector.rowsOfAll(new Map(asked.map(({ head, known }) => [idOfTenant(head), known.lastInvoice!]))),
        ({ head }, error) => failed(head.tenant, error),
      );
      for (const one of some) {
        if (room.stopping?.aborted === true) return healed;
        if (isWarm(one) && !rows.has(one.head.tenant)) continue;
        try {
          healed += await healTenant(one, rows.get(one.head.tenant), room);
        } catch (error) {
          failed(one.head.tenant, error);
          // Each tenant more would wait as long for the same answer.
          if (error instanceof TryAgain) return healed;
        }
      }
    }
  } catch (error) {
    if (!(error instanceof TryAgain)) throw error;
    room.log.error('projection_failed', error);
  }
  return healed;
}

const idOfTenant = ({ tenant }: TenantHead): TenantId => tenant as TenantId;

async function movedOf(
  heads: readonly TenantHead[],
  pending: ReadonlyMap<string, ReadonlySet<string>>,
  failed: (tenant: string, error: unknown) => void,
  { projected, reconciliation }: HealRoom,
): Promise<Moved[]> {
  const cold = heads.filter(({ tenant }) => !projected.has(tenant)).map(({ tenant }) => tenant);
  const verified = await readAtOnce(cold, (some) => reconciliation.verifiedSizes(some), failed);
  return heads.flatMap((head) => {
    // A deep pass has compared everything up to where it verified the log.
    const size = verified.get(head.tenant);
    const known =
      projected.get(head.tenant) ??
      (size === undefined ? undefined : { size, awaiting: new Set<string>(), lastInvoice: undefined });
    if (known === undefined) return [];
    const due = pending.get(head.tenant) ?? new Set();
    if (known.size < head.size || known.awaiting.size > 0 || due.size > 0) return [{ head, known, pending: due }];
    projected.set(head.tenant, known);
    return [];
  });
}

/** @param rows where they were read with those of others */
async function healTenant(
  { head, known, pending }: Moved,
  read: ModelRows | undefined,
  room: HealRoom,
): Promise<number> {
  const { projections, projector, projected, clock } = room;
  const tenant = idOfTenant(head);
  const awaiting = new Set([...known.awaiting, ...pending]);
  const behind: ReadModel[] = [];
  let { lastInvoice } = known;
  if (known.size < head.size) {
    const stretch = { from: known.size, now: clock.now() };
    const rows = read ?? (await projector.rows(tenant, stretch));
    lastInvoice = rows.invoices[0]?.number ?? lastInvoice ?? '';
    for (const model of changedModels(rows, stretch)) {
      if (model.kind === 'invoices') awaiting.add(model.number);
      const held = await projections.read(tenant, model.kind, idOf(model));
      if (held === undefined || held.version <= model.seq) behind.push(model);
    }
  }
  for (const number of [...awaiting].filter((one) => !pending.has(one))) {
    const model: ReadModel = { kind: 'invoices', number };
    const made = await projector.make(tenant, model);
    // Not in the list of those due and not archived either: the list was cut short.
    if (made?.document['evidence_state'] === 'pending') continue;
    awaiting.delete(number);
    const held = await projections.read(tenant, 'invoices', number);
    const isListed = behind.some((one) => one.kind === 'invoices' && one.number === number);
    if (made !== undefined && !isListed && (held === undefined || !saysTheSame(held, made))) behind.push(model);
  }
  for (const model of behind) await heal(tenant, model, room);
  projected.set(tenant, { size: head.size, awaiting, lastInvoice });
  return behind.length;
}

/**
 * Compares read models with the database: those that entries from `from` on have changed and invoices of the last days, or all.
 * They are no book of record, so one that says something else is made again and no fault. It ends early where the process does.
 * @returns what had been lost or said something else
 */
export async function compareReadModels(
  tenant: TenantId,
  from: number,
  full: boolean,
  room: ReadModelsRoom,
): Promise<string[]> {
  const { projections, projector, clock, log, stopping } = room;
  const now = clock.now();
  const issuedSince = plusMicros(now, -EVIDENCE_SETTLES_DAYS * MICROS_PER_DAY);
  const healed: string[] = [];
  try {
    for (const model of await projector.changed(tenant, { from: full ? 0 : from, issuedSince, now })) {
      if (stopping?.aborted === true) break;
      const held = await projections.read(tenant, model.kind, idOf(model));
      // Made after the look at what is held: if that is newer all the same, it is of a log that is not this one.
      const made = await projector.make(tenant, model);
      if (made === undefined || (held !== undefined && held.version <= made.version && saysTheSame(held, made)))
        continue;
      if (held !== undefined && held.version > made.version) {
        log.error('projection_ahead', new Error('a read model was made from a longer log than there is'), {
          ...{ tenant, kind: model.kind, id: idOf(model), version: held.version, size: made.version },
        });
        continue;
      }
      await heal(tenant, model, room);
      // One that does not claim to show that entry may just be on its way.
      const isBehind = held !== undefined && held.version <= model.seq;
      if (!isBehind) healed.push(`projection ${model.kind}/${idOf(model)}`);
    }
  } catch (error) {
    // Reconciling goes on: what tenants see can be made again, what it checks cannot.
    log.error('projection_failed', error, { tenant });
  }
  return healed;
}

async function heal(tenant: TenantId, model: ReadModel, { projector, log }: ReadModelsRoom): Promise<void> {
  await projector.put(tenant, model);
  log.warn('projection_healed', { tenant, kind: model.kind, id: idOf(model) });
}
