import { base64url } from '../../shared/domain/canonical.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { compactJws, type JwsType, signingInput } from '../../shared/domain/evidence/jws.ts';
import { rootFromInclusion } from '../../shared/domain/ledger/proof.ts';
import { blindedTenant, checkpointText, headsRoot } from '../../shared/domain/ledger/seal.ts';
import { CompactRange, leafHashOfText, type TreeHash } from '../../shared/domain/ledger/tree.ts';
import { KEY_NAMES, type KeyName, signWith, testKey } from './keys.ts';
import { auditStretches, consistencyStretches, PartialTree, peakStretches } from './partial-tree.ts';
import type { ResealOptions } from './recipe.ts';
import { fieldOf, type Workpiece, withField } from './workpiece.ts';

type Proven = { path: string[]; record: string };
type Anchor = Proven & { consistency: string[]; head: { index: string; line: string; path: string[] } };

const RECEIPTS = 'receipts.ndjson';
const hashes = (texts: readonly string[]): TreeHash[] => texts.map((text) => Buffer.from(text, 'base64url'));

/** Gives every entry from a line on the number that follows from its place. */
export function renumber(piece: Workpiece, line: number): void {
  const start = Number(startOf(piece).size);
  const lines = piece.lines(RECEIPTS);
  piece.setLines(
    RECEIPTS,
    lines.map((text, at) => (at + 1 < line ? text : withField(text, 'seq', String(start + at)))),
  );
}

/** Lets every entry from a line on name the one before it. The first of a bundle keeps what it says. */
export function relink(piece: Workpiece, line: number): void {
  const lines = piece.lines(RECEIPTS);
  for (let at = Math.max(1, line - 1); at < lines.length; at++) {
    lines[at] = withField(lines[at]!, 'prev', base64url(leafHashOfText(lines[at - 1]!)));
  }
  piece.setLines(RECEIPTS, lines);
}

const startOf = (piece: Workpiece) =>
  piece.json('start.json') as { blind: string; last: string; peaks: string[]; size: string };

interface Log {
  readonly size: number;
  /** root and last leaf at each size from the bundle's start on */
  readonly heads: ReadonlyMap<number, { readonly root: string; readonly last: string }>;
  /** the proof that the log extends a size before the bundle's start */
  readonly consistency: (size: number) => string[];
}

/** The log as the receipts tell it now. @param oldSize of the sealed head, to which the anchors' proofs lead */
function readLog(piece: Workpiece, oldSize: number, anchors: readonly Anchor[]): Log {
  const start = startOf(piece);
  const startSize = Number(start.size);
  const range = new CompactRange(startSize, hashes(start.peaks));
  const heads = new Map<number, { root: string; last: string }>();
  const tree = new PartialTree();
  tree.learn(peakStretches(startSize), start.peaks);
  for (const { head, consistency } of anchors) {
    const size = Number(fieldOf(head.line, 'size'));
    if (size < startSize) tree.learn(consistencyStretches(size, oldSize), consistency);
  }
  for (const text of piece.lines(RECEIPTS)) {
    const leaf = leafHashOfText(text);
    tree.leaf(range.size, leaf);
    range.append(leaf);
    heads.set(range.size, { root: base64url(range.root()), last: base64url(leaf) });
  }
  return {
    size: range.size,
    heads,
    consistency: (size) => (size < startSize ? tree.roots(consistencyStretches(size, range.size)) : []),
  };
}

/**
 * What an operator with the real keys can do after changing entries: a new head, a new last seal and its signature; with
 * `all`, every anchor too is made to show the log as it is now.
 */
export function reseal(piece: Workpiece, seals: 'last' | 'all', { keep = [], key }: ResealOptions = {}): void {
  const ledger = fieldOf(piece.lines(RECEIPTS)[0]!, 'ledger');
  const seal = piece.json('seal.json') as Proven;
  const anchors = piece.json('anchors.json') as Anchor[];
  const absence = piece.files.has('absence.json') ? [piece.json('absence.json') as Proven] : [];
  const all = [...anchors, ...absence, seal];
  const before = all.map((proven) => ({ ...proven }));

  const own = ownHead(piece, ledger);
  const log = readLog(piece, own === undefined ? 0 : Number(fieldOf(own, 'size')), anchors);
  if (!keep.includes('heads')) {
    const head = { size: String(log.size), ...log.heads.get(log.size)! };
    const lines = piece.lines('heads.ndjson').map((line) => (line === own ? withFields(line, head) : line));
    piece.setLines('heads.ndjson', lines);
    for (const anchor of anchors) anchor.consistency = log.consistency(Number(fieldOf(anchor.head.line, 'size')));
  }
  if (seals === 'all') {
    for (const anchor of anchors) rewriteAnchor(anchor, keep.includes('anchors') ? undefined : log);
    for (const absent of absence)
      absent.record = withFields(absent.record, totals(piece.lines('absence-heads.ndjson')));
  }
  if (!keep.includes('record')) {
    const keyset = sha256Base64url(piece.file('jwks.json'));
    seal.record = withFields(seal.record, { ...totals(piece.lines('heads.ndjson')), keyset });
  }

  const root = rebuildSealLog(before, seals === 'all' ? all : [seal], all);
  piece.setJson('seal.json', seal);
  piece.setJson('anchors.json', anchors);
  for (const absent of absence) piece.setJson('absence.json', absent);
  const n = Number(fieldOf(seal.record, 'n'));
  signFile(piece, 'checkpoint.jws', 'checkpoint+jws', checkpointText(ledger, n + 1, root), key);
}

/** The line of heads.ndjson that names the bundle's log. */
function ownHead(piece: Workpiece, ledger: string): string | undefined {
  const { tenant } = piece.json('manifest.json') as { tenant: string };
  const name = blindedTenant(ledger, startOf(piece).blind, tenant);
  return piece.lines('heads.ndjson').find((line) => fieldOf(line, 'tenant') === name);
}

const withFields = (record: string, fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields).reduce((text, [field, value]) => withField(text, field, value), record);

/** What a seal says of all its heads. */
const totals = (lines: readonly string[]) => ({
  heads_count: String(lines.length),
  heads_root: headsRoot(lines),
  receipts_total: String(lines.reduce((sum, line) => sum + Number(fieldOf(line, 'size')), 0)),
});

/**
 * Makes an anchor's record fit its head line.
 * @param log first lets the line show the log as it now is at the line's size; sizes up to the bundle's start stay
 */
function rewriteAnchor(anchor: Anchor, log: Log | undefined): void {
  const now = log?.heads.get(Number(fieldOf(anchor.head.line, 'size')));
  if (now !== undefined) anchor.head.line = withFields(anchor.head.line, now);
  const count = Number(fieldOf(anchor.record, 'heads_count'));
  const leaf = leafHashOfText(anchor.head.line);
  const root = rootFromInclusion(leaf, Number(anchor.head.index), count, hashes(anchor.head.path))!;
  anchor.record = withField(anchor.record, 'heads_root', base64url(root));
}

/**
 * The seal log with some of its leaves exchanged: subtrees without an exchanged leaf are known from the old paths, the
 * others are computed. Every path of `all` is written anew.
 * @returns the new root
 */
function rebuildSealLog(before: readonly Proven[], changed: readonly Proven[], all: readonly Proven[]): TreeHash {
  const numberOf = ({ record }: Proven): number => Number(fieldOf(record, 'n'));
  const size = numberOf(before.at(-1)!) + 1;
  const tree = new PartialTree();
  for (const proven of before) tree.learn(auditStretches(numberOf(proven), size), proven.path);
  for (const proven of changed) tree.leaf(numberOf(proven), leafHashOfText(proven.record));
  for (const proven of all) proven.path = tree.roots(auditStretches(numberOf(proven), size));
  return tree.root(0, size);
}

/** Signs anew with a key; with the one that the JWS names where none is given. */
export function signFile(
  piece: Workpiece,
  path: string,
  typ: JwsType,
  payload: string | Uint8Array,
  key?: KeyName,
): void {
  const signer = key ?? keyNamed(kidIn(piece.file(path).toString('latin1')));
  const input = signingInput(typ, testKey(signer).kid, payload);
  piece.files.set(path, Buffer.from(compactJws(input, signWith(signer, input)), 'latin1'));
}

const kidIn = (jws: string): string =>
  (JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString('utf8')) as { kid: string }).kid;

function keyNamed(kid: string): KeyName {
  const found = KEY_NAMES.find((name) => testKey(name).kid === kid);
  if (found === undefined) throw new Error(`no test key has the kid ${kid}`);
  return found;
}
