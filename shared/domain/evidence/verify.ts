import { base64url, canonicalJson, type Json, readBase64url } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import { invoiceBytes } from '../invoice/invoice.ts';
import { Books } from '../ledger/books.ts';
import { booksOf } from '../ledger/carried.ts';
import { LedgerFault } from '../ledger/faults.ts';
import type { Entry, HeadLine, SealRecord } from '../ledger/kinds.ts';
import { isConsistent, rootFromInclusion } from '../ledger/proof.ts';
import { RECORD_MAX_BYTES, readEntry, readHead, readSeal, Unreadable } from '../ledger/record.ts';
import { Replay } from '../ledger/replay.ts';
import { blindedTenant, checkpointText, headsRoot } from '../ledger/seal.ts';
import { CompactRange, leafHashOfText, type TreeHash } from '../ledger/tree.ts';
import { type PriceVersion, parsePriceVersion } from '../pricing/version.ts';
import { type Instant, plusMicros } from '../time.ts';
import { pricePath } from './bundle.ts';
import { CLAIMS, type ClaimName, type ClaimResult, type Verdict } from './claims.ts';
import { verifyJws } from './jws.ts';
import { isInForce, readKeyset } from './keyset.ts';
import type { Pinned } from './pinned.ts';
import { BundleUnreadable, readTar } from './tar.ts';

/** A claim that does not hold, and where. */
class Refuted extends Error {
  readonly claim: ClaimName;
  readonly file: string | undefined;
  readonly seq: number | undefined;

  constructor(claim: ClaimName, detail: string, where: { readonly file?: string; readonly seq?: number } = {}) {
    super(detail);
    this.claim = claim;
    this.file = where.file;
    this.seq = where.seq;
  }
}

/** What the manifest says the bundle is about. */
interface About {
  readonly tenant: string;
  readonly number: string;
  readonly period: string;
  readonly subscription: string;
  readonly seal: number;
}

const COUNT = /^(?:0|[1-9][0-9]{0,15})$/;
const REQUIRED = [
  'anchors.json',
  'checkpoint.jws',
  'heads.ndjson',
  'invoice.json',
  'jwks.json',
  'manifest.json',
  'manifest.jws',
  'receipts.ndjson',
  'report.txt',
  'seal.json',
  'start.json',
];
const OPTIONAL = ['absence-heads.ndjson', 'absence.json', 'opening-values.json', 'opening.json'];
/** Documents other than receipts, heads and opening values are small; larger is hostile. */
const DOCUMENT_MAX_BYTES = 64 * 1024 ** 2;
/** How far the clocks of two instances may differ. */
const CLOCK_TOLERANCE_MICROS = 5n * 60n * 1_000_000n;
const OPENING_VALUES_MAX_BYTES = 512 * 1024 ** 2;

/**
 * Verifies an evidence bundle with nothing but the bundle and what is pinned: no network, no store, no clock.
 * Every claim is judged; one that another's failure leaves without ground is `not_checked`.
 */
export async function verifyBundle(bytes: Buffer, pinned: Pinned): Promise<Verdict> {
  return new Verification(pinned).run(bytes);
}

class Verification {
  readonly #pinned: Pinned;
  readonly #results = new Map<ClaimName, ClaimResult>();
  #files = new Map<string, Buffer>();
  /** The file that was asked for last: where something unreadable was found. */
  #reading = '';
  #receipts = 0;
  /** The key that signed the manifest, once that is known. */
  #evidenceKid: string | undefined;
  /** When the log was known to have which size, ascending: entries are recorded on the right side of each. */
  readonly #anchorTimes: { readonly size: number; readonly at: string }[] = [];

  constructor(pinned: Pinned) {
    this.#pinned = pinned;
  }

  async run(bytes: Buffer): Promise<Verdict> {
    let about: About;
    try {
      this.#files = readTar(bytes);
      this.#requireFiles();
      about = this.#about();
      this.#pass('readable', `${this.#files.size} files, ${bytes.length} bytes`);
    } catch (error) {
      if (!(error instanceof BundleUnreadable || error instanceof Unreadable)) throw error;
      this.#results.set('readable', { claim: 'readable', result: 'fail', detail: error.message });
      return this.#verdict('unreadable', undefined);
    }
    await this.#judge('manifest', () => this.#manifest(about));
    const seal = await this.#judge('checkpoint', () => this.#checkpoint(about));
    if (seal !== undefined) await this.#judge('keys', () => this.#keys(seal, about));
    const head = seal === undefined ? undefined : await this.#judge('heads', () => this.#heads(seal, about));
    const anchors =
      seal === undefined || head === undefined
        ? undefined
        : await this.#judge('anchors', () => this.#anchors(seal, head, about));
    await this.#judge('chain', () => this.#replay(about, head, anchors ?? new Map()));
    const failed = [...this.#results.values()].some(({ result }) => result === 'fail');
    const complete = Object.keys(CLAIMS).every((claim) => this.#results.get(claim as ClaimName)?.result === 'pass');
    return this.#verdict(failed || !complete ? 'refuted' : 'verified', about);
  }

  #verdict(verdict: Verdict['verdict'], about: About | undefined): Verdict {
    const claims = (Object.keys(CLAIMS) as ClaimName[]).map(
      (claim) =>
        this.#results.get(claim) ?? { claim, result: 'not_checked' as const, detail: 'an earlier claim does not hold' },
    );
    return {
      verdict,
      claims,
      receipts: this.#receipts,
      ...(about === undefined ? {} : { ledger: this.#pinned.ledger, tenant: about.tenant, invoice: about.number }),
    };
  }

  #pass(claim: ClaimName, detail: string): void {
    this.#results.set(claim, { claim, result: 'pass', detail });
  }

  /** Runs one claim's check; what it throws becomes the claim's failure, under the name it carries. */
  async #judge<T>(claim: ClaimName, check: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      if (error instanceof Refuted) this.#fail(error.claim, error.message, error);
      else if (error instanceof Unreadable || error instanceof BundleUnreadable) {
        this.#fail(claim, error.message, { file: this.#reading });
      } else throw error;
      return undefined;
    }
  }

  #fail(
    claim: ClaimName,
    detail: string,
    where: { readonly file?: string | undefined; readonly seq?: number | undefined },
  ): void {
    this.#results.set(claim, {
      claim,
      result: 'fail',
      detail,
      ...(where.file === undefined ? {} : { file: where.file }),
      ...(where.seq === undefined ? {} : { seq: where.seq }),
    });
  }

  #requireFiles(): void {
    for (const path of REQUIRED) if (!this.#files.has(path)) throw new BundleUnreadable(`${path} is missing`);
    for (const path of this.#files.keys()) {
      if (!REQUIRED.includes(path) && !OPTIONAL.includes(path) && !/^prices\/[0-9a-f]{64}\.json$/.test(path)) {
        throw new BundleUnreadable(`${path} has no place in a bundle`);
      }
    }
  }

  #file(path: string): Buffer {
    this.#reading = path;
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw new BundleUnreadable(`${path} is missing`);
    return bytes;
  }

  /** A document in canonical JSON. @throws Unreadable */
  #json(path: string, maxBytes = DOCUMENT_MAX_BYTES): unknown {
    const bytes = this.#file(path);
    if (bytes.length > maxBytes) throw new Unreadable(`${path} is too large`);
    let text: string;
    let value: unknown;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      value = JSON.parse(text);
      // One comparison rejects white space, escapes, duplicate members, other orders and trailing bytes.
      if (canonicalJson(value as Json) === text) return value;
    } catch {
      throw new Unreadable(`${path} is no JSON`);
    }
    throw new Unreadable(`${path} is not in canonical form`);
  }

  /** A member that must be a string. */
  #text(value: unknown, name: string, path: string): string {
    const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    if (typeof text === 'string') return text;
    throw new Unreadable(`${path} has no ${name}`);
  }

  #members(value: unknown, names: readonly string[], path: string): void {
    if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== [...names].sort().join()) {
      throw new Unreadable(`${path} has the members ${names.join(', ')}`);
    }
  }

  #hashes(value: unknown, name: string, path: string): TreeHash[] {
    const list = (value as Record<string, unknown>)[name];
    if (!Array.isArray(list) || list.length > 64) throw new Unreadable(`${name} in ${path} is no list of hashes`);
    return list.map((text) => {
      const hash = typeof text === 'string' ? readBase64url(text, 32) : undefined;
      if (hash === undefined) throw new Unreadable(`${name} in ${path} is no list of hashes`);
      return hash;
    });
  }

  #about(): About {
    const manifest = this.#json('manifest.json');
    const names = ['files', 'ledger', 'number', 'period', 'seal', 'subscription', 'tenant', 'typ', 'v'];
    this.#members(manifest, names, 'manifest.json');
    if (
      this.#text(manifest, 'typ', 'manifest.json') !== 'manifest' ||
      this.#text(manifest, 'v', 'manifest.json') !== '1'
    ) {
      throw new Unreadable('manifest.json is of another type or version');
    }
    const seal = this.#text(manifest, 'seal', 'manifest.json');
    if (!COUNT.test(seal)) throw new Unreadable('manifest.json names no seal');
    return {
      tenant: this.#text(manifest, 'tenant', 'manifest.json'),
      number: this.#text(manifest, 'number', 'manifest.json'),
      period: this.#text(manifest, 'period', 'manifest.json'),
      subscription: this.#text(manifest, 'subscription', 'manifest.json'),
      seal: Number(seal),
    };
  }

  async #manifest(about: About): Promise<void> {
    const manifest = this.#json('manifest.json') as { readonly files: unknown; readonly ledger: unknown };
    const refuse = (detail: string, file: string): never => {
      throw new Refuted('manifest', detail, { file });
    };
    if (manifest.ledger !== this.#pinned.ledger)
      refuse(`the bundle is of the ledger ${String(manifest.ledger).slice(0, 200)}`, 'manifest.json');
    if (this.#pinned.tenant !== undefined && about.tenant !== this.#pinned.tenant)
      refuse('the bundle is of another tenant', 'manifest.json');
    const signed = await verifyJws(this.#file('manifest.jws').toString('latin1'), 'manifest+jws', this.#pinned.keyset);
    if (signed === undefined)
      throw new Refuted('manifest', 'no pinned evidence key signed the manifest', { file: 'manifest.jws' });
    if (!signed.payload.equals(this.#file('manifest.json')))
      refuse('the signature is over another manifest', 'manifest.json');
    if (!isInForce(signed.key, about.seal))
      refuse(`the key that signed was not in force at seal ${about.seal}`, 'manifest.jws');
    this.#evidenceKid = signed.key.kid;
    const expected = [...this.#files.keys()].filter((path) => path !== 'manifest.json' && path !== 'manifest.jws');
    const listed = Array.isArray(manifest.files) ? (manifest.files as unknown[]) : [];
    for (const [i, path] of expected.entries()) {
      const bytes = this.#file(path);
      const claim = canonicalJson({ path, sha256: sha256Base64url(bytes), size: String(bytes.length) });
      if (listed[i] === undefined || canonicalJson(listed[i] as Json) !== claim)
        refuse(`${path} is not the file that was signed`, path);
    }
    if (listed.length !== expected.length) refuse('a file that was signed is missing', 'manifest.json');
    this.#pass('manifest', `${expected.length} files under one signature by ${signed.key.kid}`);
  }

  #sealFile(path: string): { readonly record: SealRecord; readonly text: string; readonly path: TreeHash[] } {
    const value = this.#json(path);
    this.#members(value, ['path', 'record'], path);
    const text = this.#text(value, 'record', path);
    const record = readSeal(text);
    if (record.ledger !== this.#pinned.ledger)
      throw new Refuted('checkpoint', `${path} is a seal of ${record.ledger}`, { file: path });
    return { record, text, path: this.#hashes(value, 'path', path) };
  }

  async #checkpoint(
    about: About,
  ): Promise<{ readonly record: SealRecord; readonly root: TreeHash; readonly kid: string }> {
    const seal = this.#sealFile('seal.json');
    const refuse = (detail: string, file: string): never => {
      throw new Refuted('checkpoint', detail, { file });
    };
    const n = Number(seal.record.n);
    if (n !== about.seal) refuse(`the manifest names seal ${about.seal}, this is seal ${n}`, 'seal.json');
    const signed = await verifyJws(
      this.#file('checkpoint.jws').toString('latin1'),
      'checkpoint+jws',
      this.#pinned.keyset,
    );
    if (signed === undefined)
      throw new Refuted('checkpoint', 'no pinned checkpoint key signed it', { file: 'checkpoint.jws' });
    // The seal must be the last leaf: otherwise an old head could be shown under a newer checkpoint.
    const root = rootFromInclusion(leafHashOfText(seal.text), n, n + 1, seal.path);
    if (root === undefined)
      throw new Refuted('checkpoint', 'the path of the seal has the wrong length', { file: 'seal.json' });
    if (signed.payload.toString('utf8') !== checkpointText(this.#pinned.ledger, n + 1, root)) {
      refuse('the signed checkpoint is of another seal log', 'checkpoint.jws');
    }
    this.#pass('checkpoint', `seal ${n} of ${seal.record.at}, signed by ${signed.key.kid}`);
    return { record: seal.record, root, kid: signed.key.kid };
  }

  async #keys(seal: { readonly record: SealRecord; readonly kid: string }, about: About): Promise<void> {
    const refuse = (detail: string): never => {
      throw new Refuted('keys', detail, { file: 'jwks.json' });
    };
    const bytes = this.#file('jwks.json');
    if (sha256Base64url(bytes) !== seal.record.keyset) refuse('the JWKS is not the one that the seal names');
    const keyset = await readKeyset(this.#json('jwks.json'));
    if (keyset === undefined)
      throw new Refuted('keys', 'the JWKS holds something else than RS256 keys', { file: 'jwks.json' });
    const used = [{ kid: seal.kid, purpose: 'checkpoint' }];
    if (this.#evidenceKid !== undefined) used.push({ kid: this.#evidenceKid, purpose: 'evidence' });
    for (const { kid, purpose } of used) {
      for (const [name, set] of [
        ['pinned', this.#pinned.keyset],
        ['sealed', keyset],
      ] as const) {
        const key = set.keys.find((candidate) => candidate.kid === kid && candidate.purpose === purpose);
        if (key === undefined)
          throw new Refuted('keys', `${kid} is no ${purpose} key of the ${name} JWKS`, { file: 'jwks.json' });
        if (!isInForce(key, about.seal)) refuse(`${kid} was not in force at seal ${about.seal}, says the ${name} JWKS`);
      }
    }
    this.#pass('keys', `${keyset.keys.length} keys known at seal ${about.seal}`);
  }

  /** Lines of an ndjson file, each with its newline. */
  *#lines(path: string): Generator<string> {
    const bytes = this.#file(path);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(10, at);
      if (end < 0) throw new Unreadable(`${path} ends in the middle of a line`);
      if (end - at > RECORD_MAX_BYTES) throw new Unreadable(`${path} has a line of ${end - at} bytes`);
      yield bytes.toString('latin1', at, end);
      at = end + 1;
    }
  }

  /** A complete heads tree. @returns the lines by blinded tenant */
  #headsFile(path: string, record: SealRecord, claim: ClaimName): Map<string, HeadLine> {
    const texts = [...this.#lines(path)];
    const heads = new Map<string, HeadLine>();
    let previous = '';
    let total = 0;
    for (const text of texts) {
      const head = readHead(text);
      if (head.tenant <= previous) throw new Refuted(claim, 'a log is named twice, or out of order', { file: path });
      heads.set(head.tenant, head);
      previous = head.tenant;
      total += Number(head.size);
    }
    if (String(texts.length) !== record.heads_count)
      throw new Refuted(claim, `the seal counts ${record.heads_count} heads`, { file: path });
    if (headsRoot(texts) !== record.heads_root)
      throw new Refuted(claim, 'the heads are not the ones that were sealed', { file: path });
    if (String(total) !== record.receipts_total)
      throw new Refuted(claim, 'the sizes do not add up to the seal’s total', { file: path });
    return heads;
  }

  #blinded(about: About): string {
    return blindedTenant(
      this.#pinned.ledger,
      this.#text(this.#json('start.json'), 'blind', 'start.json'),
      about.tenant,
    );
  }

  #heads(seal: { readonly record: SealRecord }, about: About): HeadLine {
    const heads = this.#headsFile('heads.ndjson', seal.record, 'heads');
    const head = heads.get(this.#blinded(about));
    if (head === undefined) throw new Refuted('heads', 'the seal does not name this tenant', { file: 'heads.ndjson' });
    this.#pass('heads', `${heads.size} logs sealed, this one at ${head.size} entries`);
    return head;
  }

  /** @returns the heads that the log must have passed through, by size */
  #anchors(
    seal: { readonly record: SealRecord; readonly root: TreeHash },
    head: HeadLine,
    about: About,
  ): Map<number, HeadLine> {
    const startSize = Number(this.#text(this.#json('start.json'), 'size', 'start.json'));
    const size = Number(seal.record.n) + 1;
    const blinded = this.#blinded(about);
    const list = this.#json('anchors.json');
    if (!Array.isArray(list)) throw new Unreadable('anchors.json is no list');
    const through = new Map<number, HeadLine>();
    const refuse = (detail: string): never => {
      throw new Refuted('anchors', detail, { file: 'anchors.json' });
    };
    this.#requireAnchorOrder(seal.record);
    let expected = seal.record.previous_anchor;
    let after: SealRecord = seal.record;
    let below = Number(head.size);
    let reachedStart = false;
    // From the newest to the oldest: each record names the anchor before it, so none can be left out.
    for (const item of [...(list as unknown[])].reverse()) {
      this.#members(item, ['consistency', 'head', 'path', 'record'], 'anchors.json');
      const text = this.#text(item, 'record', 'anchors.json');
      const record = readSeal(text);
      if (reachedStart) refuse('an anchor lies before the start of the bundle');
      if (record.n !== expected || record.ledger !== this.#pinned.ledger) refuse(`anchor ${expected} is missing`);
      this.#requireAnchorOrder(record);
      if (!precedes(record, after, after !== seal.record)) refuse(`anchor ${record.n} is not of an earlier hour`);
      after = record;
      const root = rootFromInclusion(
        leafHashOfText(text),
        Number(record.n),
        size,
        this.#hashes(item, 'path', 'anchors.json'),
      );
      if (root?.equals(seal.root) !== true) refuse(`anchor ${record.n} is not in the sealed log`);
      const anchored = this.#anchoredHead((item as { readonly head: unknown }).head, record, blinded);
      const at = Number(anchored.size);
      if (at > below) refuse(`the log shrank after anchor ${record.n}`);
      const known = through.get(at);
      if (known !== undefined && known.root !== anchored.root)
        refuse(`anchor ${record.n} names another log of ${at} entries`);
      through.set(at, anchored);
      this.#requireConsistency(item, anchored, head, startSize);
      this.#anchorTimes.push({ size: at, at: record.at });
      below = at;
      expected = record.previous_anchor;
      reachedStart = at <= startSize;
    }
    if (!reachedStart && expected !== '') {
      const absent = this.#absence(expected, size, seal.root, blinded);
      if (!precedes(absent, after, after !== seal.record)) refuse(`anchor ${absent.n} is not of an earlier hour`);
      this.#anchorTimes.push({ size: 0, at: absent.at });
    } else if (this.#files.has('absence.json') || this.#files.has('absence-heads.ndjson')) {
      throw new Refuted('anchors', 'an absence is shown where none has to be', { file: 'absence.json' });
    }
    this.#anchorTimes.push({ size: Number(head.size), at: seal.record.at });
    this.#anchorTimes.sort((a, b) => a.size - b.size || (a.at < b.at ? -1 : 1));
    this.#pass('anchors', `${(list as unknown[]).length} anchors, each an ancestor of the sealed log`);
    return through;
  }

  /** Seal 0 begins the first hour, so every later seal has an anchor before it. */
  #requireAnchorOrder(record: SealRecord): void {
    const isFirst = record.n === '0';
    if (
      (record.previous_anchor === '') !== isFirst ||
      (!isFirst && Number(record.previous_anchor) >= Number(record.n))
    ) {
      throw new Refuted('anchors', `seal ${record.n} names no anchor before it`, { file: 'anchors.json' });
    }
  }

  /** A log that was shorter than the bundle's start cannot be met in the replay; a proof ties it to the sealed one. */
  #requireConsistency(item: unknown, anchored: HeadLine, head: HeadLine, startSize: number): void {
    const proof = this.#hashes(item, 'consistency', 'anchors.json');
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

  #anchoredHead(value: unknown, record: SealRecord, blinded: string): HeadLine {
    this.#members(value, ['index', 'line', 'path'], 'anchors.json');
    const text = this.#text(value, 'line', 'anchors.json');
    const index = this.#text(value, 'index', 'anchors.json');
    const head = readHead(text);
    if (!COUNT.test(index)) throw new Unreadable('anchors.json has a head without an index');
    const path = this.#hashes(value, 'path', 'anchors.json');
    const root = rootFromInclusion(leafHashOfText(text), Number(index), Number(record.heads_count), path);
    if (head.tenant !== blinded || root === undefined || base64url(root) !== record.heads_root) {
      throw new Refuted('anchors', `anchor ${record.n} does not hold this head`, { file: 'anchors.json' });
    }
    return head;
  }

  /** That the tenant was in no seal up to an anchor: all heads of that anchor, without it. */
  #absence(expected: string, size: number, root: TreeHash, blinded: string): SealRecord {
    if (!this.#files.has('absence.json') || !this.#files.has('absence-heads.ndjson')) {
      throw new Refuted('anchors', `anchor ${expected} is missing`, { file: 'anchors.json' });
    }
    const absent = this.#sealFile('absence.json');
    const found = rootFromInclusion(leafHashOfText(absent.text), Number(absent.record.n), size, absent.path);
    if (absent.record.n !== expected || found?.equals(root) !== true) {
      throw new Refuted('anchors', `anchor ${expected} is missing`, { file: 'absence.json' });
    }
    if (this.#headsFile('absence-heads.ndjson', absent.record, 'anchors').has(blinded)) {
      throw new Refuted('anchors', `the log existed at anchor ${expected}`, { file: 'absence-heads.ndjson' });
    }
    return absent.record;
  }

  #prices(): Map<string, PriceVersion> {
    const prices = new Map<string, PriceVersion>();
    for (const path of this.#files.keys()) {
      if (!path.startsWith('prices/')) continue;
      let version: PriceVersion;
      try {
        version = parsePriceVersion(this.#json(path));
      } catch (error) {
        throw new Refuted('charges', error instanceof Error ? error.message : String(error), { file: path });
      }
      if (!version.bytes.equals(this.#file(path)) || pricePath(version.digest) !== path) {
        throw new Refuted('charges', 'the price document is not the one its name gives the digest of', { file: path });
      }
      prices.set(version.digest, version);
    }
    return prices;
  }

  #start(about: About): Replay {
    const prices = this.#prices();
    const start = this.#json('start.json');
    this.#members(start, ['blind', 'last', 'peaks', 'size'], 'start.json');
    const sizeText = this.#text(start, 'size', 'start.json');
    const last = this.#text(start, 'last', 'start.json');
    if (!COUNT.test(sizeText)) throw new Unreadable('start.json has no size');
    if (this.#pinned.blind !== undefined && this.#text(start, 'blind', 'start.json') !== this.#pinned.blind) {
      throw new Refuted('heads', 'the blind is not the pinned one', { file: 'start.json' });
    }
    const peaks = this.#hashes(start, 'peaks', 'start.json');
    let range: CompactRange;
    try {
      range = new CompactRange(Number(sizeText), peaks);
    } catch (error) {
      throw new Unreadable(error instanceof Error ? error.message : String(error));
    }
    if (range.size === 0) {
      if (last !== '' || this.#files.has('opening.json')) throw new Unreadable('nothing stands before a genesis');
      return new Replay(this.#pinned.ledger, about.tenant, prices, { range, last: undefined, books: new Books() });
    }
    const values = new Map<string, readonly string[]>();
    const listed = this.#json('opening-values.json', OPENING_VALUES_MAX_BYTES);
    if (!Array.isArray(listed)) throw new Unreadable('opening-values.json is no list');
    let previous = '';
    for (const item of listed as unknown[]) {
      this.#members(item, ['aggregate', 'values'], 'opening-values.json');
      const aggregate = this.#text(item, 'aggregate', 'opening-values.json');
      if (aggregate <= previous) throw new Unreadable('opening-values.json is out of order');
      previous = aggregate;
      const commits = (item as { readonly values: unknown }).values;
      if (!Array.isArray(commits) || !commits.every((text) => typeof text === 'string')) {
        throw new Unreadable('opening-values.json holds something else than commitments');
      }
      values.set(aggregate, commits as string[]);
    }
    const carried = this.#json('opening.json');
    const opened = this.#firstEntry(range.size);
    if (opened?.typ !== 'open' || opened.period !== about.period || opened.subscription !== about.subscription) {
      throw new Refuted('invoice', 'the bundle does not begin where its period was opened', {
        seq: range.size,
        file: 'receipts.ndjson',
      });
    }
    if (opened.carried !== sha256Base64url(this.#file('opening.json'))) {
      throw new Refuted('charges', 'the balance brought forward is not the one the first entry carries', {
        seq: range.size,
        file: 'opening.json',
      });
    }
    const books = booksOf(carried, values);
    for (const name of values.keys()) {
      if (books.aggregates.get(name)?.seen === undefined) {
        throw new Refuted('chain', `the balance counts no values of ${name.slice(0, 300)}`, {
          file: 'opening-values.json',
        });
      }
    }
    return new Replay(this.#pinned.ledger, about.tenant, prices, { range, last, books, seenValues: values });
  }

  #firstEntry(seq: number): Entry | undefined {
    try {
      const first = this.#lines('receipts.ndjson').next();
      return first.done === true ? undefined : readEntry(first.value);
    } catch (error) {
      if (error instanceof Unreadable) throw new Refuted('chain', error.message, { seq, file: 'receipts.ndjson' });
      throw error;
    }
  }

  #replay(about: About, head: HeadLine | undefined, anchors: ReadonlyMap<number, HeadLine>): void {
    const replay = this.#start(about);
    let passed = 0;
    const checkTime = (seq: number, recordedAt: string): void => {
      while (passed < this.#anchorTimes.length && this.#anchorTimes[passed]!.size <= seq) passed++;
      const before = this.#anchorTimes[passed - 1];
      const next = this.#anchorTimes[passed];
      if (next !== undefined && recordedAt > next.at) {
        throw new Refuted('anchors', `recorded at ${recordedAt}, but sealed at ${next.at}`, {
          seq,
          file: 'receipts.ndjson',
        });
      }
      if (before !== undefined && recordedAt < plusMicros(before.at as Instant, -CLOCK_TOLERANCE_MICROS)) {
        throw new Refuted('anchors', `recorded at ${recordedAt}, but not there yet at ${before.at}`, {
          seq,
          file: 'receipts.ndjson',
        });
      }
    };
    const checkHead = (): void => {
      const anchor = anchors.get(replay.size);
      if (anchor === undefined) return;
      const found = replay.head();
      if (found.root !== anchor.root || found.last !== anchor.last) {
        throw new Refuted('anchors', `at ${replay.size} entries the log is another than was signed then`, {
          seq: replay.size - 1,
          file: 'receipts.ndjson',
        });
      }
    };
    // Entries of one commit share their time: once per time and stretch between anchors is enough.
    let timed = '';
    let timedUntil = 0;
    try {
      const lines = this.#lines('receipts.ndjson');
      if (replay.size > 0) checkHead();
      for (let line = lines.next(); line.done !== true; line = lines.next()) {
        // Asked for only where a link is broken, and nothing is read after that.
        const entry = replay.apply(line.value, () => {
          const next = lines.next();
          return next.done === true ? head?.last : prevOf(next.value);
        });
        this.#receipts++;
        if (entry.recorded_at !== timed || replay.size > timedUntil) {
          checkTime(replay.size - 1, entry.recorded_at);
          timed = entry.recorded_at;
          timedUntil = this.#anchorTimes[passed]?.size ?? 0;
        }
        checkHead();
      }
    } catch (error) {
      if (error instanceof Unreadable) {
        throw new Refuted('chain', error.message, { seq: replay.size, file: 'receipts.ndjson' });
      }
      if (!(error instanceof LedgerFault)) throw error;
      const claim = CLAIM_OF[error.kind] ?? 'chain';
      throw new Refuted(claim, `${error.kind}: ${error.message}`, { seq: error.seq, file: 'receipts.ndjson' });
    }
    this.#pass('charges', `${replay.charges} charges re-rated`);
    if (head !== undefined) {
      const found = replay.head();
      const seq = Math.min(found.size, Number(head.size));
      const refuse = (detail: string, at: number): never => {
        throw new Refuted('chain', detail, { seq: at, file: 'receipts.ndjson' });
      };
      if (String(found.size) !== head.size)
        refuse(`the bundle holds ${found.size} entries, ${head.size} were sealed`, seq);
      if (found.last !== head.last) refuse('the last entry is not the one that was sealed', found.size - 1);
      if (found.root !== head.root)
        refuse(
          'the entries are not the ones that were sealed',
          Number(this.#text(this.#json('start.json'), 'size', 'start.json')),
        );
      this.#pass('chain', `${this.#receipts} entries up to number ${found.size - 1}, none missing`);
    }
    const invoice = replay.invoices.get(about.number);
    if (invoice === undefined)
      throw new Refuted('invoice', `no entry issues invoice ${about.number}`, { file: 'receipts.ndjson' });
    if (invoice.period !== about.period || invoice.subscription !== about.subscription) {
      throw new Refuted('invoice', 'the invoice is of another period', { file: 'manifest.json' });
    }
    if (!invoiceBytes(invoice).equals(this.#file('invoice.json'))) {
      throw new Refuted('invoice', 'the invoice is not the sum of its receipts', { file: 'invoice.json' });
    }
    this.#pass(
      'invoice',
      `${invoice.number}: ${invoice.lines.length} lines, total ${invoice.total} minor units of ${invoice.currency}`,
    );
  }
}

const rootOfHead = (head: HeadLine): TreeHash => Buffer.from(head.root, 'base64url');

/** Whether a seal was made before another; in an earlier hour where both are anchors. */
const precedes = (earlier: SealRecord, later: SealRecord, bothAnchors: boolean): boolean =>
  bothAnchors ? earlier.at.slice(0, 13) < later.at.slice(0, 13) : earlier.at <= later.at;

/** Faults of an entry that are about money rather than about the log. */
const CLAIM_OF: Readonly<Record<string, ClaimName>> = {
  misrated: 'charges',
  wrong_aggregate: 'charges',
  unknown_price: 'charges',
  wrong_period: 'charges',
  reserved_kind: 'charges',
  wrong_sum: 'invoice',
  wrong_invoice: 'invoice',
};

const prevOf = (text: string): string | undefined => /"prev":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];
