import { base64url } from '../canonical.ts';
import { FORMS } from '../ledger/forms.ts';
import type { HeadLine, SealRecord } from '../ledger/kinds.ts';
import { isConsistent, rootFromInclusion } from '../ledger/proof.ts';
import { readHead, readSeal, Unreadable } from '../ledger/record.ts';
import { leafHashOfText, type TreeHash } from '../ledger/tree.ts';
import type { BundleFiles } from './bundle-files.ts';
import { type Examination, Refuted } from './claims.ts';
import { blindedName, readHeads } from './verify-heads.ts';
import { type CheckedSeal, readSealFile } from './verify-signatures.ts';

/** What earlier seals say of the log. */
export interface Anchors {
  /** heads that the log must have passed through, by size */
  readonly through: ReadonlyMap<number, HeadLine>;
  /** when the log was known to have which size, ascending: entries are recorded on the right side of each */
  readonly times: readonly { readonly size: number; readonly at: string }[];
}

/** Walks from anchor to anchor, back to the start of the bundle: each record names the one before it. */
export function checkAnchors(examination: Examination, seal: CheckedSeal, head: HeadLine): Anchors {
  const { files, pinned, pass } = examination;
  const times: { readonly size: number; readonly at: string }[] = [];
  const startSize = Number(files.text(files.json('start.json'), 'size', 'start.json'));
  const size = Number(seal.record.n) + 1;
  const blinded = blindedName(examination);
  const list = files.json('anchors.json');
  if (!Array.isArray(list)) throw new Unreadable('anchors.json is no list');
  const through = new Map<number, HeadLine>();
  const refuse = (detail: string): never => {
    throw new Refuted('anchors', detail, { file: 'anchors.json' });
  };
  requireAnchorOrder(seal.record);
  let expected = seal.record.previous_anchor;
  let after: SealRecord = seal.record;
  let below = Number(head.size);
  let reachedStart = false;
  // From the newest to the oldest: each record names the anchor before it, so none can be left out.
  for (const item of [...(list as unknown[])].reverse()) {
    files.members(item, ['consistency', 'head', 'path', 'record'], 'anchors.json');
    const text = files.text(item, 'record', 'anchors.json');
    const record = readSeal(text);
    if (reachedStart) refuse('an anchor lies before the start of the bundle');
    if (record.n !== expected || record.ledger !== pinned.ledger) refuse(`anchor ${expected} is missing`);
    requireAnchorOrder(record);
    if (!precedes(record, after, after !== seal.record)) refuse(`anchor ${record.n} is not of an earlier hour`);
    after = record;
    const root = rootFromInclusion(
      leafHashOfText(text),
      Number(record.n),
      size,
      files.hashes(item, 'path', 'anchors.json'),
    );
    if (root?.equals(seal.root) !== true) refuse(`anchor ${record.n} is not in the sealed log`);
    const anchored = anchoredHead(files, (item as { readonly head: unknown }).head, record, blinded);
    const at = Number(anchored.size);
    if (at > below) refuse(`the log shrank after anchor ${record.n}`);
    const known = through.get(at);
    if (known !== undefined && known.root !== anchored.root)
      refuse(`anchor ${record.n} names another log of ${at} entries`);
    through.set(at, anchored);
    requireConsistency(files, item, anchored, head, startSize);
    times.push({ size: at, at: record.at });
    below = at;
    expected = record.previous_anchor;
    reachedStart = at <= startSize;
  }
  if (!reachedStart && expected !== '') {
    const absent = requireAbsence(examination, expected, size, seal.root, blinded);
    if (!precedes(absent, after, after !== seal.record)) refuse(`anchor ${absent.n} is not of an earlier hour`);
    times.push({ size: 0, at: absent.at });
  } else if (files.has('absence.json') || files.has('absence-heads.ndjson')) {
    throw new Refuted('anchors', 'an absence is shown where none has to be', { file: 'absence.json' });
  }
  times.push({ size: Number(head.size), at: seal.record.at });
  times.sort((a, b) => a.size - b.size || (a.at < b.at ? -1 : 1));
  pass('anchors', `${(list as unknown[]).length} anchors, each an ancestor of the sealed log`);
  return { through, times };
}

/** Seal 0 begins the first hour, so every later seal has an anchor before it. */
function requireAnchorOrder(record: SealRecord): void {
  const isFirst = record.n === '0';
  if ((record.previous_anchor === '') !== isFirst || (!isFirst && Number(record.previous_anchor) >= Number(record.n))) {
    throw new Refuted('anchors', `seal ${record.n} names no anchor before it`, { file: 'anchors.json' });
  }
}

/** A log that was shorter than the bundle's start cannot be met in the replay; a proof ties it to the sealed one. */
function requireConsistency(
  files: BundleFiles,
  item: unknown,
  anchored: HeadLine,
  head: HeadLine,
  startSize: number,
): void {
  const proof = files.hashes(item, 'consistency', 'anchors.json');
  const size = Number(anchored.size);
  const holds =
    size < startSize
      ? isConsistent(size, rootOfHead(anchored), Number(head.size), rootOfHead(head), proof)
      : proof.length === 0;
  if (!holds)
    throw new Refuted('anchors', `the sealed log does not extend the ${size} entries of an anchor`, {
      file: 'anchors.json',
    });
}

function anchoredHead(files: BundleFiles, value: unknown, record: SealRecord, blinded: string): HeadLine {
  files.members(value, ['index', 'line', 'path'], 'anchors.json');
  const text = files.text(value, 'line', 'anchors.json');
  const index = files.text(value, 'index', 'anchors.json');
  const head = readHead(text);
  if (!FORMS.count(index)) throw new Unreadable('anchors.json has a head without an index');
  const path = files.hashes(value, 'path', 'anchors.json');
  const root = rootFromInclusion(leafHashOfText(text), Number(index), Number(record.heads_count), path);
  if (head.tenant !== blinded || root === undefined || base64url(root) !== record.heads_root) {
    throw new Refuted('anchors', `anchor ${record.n} does not hold this head`, { file: 'anchors.json' });
  }
  return head;
}

/** That the tenant was in no seal up to an anchor: all heads of that anchor, without it. */
function requireAbsence(
  examination: Examination,
  expected: string,
  size: number,
  root: TreeHash,
  blinded: string,
): SealRecord {
  const { files } = examination;
  if (!files.has('absence.json') || !files.has('absence-heads.ndjson')) {
    throw new Refuted('anchors', `anchor ${expected} is missing`, { file: 'anchors.json' });
  }
  const absent = readSealFile(examination, 'absence.json');
  const found = rootFromInclusion(leafHashOfText(absent.text), Number(absent.record.n), size, absent.path);
  if (absent.record.n !== expected || found?.equals(root) !== true) {
    throw new Refuted('anchors', `anchor ${expected} is missing`, { file: 'absence.json' });
  }
  if (readHeads(files, 'absence-heads.ndjson', absent.record, 'anchors').has(blinded)) {
    throw new Refuted('anchors', `the log existed at anchor ${expected}`, { file: 'absence-heads.ndjson' });
  }
  return absent.record;
}

const rootOfHead = (head: HeadLine): TreeHash => Buffer.from(head.root, 'base64url');

/** Whether a seal was made before another; in an earlier hour where both are anchors. */
const precedes = (earlier: SealRecord, later: SealRecord, bothAnchors: boolean): boolean =>
  bothAnchors ? earlier.at.slice(0, 13) < later.at.slice(0, 13) : earlier.at <= later.at;
