import { TryAgain } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { TenantHead } from '../../shared/domain/ledger/seal.ts';
import { MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Projections } from '../../shared/ports/projections.ts';
import { idOf, type Projected, type Projector, type ReadModel, saysTheSame } from '../../shared/stores/projector.ts';
import type { ReconciliationStore } from '../../shared/stores/reconciliation-store.ts';

export interface ReadModelsRoom {
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

/**
 * Makes again the read models that somebody failed to put. A tenant whose log stands still costs nothing, one that moved a
 * read for each model that entries have changed. One tenant's trouble is logged and tried again in the next pass.
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
  for (const head of heads) {
    try {
      healed += await healTenant(head, pending.get(head.tenant) ?? new Set(), room);
    } catch (error) {
      room.log.error('projection_failed', error, { tenant: head.tenant });
      // Each tenant more would wait as long for the same answer.
      if (error instanceof TryAgain) return healed;
    }
  }
  return healed;
}

async function healTenant(head: TenantHead, pending: ReadonlySet<string>, room: HealRoom): Promise<number> {
  const { projections, projector, projected, reconciliation, clock } = room;
  const tenant = head.tenant as TenantId;
  // A deep pass has compared everything up to where it verified the log.
  const known = projected.get(tenant) ?? {
    size: (await reconciliation.verified(tenant))?.size ?? 0,
    awaiting: new Set(),
  };
  const awaiting = new Set([...known.awaiting, ...pending]);
  const behind: ReadModel[] = [];
  if (known.size < head.size) {
    for (const model of await projector.changed(tenant, { from: known.size, now: clock.now() })) {
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
  projected.set(tenant, { size: head.size, awaiting });
  return behind.length;
}

/**
 * Compares read models with the database: those that entries from `from` on have changed and invoices of the last days, or all.
 * They are no book of record, so one that says something else is made again and no fault.
 * @returns what had been lost or said something else
 */
export async function compareReadModels(
  tenant: TenantId,
  from: number,
  full: boolean,
  room: ReadModelsRoom,
): Promise<string[]> {
  const { projections, projector, clock, log } = room;
  const now = clock.now();
  const issuedSince = plusMicros(now, -EVIDENCE_SETTLES_DAYS * MICROS_PER_DAY);
  const healed: string[] = [];
  try {
    for (const model of await projector.changed(tenant, { from: full ? 0 : from, issuedSince, now })) {
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
