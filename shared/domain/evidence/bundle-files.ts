import { canonicalJson, type Json, readBase64url } from '../canonical.ts';
import { FORMS } from '../ledger/forms.ts';
import { RECORD_MAX_BYTES, Unreadable } from '../ledger/record.ts';
import type { TreeHash } from '../ledger/tree.ts';
import { BundleUnreadable, readTar } from './tar.ts';

/** What the manifest says the bundle is about. */
export interface About {
  readonly tenant: string;
  readonly number: string;
  readonly period: string;
  readonly subscription: string;
  readonly seal: number;
}

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

/** The files of a bundle, each in its one possible form. */
export class BundleFiles {
  readonly #files: ReadonlyMap<string, Buffer>;
  /** The file that was asked for last: where something unreadable was found. */
  #reading = '';

  /** @throws BundleUnreadable where it is no tar of a bundle's files */
  constructor(bytes: Buffer) {
    this.#files = readTar(bytes);
    this.#requireFiles();
  }

  get reading(): string {
    return this.#reading;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Paths in the order of the tar, ascending. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  #requireFiles(): void {
    for (const path of REQUIRED) if (!this.#files.has(path)) throw new BundleUnreadable(`${path} is missing`);
    for (const path of this.#files.keys()) {
      if (
        !REQUIRED.includes(path) &&
        !OPTIONAL.includes(path) &&
        !/^(?:prices|terms)\/[0-9a-f]{64}\.json$/.test(path)
      ) {
        throw new BundleUnreadable(`${path} has no place in a bundle`);
      }
    }
  }

  /** @throws BundleUnreadable where the bundle has no such file */
  file(path: string): Buffer {
    this.#reading = path;
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw new BundleUnreadable(`${path} is missing`);
    return bytes;
  }

  /** A document in canonical JSON. @throws Unreadable */
  json(path: string, maxBytes = DOCUMENT_MAX_BYTES): unknown {
    const bytes = this.file(path);
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
  text(value: unknown, name: string, path: string): string {
    const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    if (typeof text === 'string') return text;
    throw new Unreadable(`${path} has no ${name}`);
  }

  /** @throws Unreadable where a value has other members than these */
  members(value: unknown, names: readonly string[], path: string): void {
    if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== [...names].sort().join()) {
      throw new Unreadable(`${path} has the members ${names.join(', ')}`);
    }
  }

  /** A member that must be a list of hashes, such as an audit path. */
  hashes(value: unknown, name: string, path: string): TreeHash[] {
    const list = (value as Record<string, unknown>)[name];
    if (!Array.isArray(list) || list.length > 64) throw new Unreadable(`${name} in ${path} is no list of hashes`);
    return list.map((text) => {
      const hash = typeof text === 'string' ? readBase64url(text, 32) : undefined;
      if (hash === undefined) throw new Unreadable(`${name} in ${path} is no list of hashes`);
      return hash;
    });
  }

  /** Lines of an ndjson file, each with its newline. */
  *lines(path: string): Generator<string> {
    const bytes = this.file(path);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(10, at);
      if (end < 0) throw new Unreadable(`${path} ends in the middle of a line`);
      if (end - at > RECORD_MAX_BYTES) throw new Unreadable(`${path} has a line of ${end - at} bytes`);
      yield bytes.toString('latin1', at, end);
      at = end + 1;
    }
  }

  /** What the manifest says the bundle is about. @throws Unreadable */
  about(): About {
    const manifest = this.json('manifest.json');
    const names = ['files', 'ledger', 'number', 'period', 'seal', 'subscription', 'tenant', 'typ', 'v'];
    this.members(manifest, names, 'manifest.json');
    if (
      this.text(manifest, 'typ', 'manifest.json') !== 'manifest' ||
      this.text(manifest, 'v', 'manifest.json') !== '1'
    ) {
      throw new Unreadable('manifest.json is of another type or version');
    }
    const seal = this.text(manifest, 'seal', 'manifest.json');
    if (!FORMS.count(seal)) throw new Unreadable('manifest.json names no seal');
    return {
      tenant: this.text(manifest, 'tenant', 'manifest.json'),
      number: this.text(manifest, 'number', 'manifest.json'),
      period: this.text(manifest, 'period', 'manifest.json'),
      subscription: this.text(manifest, 'subscription', 'manifest.json'),
      seal: Number(seal),
    };
  }
}
