import { base64url } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import type { Instant } from '../time.ts';
import type { HeadLine, SealRecord } from './kinds.ts';
import { writeHead } from './record.ts';
import { leafHashOfText, rootOf } from './tree.ts';

/** Where one tenant's log stood when a seal was made. */
export interface TenantHead {
  readonly tenant: string;
  /** base64url of 16 bytes that only the tenant and its auditors learn */
  readonly blind: string;
  readonly size: number;
  readonly root: string;
  readonly last: string;
}

/**
 * A tenant's name in a seal: others who see the heads learn neither the tenant's id nor how to recognise it.
 * SHA-256( "tenant/v1\n" ledger "\n" blind "\n" tenant "\n" )
 */
export const blindedTenant = (ledger: string, blind: string, tenant: string): string =>
  sha256Base64url(`tenant/v1\n${ledger}\n${blind}\n${tenant}\n`);

export const headLine = (ledger: string, head: TenantHead): HeadLine => ({
  last: head.last,
  root: head.root,
  size: String(head.size),
  tenant: blindedTenant(ledger, head.blind, head.tenant),
  typ: 'head',
  v: '1',
});

/** All heads of one seal as the lines of its heads tree: ascending by blinded tenant, so each tenant stands there once. */
export function headLines(ledger: string, heads: readonly TenantHead[]): string[] {
  return heads
    .map((head) => headLine(ledger, head))
    .sort((a, b) => (a.tenant < b.tenant ? -1 : 1))
    .map((line) => writeHead(line));
}

export const headsRoot = (lines: readonly string[]): string => base64url(rootOf(lines.map(leafHashOfText)));

/** Which seal is an anchor: the first of each UTC hour. A log must be shown to have passed through every anchor. */
export const isAnchor = (at: Instant, previousAnchorAt: Instant | undefined): boolean =>
  previousAnchorAt === undefined || at.slice(0, 13) !== previousAnchorAt.slice(0, 13);

export interface SealFrame {
  readonly ledger: string;
  readonly n: number;
  readonly at: Instant;
  /** base64url SHA-256 of the JWKS document in force */
  readonly keyset: string;
  /** number of the latest anchor before this seal */
  readonly previousAnchor: number | undefined;
}

export function sealRecord(frame: SealFrame, heads: readonly TenantHead[], lines: readonly string[]): SealRecord {
  return {
    at: frame.at,
    heads_count: String(lines.length),
    heads_root: headsRoot(lines),
    keyset: frame.keyset,
    ledger: frame.ledger,
    n: String(frame.n),
    previous_anchor: frame.previousAnchor === undefined ? '' : String(frame.previousAnchor),
    receipts_total: String(heads.reduce((all, head) => all + head.size, 0)),
    typ: 'seal',
    v: '1',
  };
}

/**
 * What a checkpoint signs: origin, size and root of the seal log, one per line, as in the C2SP tlog-checkpoint note
 * without its signature lines.
 * @param root base64url; the note has it in standard base64
 */
export const checkpointText = (ledger: string, size: number, root: Uint8Array): string =>
  `${ledger}\n${size}\n${Buffer.from(root.buffer, root.byteOffset, root.length).toString('base64')}\n`;
