import { base64url, canonicalBytes, type Json } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import { type InvoiceDocument, invoiceBytes } from '../invoice/invoice.ts';
import type { TreeHash } from '../ledger/tree.ts';
import type { PriceVersion } from '../pricing/version.ts';
import { type BundleFile, writeTar } from './tar.ts';

/** An earlier seal that the log must be shown to have passed through. */
export interface AnchorEvidence {
  readonly record: string;
  /** audit path of the record in the final seal log */
  readonly sealPath: readonly TreeHash[];
  readonly head: {
    readonly line: string;
    readonly index: number;
    readonly path: readonly TreeHash[];
  };
  /** where the anchored log is shorter than the bundle's start: that the sealed log extends it (RFC 6962 2.1.2) */
  readonly consistency: readonly TreeHash[];
}

/** Everything a bundle is made of. The same parts always give the same bytes. */
export interface BundleParts {
  readonly ledger: string;
  readonly tenant: string;
  /** base64url, lets the tenant recognise its own line among the heads */
  readonly blind: string;
  readonly start: { readonly size: number; readonly peaks: readonly Uint8Array[]; readonly last: string };
  /** canonical balance brought forward; absent where the bundle starts at genesis */
  readonly opening: Json | undefined;
  /** unique_count: values seen before the start, by aggregate */
  readonly openingValues: ReadonlyMap<string, readonly string[]>;
  /** canonical entries from `start.size` to the sealed head */
  readonly entries: readonly string[];
  readonly invoice: InvoiceDocument;
  readonly prices: readonly PriceVersion[];
  /** discounts and tax decisions that entries cite: canonical bytes by digest */
  readonly terms: ReadonlyMap<string, Uint8Array>;
  readonly seal: {
    readonly record: string;
    readonly path: readonly TreeHash[];
    readonly heads: readonly string[];
    readonly jws: string;
  };
  readonly anchors: readonly AnchorEvidence[];
  /** heads of the latest anchor at which the tenant did not exist yet, with its record and path */
  readonly absence:
    | { readonly record: string; readonly sealPath: readonly TreeHash[]; readonly heads: readonly string[] }
    | undefined;
  /** bytes of the JWKS that the seal names */
  readonly keyset: Uint8Array;
  readonly report: string;
}

const json = (path: string, value: Json): BundleFile => ({ path, bytes: canonicalBytes(value) });
const lines = (path: string, texts: readonly string[]): BundleFile => ({
  path,
  bytes: Buffer.from(texts.map((text) => `${text}\n`).join(''), 'latin1'),
});
const hashes = (path: readonly TreeHash[]): string[] => path.map(base64url);

/** The files of a bundle without its manifest. */
export function bundleFiles(parts: BundleParts): BundleFile[] {
  const files: BundleFile[] = [
    json('start.json', {
      blind: parts.blind,
      last: parts.start.last,
      peaks: parts.start.peaks.map(base64url),
      size: String(parts.start.size),
    }),
    lines('receipts.ndjson', parts.entries),
    { path: 'invoice.json', bytes: invoiceBytes(parts.invoice) },
    ...parts.prices.map(({ digest, bytes }) => ({ path: pricePath(digest), bytes })),
    ...[...parts.terms].map(([digest, bytes]) => ({ path: termsPath(digest), bytes: Buffer.from(bytes) })),
    json('seal.json', { path: hashes(parts.seal.path), record: parts.seal.record }),
    lines('heads.ndjson', parts.seal.heads),
    { path: 'checkpoint.jws', bytes: Buffer.from(parts.seal.jws, 'latin1') },
    json(
      'anchors.json',
      parts.anchors.map(({ record, sealPath, head, consistency }) => ({
        consistency: hashes(consistency),
        head: { index: String(head.index), line: head.line, path: hashes(head.path) },
        path: hashes(sealPath),
        record,
      })),
    ),
    { path: 'jwks.json', bytes: Buffer.from(parts.keyset) },
    { path: 'report.txt', bytes: Buffer.from(parts.report, 'utf8') },
  ];
  if (parts.opening !== undefined) {
    files.push(json('opening.json', parts.opening));
    files.push(
      json(
        'opening-values.json',
        [...parts.openingValues.keys()].sort().map((aggregate) => ({
          aggregate,
          values: parts.openingValues.get(aggregate)!,
        })),
      ),
    );
  }
  if (parts.absence !== undefined) {
    files.push(json('absence.json', { path: hashes(parts.absence.sealPath), record: parts.absence.record }));
    files.push(lines('absence-heads.ndjson', parts.absence.heads));
  }
  return files;
}

/** Price documents are named by their digest in hex: `-` and `_` of base64url would let two names differ by case only. */
export const pricePath = (digest: string): string => `prices/${hexOf(digest)}.json`;
/** The same for discounts and tax decisions. */
export const termsPath = (digest: string): string => `terms/${hexOf(digest)}.json`;

const hexOf = (digest: string): string => Buffer.from(digest, 'base64url').toString('hex');

/** What the evidence key signs: every file of the bundle by size and digest, and what the bundle is about. */
export function manifestBytes(
  about: {
    readonly ledger: string;
    readonly tenant: string;
    readonly number: string;
    readonly subscription: string;
    readonly period: string;
    readonly seal: string;
  },
  files: readonly BundleFile[],
): Buffer {
  return canonicalBytes({
    files: [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, bytes }) => ({ path, sha256: sha256Base64url(bytes), size: String(bytes.length) })),
    ledger: about.ledger,
    number: about.number,
    period: about.period,
    seal: about.seal,
    subscription: about.subscription,
    tenant: about.tenant,
    typ: 'manifest',
    v: '1',
  });
}

/** The bundle: its files, the manifest over them and the signature over the manifest, as one deterministic tar. */
export const packBundle = (files: readonly BundleFile[], manifest: Buffer, jws: string): Buffer =>
  writeTar([
    ...files,
    { path: 'manifest.json', bytes: manifest },
    { path: 'manifest.jws', bytes: Buffer.from(jws, 'latin1') },
  ]);
