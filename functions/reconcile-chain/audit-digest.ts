import { canonicalBytes } from '../../shared/domain/canonical.ts';
import type { LedgerOrigin } from '../../shared/domain/ids.ts';
import { type Instant, MICROS_PER_DAY, plusMicros } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Log } from '../../shared/ports/log.ts';
import type { Vault } from '../../shared/ports/vault.ts';
import type { AccountStore } from '../../shared/stores/account-store.ts';
import type { AuditStore } from '../../shared/stores/audit-store.ts';
import type { Notary } from '../../shared/stores/notary.ts';
import type { SealStore } from '../../shared/stores/seal-store.ts';

export interface AuditDigestRoom {
  readonly audit: AuditStore;
  readonly accounts: AccountStore;
  readonly seals: SealStore;
  readonly notary: Notary;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledgerOrigin: LedgerOrigin;
}

export interface AuditDigest {
  readonly day: string;
  readonly organizations: number;
  readonly entries: number;
  /** `different`: the vault holds another digest of that day, so somebody was at the log */
  readonly outcome: 'created' | 'present' | 'different';
}

const TENANTS_PER_READ = 1000;

/**
 * Puts the digest of yesterday's audit log into the vault, signed. Done again, it compares: a log that was changed since
 * gives another digest than the one that is kept.
 */
export async function auditDigest(room: AuditDigestRoom): Promise<AuditDigest> {
  const yesterday = plusMicros(room.clock.now(), -MICROS_PER_DAY) as Instant;
  const day = yesterday.slice(0, 10);
  const digests = await room.audit.digests(day, await everybody(room.accounts));
  const document = canonicalBytes({
    v: '1',
    typ: 'audit_digest',
    day,
    ledger: room.ledgerOrigin,
    organizations: digests.map(({ tenant, count, sha256 }) => ({ count: String(count), sha256, tenant })),
  });
  const name = `audit/${day}.jws`;
  const held = await room.vault.read(name);
  const outcome = held === undefined ? await keep(name, document, room) : compare(held, document);
  if (outcome === 'different') {
    room.log.error('audit_log_changed', new Error('the audit log is not what it was when its digest was kept'), {
      day,
    });
  }
  const entries = digests.reduce((sum, { count }) => sum + count, 0);
  return { day, organizations: digests.length, entries, outcome };
}

async function keep(
  name: string,
  document: Buffer,
  { vault, notary, seals }: AuditDigestRoom,
): Promise<'created' | 'present' | 'different'> {
  const { size } = await seals.latest();
  const jws = await notary.signEvidence('audit+jws', Math.max(0, size - 1), document);
  return vault.create(name, Buffer.from(jws, 'latin1'));
}

/** The key may have changed since: what counts is what was signed. */
function compare(held: Uint8Array, document: Buffer): 'present' | 'different' {
  const payload = Buffer.from(held).toString('latin1').split('.')[1] ?? '';
  return Buffer.from(payload, 'base64url').equals(document) ? 'present' : 'different';
}

async function everybody(accounts: AccountStore): Promise<string[]> {
  const all: string[] = [];
  for (let after: string | undefined; ; ) {
    const some = await accounts.list(after, TENANTS_PER_READ);
    if (some.length === 0) return all;
    all.push(...some);
    after = some.at(-1);
  }
}
