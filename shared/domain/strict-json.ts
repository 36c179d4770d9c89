import { BadInput } from './errors.ts';

/** How much structure a document may have. */
export interface JsonBounds {
  /** Containers open at once: `[[1]]` has depth 2. */
  readonly maxDepth?: number;
  /** Members of any one object. */
  readonly maxKeys?: number;
}

// ignoreBOM means "do not swallow it": the mark stays in the text, where JSON.parse refuses it.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LETTER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads a JSON text (RFC 8259) so that it can only mean one thing.
 *
 * This is I-JSON (RFC 7493) with bounds. What two parsers might read differently (repeated names, half surrogate pairs,
 * a byte order mark) is refused: a signature over bytes is worth little when two readers see two documents in them.
 * The bounds hold before JSON.parse builds anything. Numbers are left as JSON.parse reads them.
 *
 * @throws BadInput `malformed_json`, `nesting_too_deep`, `too_many_items`, `duplicate_key`, `invalid_encoding`, or
 * `unknown_field` for a name that reaches into JavaScript's prototypes. No message repeats any part of the input.
 */
export function parseStrictJson(bytes: Uint8Array, { maxDepth = 8, maxKeys = 256 }: JsonBounds = {}): unknown {
  const text = decodeUtf8(bytes);
  inspect(text, maxDepth, maxKeys);
  return parseJson(text);
}

/**
 * Walks the text once and refuses what JSON.parse would let through. It need not notice broken syntax, which JSON.parse
 * refuses afterwards, but is exact about every text that is JSON.
 */
function inspect(text: string, maxDepth: number, maxKeys: number): void {
  const end = text.length;
  const members = new Members(text, maxDepth, maxKeys);
  let nameNext = false;
  let at = 0;
  while (at < end) {
    const unit = text.charCodeAt(at++);
    if (unit === QUOTE) {
      at = nameNext ? members.take(at) : afterString(text, at);
      nameNext = false;
    } else if (unit === COMMA) {
      nameNext = members.inObject();
    } else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      nameNext = unit === OPEN_BRACE;
      members.open(nameNext);
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      members.close();
    }
  }
}

/** Names compared one by one. Beyond this many, or once a name has escapes, an object's names go into a Set. */
const FEW = 16;

/**
 * The member names of every open container. A few names are told apart by hash and place in the text, so that an
 * ordinary event leaves no garbage; the Set's own hashes are seeded, so that nobody can choose names that collide.
 */
class Members {
  readonly text: string;
  readonly maxDepth: number;
  readonly maxKeys: number;
  readonly hashes: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Per depth: the members met so far, or -1 in an array and outside of everything. */
  readonly counts: Int32Array;
  readonly sets: (Set<string> | undefined)[] = [];
  depth = 0;

  constructor(text: string, maxDepth: number, maxKeys: number) {
    this.text = text;
    this.maxDepth = maxDepth;
    this.maxKeys = maxKeys;
    this.hashes = new Int32Array((maxDepth + 1) * FEW);
    this.starts = new Int32Array((maxDepth + 1) * FEW);
    this.lengths = new Int32Array((maxDepth + 1) * FEW);
    this.counts = new Int32Array(maxDepth + 1).fill(-1);
  }

  open(object: boolean): void {
    if (this.depth === this.maxDepth) {
      throw new BadInput('nesting_too_deep', `the body is nested deeper than ${this.maxDepth} levels`);
    }
    this.depth++;
    this.counts[this.depth] = object ? 0 : -1;
    this.sets[this.depth] = undefined;
  }

  close(): void {
    if (this.depth === 0) throw malformed();
    this.depth--;
  }

  inObject(): boolean {
    return this.counts[this.depth]! >= 0;
  }

  /** Takes in the member name that starts at `start`. @returns the place after its closing quote */
  take(start: number): number {
    const { text } = this;
    let hash = 0;
    let at = start;
    let unit = text.charCodeAt(at);
    while (unit !== QUOTE && unit !== BACKSLASH && at < text.length) {
      hash = (Math.imul(hash, 31) + unit) | 0;
      unit = text.charCodeAt(++at);
    }
    const escaped = unit === BACKSLASH;
    const after = escaped ? afterString(text, at) : at + 1;
    const length = after - 1 - start;

    const count = this.counts[this.depth]!;
    if (count >= this.maxKeys) {
      throw new BadInput('too_many_items', `an object has more than ${this.maxKeys} members`);
    }
    this.counts[this.depth] = count + 1;
    if (escaped || count >= FEW || this.sets[this.depth] !== undefined) this.addToSet(start, length, count, escaped);
    else this.addToFew(start, length, count, hash);
    return after;
  }

  private addToFew(start: number, length: number, count: number, hash: number): void {
    const { text, hashes, lengths, starts } = this;
    const first = this.depth * FEW;
    for (let known = first; known < first + count; known++) {
      if (hashes[known] === hash && lengths[known] === length && same(text, starts[known]!, start, length)) {
        throw duplicateKey();
      }
    }
    refusePrototypeName(text, start, length);
    hashes[first + count] = hash;
    lengths[first + count] = length;
    starts[first + count] = start;
  }

  private addToSet(start: number, length: number, count: number, escaped: boolean): void {
    const { text } = this;
    let names = this.sets[this.depth];
    if (names === undefined) {
      names = new Set();
      for (let known = this.depth * FEW, last = known + count; known < last; known++) {
        names.add(text.slice(this.starts[known]!, this.starts[known]! + this.lengths[known]!));
      }
      this.sets[this.depth] = names;
    }
    const raw = text.slice(start, start + length);
    const name = escaped ? String(parseJson(`"${raw}"`)) : raw;
    refusePrototypeName(name, 0, name.length);
    const before = names.size;
    names.add(name);
    if (names.size === before) throw duplicateKey();
  }
}

/**
 * Finds the end of a string whose content goes on at `at`.
 * @returns the place after its closing quote
 * @throws BadInput `invalid_encoding` where an escape names half of a surrogate pair: that is no character, and cannot
 * be written as UTF-8 again. Unescaped halves are no UTF-8 and never come this far.
 */
function afterString(text: string, at: number): number {
  while (at < text.length) {
    const unit = text.charCodeAt(at++);
    if (unit === QUOTE) return at;
    if (unit !== BACKSLASH || text.charCodeAt(at++) !== LETTER_U) continue;
    const half = hexAt(text, at);
    if (half < 0xd800 || half > 0xdfff) continue;
    const pair =
      half < 0xdc00 &&
      text.charCodeAt(at + 4) === BACKSLASH &&
      text.charCodeAt(at + 5) === LETTER_U &&
      hexAt(text, at + 6) >> 10 === 0xdc00 >> 10;
    if (!pair) throw new BadInput('invalid_encoding', 'a string holds half of a surrogate pair');
    at += 10;
  }
  throw malformed();
}

/** Four hexadecimal digits as a number, or -1 where they are not that. */
function hexAt(text: string, at: number): number {
  let value = 0;
  for (let place = at; place < at + 4; place++) {
    const unit = text.charCodeAt(place);
    const letter = unit | 0x20;
    if (unit >= 0x30 && unit <= 0x39) value = value * 16 + unit - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return -1;
  }
  return value;
}

function same(text: string, one: number, other: number, length: number): boolean {
  for (let place = 0; place < length; place++) {
    if (text.charCodeAt(one + place) !== text.charCodeAt(other + place)) return false;
  }
  return true;
}

function refusePrototypeName(text: string, start: number, length: number): void {
  if (length !== 9 && length !== 11) return;
  const name = text.slice(start, start + length);
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    throw new BadInput('unknown_field', 'a member may not be named __proto__, constructor or prototype');
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw malformed();
  }
}

// JSON.parse quotes its input in its messages, so its error goes no further than here.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

const malformed = (): BadInput => new BadInput('malformed_json', 'the body is not JSON in UTF-8 (RFC 8259)');
const duplicateKey = (): BadInput => new BadInput('duplicate_key', 'an object has two members of the same name');
