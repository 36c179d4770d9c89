import type { Pinned } from '../../shared/domain/evidence/pinned.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Database } from '../../shared/ports/database.ts';
import type { Entropy } from '../../shared/ports/entropy.ts';
import type { Mirror } from '../../shared/ports/mirror.ts';
import type { Signer } from '../../shared/ports/signer.ts';
import type { Vault } from '../../shared/ports/vault.ts';

/** What a rebuild works with: an empty database, and what is left. */
export interface RebuildRoom {
  readonly database: Database;
  readonly mirror: Mirror;
  readonly vault: Vault;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly ledgerOrigin: LedgerOrigin;
  readonly hotWindowDays: number;
}

export interface RebuildOptions {
  /** keys that the operator knows from elsewhere than mirror and vault */
  readonly pinned: Pinned;
  /** account documents that are newer than the last registry, or missing from it */
  readonly accounts: readonly unknown[];
  /** go on where the salts of value commitments are lost */
  readonly newSalts: boolean;
  readonly say: (line: string) => void;
}

/** Mirror or vault do not hold what the seals have signed, or not all of it. Nothing may be billed on that. */
export class RebuildRefused extends Error {
  /** object of the vault, page of the mirror, or entry of a log */
  readonly place: string;

  constructor(place: string, detail: string, options?: ErrorOptions) {
    super(`${place}: ${detail}`, options);
    this.name = 'RebuildRefused';
    this.place = place;
  }
}
