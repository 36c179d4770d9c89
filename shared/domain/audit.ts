import { canonicalBytes, canonicalJson } from './canonical.ts';
import { sha256Base64url } from './digest.ts';

/** One deed as the audit log has it. `facts` is a JSON object of texts. */
export interface AuditEntry {
  readonly tenant: string;
  readonly seq: number;
  readonly at: string;
  readonly action: string;
  readonly operation: string;
  readonly actor_kind: string;
  readonly actor: string;
  readonly role: string;
  readonly outcome: string;
  readonly request_id: string;
  readonly facts: string;
}

/** A stretch [first, size) of one audit log, between the digest before it and the digest after it. */
export interface AuditStretch {
  readonly tenant: string;
  readonly first: number;
  readonly size: number;
  readonly before: string;
  readonly digest: string;
}

/** The digests of a day, as the vault keeps them, signed. */
export interface AuditDigestDocument {
  readonly day: string;
  readonly ledger: string;
  readonly logs: readonly AuditStretch[];
}

/** The digest before the first entry. */
export const AUDIT_GENESIS = sha256Base64url('tallystick audit log v1');

/**
 * Binds an entry to everything before it.
 *
 * digest = SHA-256( `audit-entry\n` ‖ digest before ‖ `\n` ‖ canonical JSON of the entry )
 */
export function auditDigestAfter(before: string, entry: AuditEntry): string {
  const { tenant, seq, at, action, operation, actor_kind, actor, role, outcome, request_id, facts } = entry;
  const bound = {
    tenant,
    seq: String(seq),
    at,
    action,
    operation,
    actor_kind,
    actor,
    role,
    outcome,
    request_id,
    facts,
  };
  return sha256Base64url(`audit-entry\n${before}\n${canonicalJson(bound)}`);
}

/**
 * Goes along consecutive rows.
 * @param first number of the first row
 * @param size number after the last row
 * @returns the digest after the last row; undefined where a row is missing, or not what its digest says
 */
export function auditDigestOver(
  before: string,
  first: number,
  size: number,
  rows: readonly (AuditEntry & { readonly digest: string })[],
): string | undefined {
  if (rows.length !== size - first) return undefined;
  let last = before;
  for (const [i, row] of rows.entries()) {
    last = auditDigestAfter(last, row);
    if (row.seq !== first + i || row.digest !== last) return undefined;
  }
  return last;
}

export const auditDigestBytes = ({ day, ledger, logs }: AuditDigestDocument): Buffer =>
  canonicalBytes({
    v: '1',
    typ: 'audit_digest',
    day,
    ledger,
    logs: logs.map(({ tenant, first, size, before, digest }) => ({
      ...{ tenant, first: String(first), size: String(size), before, digest },
    })),
  });

/** Reads digests back from what was signed. @returns undefined where they are none */
export function readAuditDigest(bytes: Uint8Array): AuditDigestDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // Its signature was checked before, so its members are taken as given.
  const { typ, v, day, ledger, logs } = value as {
    readonly [member: string]: string;
  } & { readonly logs: readonly Readonly<Record<string, string>>[] };
  if (typ !== 'audit_digest' || v !== '1' || day === undefined || ledger === undefined) return undefined;
  return {
    day,
    ledger,
    logs: logs.map((log) => ({
      tenant: log['tenant']!,
      first: Number(log['first']),
      size: Number(log['size']),
      before: log['before']!,
      digest: log['digest']!,
    })),
  };
}
