import { canonicalBytes } from '../../shared/domain/canonical.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import { packPeaks, RowDamaged, unpackRange } from '../../shared/stores/ledger-rows.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import { SEAL_TREE, type SealStore } from '../../shared/stores/seal-store.ts';
import { checkLog, type LogCheckRoom, sealedName } from './log-check.ts';
import { compareReadModels, type ReadModelsRoom } from './read-models.ts';
import { keepRegistry, type RegistryRoom } from './registry.ts';
import { goOn } from './rest.ts';
import { checkSeals } from './seal-check.ts';

export interface ReconcileChainRoom extends LogCheckRoom, ReadModelsRoom, RegistryRoom {
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly notary: Notary;
  readonly log: Log;
}

/** One thing that is not as it must be. A seal's fault concerns all tenants and names the seal instead of an entry. */
export interface ReconciliationFault {
  readonly tenant: string;
  readonly kind: string;
  readonly seq: number;
  readonly detail: string;
}

export interface Reconciliation {
  readonly at: string;
  readonly full: boolean;
  readonly tenants: number;
  readonly entries: number;
  readonly seals: number;
  readonly healed: readonly string[];
  readonly faults: readonly ReconciliationFault[];
  /** name of the signed report in the vault */
  readonly report: string;
}

/** Tenant named in the fault of a seal. */
export const ALL_TENANTS = '*';

/**
 * The deep pass: re-derives every log from its entries and compares whatever was derived from them, then keeps a signed
 * report. Incremental from the last good state, or full from genesis.
 *
 * A fault freezes billing of its tenant only and is named with tenant, entry and kind. It is never repaired here: money
 * is put right by a person, with entries.
 * @throws TryAgain where the process is ending: what was verified by then stays verified
 */
export async function reconcileChain(full: boolean, room: ReconcileChainRoom): Promise<Reconciliation> {
  const { reconciliation, clock, log } = room;
  const faults: ReconciliationFault[] = [];
  const healed: string[] = [];
  let entries = 0;

  const sealState = full ? undefined : await reconciliation.verified(SEAL_TREE);
  const checked = await checkSeals(
    sealState === undefined ? new CompactRange() : unpackRange(sealState.size, sealState.state),
    room,
  );
  healed.push(...checked.healed);
  for (const { seal, detail } of checked.faults) {
    faults.push({ tenant: ALL_TENANTS, kind: 'wrong_seal', seq: seal, detail });
  }

  const heads = await reconciliation.heads();
  const orphans = new Map(checked.heads);
  for (const head of heads) {
    goOn(room);
    const tenant = head.tenant as TenantId;
    const name = sealedName(room.ledgerOrigin, head);
    const sealed = checked.heads.get(name) ?? [];
    orphans.delete(name);
    try {
      const before = await reconciliation.verified(tenant);
      const outcome = await checkLog(tenant, full, sealed, checked.range.size, room);
      entries += outcome.verified;
      // After the check: what tenants see is made from rows that hold.
      const projections = await compareReadModels(tenant, before?.size ?? 0, full, room);
      healed.push(...[...outcome.healed, ...projections].map((what) => `${tenant} ${what}`));
    } catch (error) {
      const found = error instanceof RowDamaged ? new LedgerFault('wrong_sum', head.size - 1, error.message) : error;
      if (!(found instanceof LedgerFault)) throw found;
      const fault = { tenant, kind: found.kind, seq: found.seq, detail: found.message };
      faults.push(fault);
      await reconciliation.freeze(tenant, fault, clock.now());
      log.error('ledger_fault', found, { tenant, kind: found.kind, seq: found.seq });
    }
  }
  for (const [last] of [...orphans.values()].map((sealed) => sealed.slice(-1))) {
    const detail = `seal ${last!.seal} signed a log of ${last!.size} entries that no head row answers to`;
    faults.push({ tenant: ALL_TENANTS, kind: 'wrong_head', seq: last!.size - 1, detail });
  }

  goOn(room);
  // What was found wrong with seals is looked at again in every pass until somebody has put it right.
  if (!faults.some(({ tenant }) => tenant === ALL_TENANTS)) {
    await reconciliation.keepVerified({
      tenant: SEAL_TREE,
      size: checked.range.size,
      root: '',
      last: '',
      seal: checked.range.size,
      at: clock.now(),
      state: packPeaks(checked.range),
    });
  }
  healed.push(...(await keepRegistry(full, room)));
  return report({ full, tenants: heads.length, entries, seals: checked.checked, healed, faults }, room);
}

async function report(
  found: Omit<Reconciliation, 'at' | 'report'>,
  { clock, vault, notary, seals, ledgerOrigin, log }: ReconcileChainRoom,
): Promise<Reconciliation> {
  const at = clock.now();
  const { size } = await seals.latest();
  const document = canonicalBytes({
    at,
    entries: String(found.entries),
    faults: found.faults.map(({ tenant, kind, seq, detail }) => ({ detail, kind, seq: String(seq), tenant })),
    full: found.full,
    healed: found.healed,
    ledger: ledgerOrigin,
    seals: String(found.seals),
    tenants: String(found.tenants),
    typ: 'reconciliation',
    v: '1',
  });
  const name = `reconciliations/${at.replaceAll(':', '')}.jws`;
  const jws = await notary.signEvidence('reconciliation+jws', Math.max(0, size - 1), document);
  await vault.create(name, Buffer.from(jws, 'latin1'));
  log.info('reconciled', { entries: found.entries, faults: found.faults.length, healed: found.healed.length });
  return { ...found, at, report: name };
}
