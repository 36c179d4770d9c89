import { readBase64url } from '../canonical.ts';
import { readSeal } from '../ledger/record.ts';
import { blindedTenant } from '../ledger/seal.ts';
import { CompactRange, leafHashOfText, nodeHash, type TreeHash } from '../ledger/tree.ts';
import { plainBundle } from './gzip.ts';
import { verifyJws } from './jws.ts';
import type { Pinned } from './pinned.ts';
import { BundleUnreadable, readTar } from './tar.ts';
import { verifyBundle } from './verify.ts';

/**
 * What somebody kept from before says of a bundle that by itself holds.
 *
 * `agrees`: both show the same history where both show it. `contradicts`: the same ledger signed, or showed, two histories.
 * `apart`: they have no moment in common, so that nothing is said.
 */
export interface HeldComparison {
  readonly result: 'agrees' | 'contradicts' | 'apart';
  readonly detail: string;
  /** the first entry that differs, where both show entries */
  readonly seq?: number;
}

/** What is held cannot be read, or does not hold by itself. */
export class HeldUnreadable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'HeldUnreadable';
  }
}

/** Where two logs of the same ledger can be compared: the seal log's root, and the tenant's. */
interface Shown {
  /** root of the seal log by its size */
  readonly seals: ReadonlyMap<number, TreeHash>;
  readonly log: LogShown | undefined;
}

interface LogShown {
  /** the tenant's name in the heads, where it is known */
  readonly name: string | undefined;
  readonly from: number;
  /** entries after `from` */
  readonly entries: readonly string[];
  readonly to: number;
  /** root over the first `size` entries, from <= size <= to */
  readonly rootAt: (size: number) => TreeHash;
}

/**
 * Compares a bundle that was verified with something that was kept.
 * @param bundle uncompressed and verified
 * @param held a bundle; a signed checkpoint, bare or in the vault's or the API's JSON; or an answer of `GET …/ledger/head`
 * @throws HeldUnreadable
 */
export async function compareHeld(bundle: Buffer, held: Buffer, pinned: Pinned): Promise<HeldComparison> {
  const now = shownBy(bundle);
  const then = await readHeld(held, pinned);
  const sizes = [...then.seals.keys()].filter((size) => now.seals.has(size)).sort((a, b) => a - b);
  const forked = sizes.find((size) => !then.seals.get(size)!.equals(now.seals.get(size)!));
  const log = compareLogs(now.log, then.log);
  if (log?.result === 'contradicts') return log;
  if (forked !== undefined) {
    return {
      result: 'contradicts',
      detail: `the seal log of ${forked} seals has another root than the one that is held`,
    };
  }
  const agreed = [
    ...(sizes.length === 0 ? [] : [`the seal log at ${sizes.at(-1)} seals`]),
    ...(log === undefined ? [] : [log.detail]),
  ];
  if (agreed.length > 0) return { result: 'agrees', detail: `the same: ${agreed.join(', ')}` };
  return {
    result: 'apart',
    detail:
      'the two have no moment in common: ask for the proof of consistency (GET /api/v1/billing/ledger/head?since=SIZE)',
  };
}

function compareLogs(now: LogShown | undefined, then: LogShown | undefined): HeldComparison | undefined {
  if (now === undefined || then === undefined) return undefined;
  if (then.name !== undefined && now.name !== undefined && then.name !== now.name) {
    return {
      result: 'contradicts',
      detail: 'the log stands under another name in the seals than the one that is held',
    };
  }
  const from = Math.max(now.from, then.from);
  const to = Math.min(now.to, then.to);
  if (from > to || to === 0) return undefined;
  if (now.rootAt(to).equals(then.rootAt(to))) return { result: 'agrees', detail: `the log at ${to} entries` };
  for (let seq = from; seq < to; seq++) {
    const [mine, theirs] = [now.entries[seq - now.from], then.entries[seq - then.from]];
    if (mine === undefined || theirs === undefined || mine === theirs) continue;
    return { result: 'contradicts', detail: `entry ${seq} is another than the one that is held`, seq };
  }
  return { result: 'contradicts', detail: `the log of ${to} entries has another root than the one that is held` };
}

async function readHeld(bytes: Buffer, pinned: Pinned): Promise<Shown> {
  const text = bytes.length > 0 && bytes.length < 1024 * 1024 ? bytes.toString('latin1').trim() : '';
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return signedSize(text, pinned);
  if (text.startsWith('{')) return readDocument(text, pinned);
  const bundle = plain(bytes);
  const verdict = await verifyBundle(bundle, pinned);
  if (verdict.verdict !== 'verified') {
    const failure = verdict.claims.find(({ result }) => result === 'fail');
    throw new HeldUnreadable(`what is held is itself ${verdict.verdict}: ${failure?.detail ?? ''}`);
  }
  return shownBy(bundle);
}

function plain(bytes: Buffer): Buffer {
  try {
    return plainBundle(bytes);
  } catch (error) {
    if (error instanceof BundleUnreadable) throw new HeldUnreadable(error.message);
    throw error;
  }
}

/** The vault's seal `{jws, record}`, the API's checkpoint `{checkpoint, record, ledger}`, or its ledger head `{ledger, tenant, size, root}`. */
async function readDocument(text: string, pinned: Pinned): Promise<Shown> {
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const jws = document['jws'] ?? document['checkpoint'];
  if (typeof jws === 'string') return signedSize(jws, pinned);
  const { ledger, tenant, size, blind } = document;
  const root = readBase64url(String(document['root']), 32);
  const isHead = ledger === pinned.ledger && typeof size === 'number' && Number.isSafeInteger(size) && size > 0;
  if (!isHead || typeof tenant !== 'string' || root === undefined) {
    throw new HeldUnreadable('what is held is no bundle, no checkpoint and no head of this ledger');
  }
  if (pinned.tenant !== undefined && tenant !== pinned.tenant) throw new HeldUnreadable(`the head is of ${tenant}`);
  const name = typeof blind === 'string' ? blindedTenant(pinned.ledger, blind, tenant) : undefined;
  return { seals: new Map(), log: { name, from: size, to: size, entries: [], rootAt: () => Buffer.from(root) } };
}

async function signedSize(jws: string, pinned: Pinned): Promise<Shown> {
  const signed = await verifyJws(jws, 'checkpoint+jws', pinned.keyset);
  if (signed === undefined) throw new HeldUnreadable('the checkpoint that is held is signed by no pinned key');
  const [ledger, size = '', root = ''] = signed.payload.toString('utf8').split('\n');
  if (ledger !== pinned.ledger) throw new HeldUnreadable('the checkpoint that is held is of another ledger');
  return { seals: new Map([[Number(size), Buffer.from(root, 'base64')]]), log: undefined };
}

/** What a verified bundle shows; every form in it has been judged. */
function shownBy(bundle: Buffer): Shown {
  const files = readTar(bundle);
  const text = (path: string): string => files.get(path)!.toString('latin1');
  const json = <T>(path: string): T => JSON.parse(text(path)) as T;
  const seal = json<Proven>('seal.json');
  const total = Number(readSeal(seal.record).n) + 1;
  const others = [
    ...json<Proven[]>('anchors.json'),
    ...(files.has('absence.json') ? [json<Proven>('absence.json')] : []),
  ];
  const seals = new Map([seal, ...others].map((proven) => rootAtRecord(proven, total)));

  const { ledger, tenant } = json<{ ledger: string; tenant: string }>('manifest.json');
  const start = json<{ blind: string; peaks: string[]; size: string }>('start.json');
  const from = Number(start.size);
  const entries = text('receipts.ndjson').split('\n').slice(0, -1);
  const rootAt = (size: number): TreeHash => {
    const range = new CompactRange(
      from,
      start.peaks.map((peak) => Buffer.from(peak, 'base64url')),
    );
    for (const entry of entries.slice(0, size - from)) range.append(leafHashOfText(entry));
    return range.root();
  };
  const name = blindedTenant(ledger, start.blind, tenant);
  return { seals, log: { name, from, to: from + entries.length, entries, rootAt } };
}

interface Proven {
  readonly record: string;
  readonly path: readonly string[];
}

/**
 * The root that the seal log had when this record was its last leaf: of the audit path in the longer tree, what stands to the
 * left of the leaf are the complete subtrees of the shorter one.
 */
function rootAtRecord({ record, path }: Proven, total: number): readonly [size: number, root: TreeHash] {
  const n = Number(readSeal(record).n);
  const siblings = path.map((hash) => Buffer.from(hash, 'base64url'));
  let root = leafHashOfText(record);
  let [at, last] = [n, total - 1];
  for (const sibling of siblings) {
    const isLeft = at % 2 === 1 || at === last;
    if (isLeft) root = nodeHash(sibling, root);
    while (isLeft && at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return [n + 1, root];
}
