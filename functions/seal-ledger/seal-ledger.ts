import { ledgerSealed } from '../../shared/domain/messages.ts';
import { plusMicros } from '../../shared/domain/time.ts';
import type { Bus } from '../../shared/ports/bus.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import { keepParts, type PartsRoom, sealBytes, sealName } from './sealed-parts.ts';

export interface SealLedgerRoom extends PartsRoom {
  readonly seals: SealStore;
  readonly notary: Notary;
  readonly vault: Vault;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Doorbells within this time of the last seal make no new one: the sweep sees to what is left. */
  readonly sealIntervalSeconds: number;
}

/**
 * Seals the ledger: every tenant's head in one snapshot, one Merkle root, one signature.
 *
 * The seal is written down before it is signed and signed before it is published, and each step works from the row the
 * step before has left. After a crash the same bytes are signed again and published again; a number is never reused
 * for other heads. While the key service is away seals queue, receipts go on.
 *
 * @returns the seals that were finished
 */
export async function sealLedger(room: SealLedgerRoom): Promise<number[]> {
  const { seals, notary, vault, bus, clock, log } = room;
  const now = clock.now();
  await seals.intend(now, plusMicros(now, -BigInt(Math.round(room.sealIntervalSeconds * 1_000_000))));

  const finished: number[] = [];
  for (const intended of await seals.unfinished(100)) {
    const jws = intended.jws ?? (await notary.signCheckpoint(intended.kid, seals.checkpoint(intended)));
    if (intended.jws === null) await seals.keepSignature(intended.n, jws);
    // Before the seal itself: whoever finds a seal in the vault finds there what it rests on.
    await keepParts(intended, await seals.seal(intended.n - 1), room);
    const outcome = await vault.create(sealName(intended.n), sealBytes({ ...intended, jws }));
    if (outcome === 'different') {
      // Somebody put another seal of this number into the vault. Nothing may be built on either until a person has looked.
      throw new Error(`the vault holds another seal ${intended.n}`);
    }
    await seals.markPublished(intended.n, clock.now());
    await bus.publish(ledgerSealed(intended.n));
    log.info('ledger_sealed', { seal: intended.n });
    finished.push(intended.n);
  }
  return finished;
}
