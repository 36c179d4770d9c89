import {
  type AuditDigestDocument,
  type AuditStretch,
  auditDigestBytes,
  auditDigestOver,
  readAuditDigest,
} from '../../shared/domain/audit.ts';
import { verifyJws } from '../../shared/domain/evidence/jws.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import { AUDIT_KEPT_DAYS, type AuditStore } from '../../shared/stores/audit-store.ts';
import type { KeyStore } from '../../shared/stores/key-store.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';
import { goOn, type RestRoom } from './rest.ts';

export interface AuditDigestRoom extends RestRoom {
  readonly audit: AuditStore;
  readonly seals: SealStore;
  readonly keys: KeyStore;
  readonly notary: Notary;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledgerOrigin: LedgerOrigin;
}

export interface AuditDigest {
  readonly day: string;
  readonly outcome: 'created' | 'present';
  /** logs and entries that the day's digests cover */
  readonly logs: number;
  readonly entries: number;
  /** days whose digests were recomputed from rows */
  readonly days_verified: number;
  /** rows that went because their seven years are over */
  readonly purged: number;
  readonly faults: readonly AuditFault[];
}

/** What somebody did to the audit log, or to its digests, behind the suite's back. */
export interface AuditFault {
  readonly day: string;
  readonly log: string;
  readonly kind: 'rows_changed' | 'digest_damaged' | 'digests_apart';
}

const PREFIX = 'audit/';
const nameOf = (day: string): string => `${PREFIX}${day}.jws`;
const dayOf = (name: string): string => name.slice(PREFIX.length, -'.jws'.length);
const ROWS_PER_READ = 1000;
const PURGE_ROWS = 50_000;

/**
 * Puts by what the audit logs came to at the end of yesterday, signed: of every log that has grown, the digest before and
 * after what was added since its last one. Then it recomputes digests from the rows and compares.
 *
 * Fired twice, it finds the document and only compares. A day on which it did not run is covered by the next one's
 * digests, and so is an entry that was on its way while it ran: digests follow each other without a gap.
 * @param full whether all days that the vault has are recomputed, or yesterday and the day before
 */
export async function auditDigest(full: boolean, room: AuditDigestRoom): Promise<AuditDigest> {
  const { vault, audit, clock, log, ledgerOrigin } = room;
  const day = plusMicros(clock.now(), -MICROS_PER_DAY).slice(0, 10);
  const document = auditDigestBytes({ day, ledger: ledgerOrigin, logs: await audit.uncovered() });
  const outcome = (await vault.read(nameOf(day))) === undefined ? await keep(day, document, room) : 'present';

  const names = (await vault.list(PREFIX)).filter((name) => name <= nameOf(day));
  const faults: AuditFault[] = [];
  const verified = await verify(full ? names : names.slice(-2), full, room, faults);
  const today = verified.find((one) => one.day === day);
  for (const stretch of today?.logs ?? []) await audit.cover(stretch);
  for (const fault of faults)
    log.error('audit_log_changed', new Error('the audit log is not what it was'), { ...fault });
  return {
    day,
    outcome,
    logs: today?.logs.length ?? 0,
    entries: (today?.logs ?? []).reduce((sum, { first, size }) => sum + size - first, 0),
    days_verified: verified.length,
    purged: await audit.purgeExpired(clock.now(), PURGE_ROWS),
    faults,
  };
}

async function keep(
  day: string,
  document: Buffer,
  { vault, notary, seals }: AuditDigestRoom,
): Promise<'created' | 'present'> {
  const { size } = await seals.latest();
  const jws = await notary.signEvidence('audit+jws', Math.max(0, size - 1), document);
  // Of two that run at once, the first one's document counts; what came in between is in tomorrow's.
  return (await vault.create(nameOf(day), Buffer.from(jws, 'latin1'))) === 'created' ? 'created' : 'present';
}

/** Recomputes the digests of days in their order. @returns their documents, as far as they are sound */
async function verify(
  names: readonly string[],
  fromTheFirst: boolean,
  room: AuditDigestRoom,
  faults: AuditFault[],
): Promise<AuditDigestDocument[]> {
  const documents: AuditDigestDocument[] = [];
  // As long as the vault has every day, no log begins anywhere but at its first entry.
  const isWhole = fromTheFirst && dayOf(names[0] ?? '') > lastGone(room);
  const ends = new Map<string, AuditStretch>();
  for (const name of names) {
    goOn(room);
    const day = dayOf(name);
    const document = await read(name, room);
    if (document?.day !== day) {
      faults.push({ day, log: '', kind: 'digest_damaged' });
      continue;
    }
    documents.push(document);
    for (const stretch of document.logs) {
      const { tenant: log, first, before } = stretch;
      const last = ends.get(log);
      const expected = last?.size ?? (isWhole ? 0 : first);
      if (first !== expected || (last !== undefined && before !== last.digest))
        faults.push({ day, log, kind: 'digests_apart' });
      ends.set(log, stretch);
      if (!(await holds(stretch, day, room))) faults.push({ day, log, kind: 'rows_changed' });
    }
  }
  return documents;
}

async function read(name: string, { vault, keys }: AuditDigestRoom): Promise<AuditDigestDocument | undefined> {
  const jws = await vault.read(name);
  const text = Buffer.from(jws ?? []).toString('latin1');
  const signed = await verifyJws(text, 'audit+jws', await keys.keyset());
  return signed === undefined ? undefined : readAuditDigest(signed.payload);
}

/** Whether the rows are what their digest was made of. */
async function holds(stretch: AuditStretch, day: string, room: AuditDigestRoom): Promise<boolean> {
  const { tenant, first, size, before, digest } = stretch;
  let last: string | undefined = before;
  for (let from = first; from < size && last !== undefined; from += ROWS_PER_READ) {
    const to = Math.min(size, from + ROWS_PER_READ);
    last = auditDigestOver(last, from, to, await room.audit.rows(tenant, from, to));
  }
  // Rows whose seven years are over are gone, and may be.
  return last === digest || day <= lastGone(room);
}

/** The last day of which rows may be gone. */
const lastGone = ({ clock }: AuditDigestRoom): string =>
  plusMicros(clock.now(), -AUDIT_KEPT_DAYS * MICROS_PER_DAY).slice(0, 10);
