import { type Instant, instantOfMicros, isInstant, microsOf } from '../../../domain/time.ts';
import type { AnyTable, Cell } from '../../../ports/database.ts';

/** Bytes that a scattered key has: the first half of a SHA-256. */
export const KEY_BYTES = 16;
/** Two bytes of length and the key stand before a record's cells. */
export const RECORD_HEAD = 2 + KEY_BYTES;
/** What a record may have at most, so that its length fits two bytes. */
const RECORD_MAX = 0xffff;

// How a text is written: as UTF-8, or shorter where it is one of three forms that nearly all of them have.
const UTF8 = 0;
const INSTANT = 1;
const HEX_PAIR = 2;
const DAY = 3;
const DAY_BYTES = 3;
const DAY_TEXT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const MICROS_A_DAY = 86_400_000_000;
const PAIR = /^[0-9a-f]{16}-[0-9a-f]{16}$/;

/** A text as it was written last: neighbours mostly share theirs, and comparing is cheaper than writing. */
interface Last {
  readonly cell: string;
  readonly bytes: Buffer;
}

/**
 * Rows of one scattered table as bytes: length (2 bytes), the key's hash (16), then every other column. A text is a tag, a length and
 * UTF-8; a canonical instant is 8 bytes of microseconds, a day such as `2026-04-06` 3 bytes of days since 1970, two groups of 16 hex
 * digits are 16 bytes. Numbers are LEB128.
 */
export class RecordForm {
  readonly #names: readonly string[];
  readonly #keyName: string;
  readonly #types: readonly string[];
  readonly #last: (Last | undefined)[];
  /** position of the column that says until when a row is good, among all columns */
  readonly #expiry: number;

  constructor(table: AnyTable) {
    const { scattered, columns } = table;
    if (scattered === undefined || columns[scattered] !== 'bytes')
      throw new TypeError(`${table.name} is not scattered`);
    const others = Object.entries(columns).filter(([name]) => name !== scattered);
    if (others.some(([, type]) => type.endsWith('?'))) throw new TypeError(`${table.name} may hold no empty cells`);
    this.#keyName = scattered;
    this.#names = others.map(([name]) => name);
    this.#types = others.map(([, type]) => type);
    this.#last = this.#names.map(() => undefined);
    this.#expiry = table.expires === undefined ? -1 : this.#names.indexOf(table.expires);
  }

  /** The hash in a row's key. @throws TypeError where it is none */
  static keyOf(table: AnyTable, row: Readonly<Record<string, Cell | undefined>>): Uint8Array {
    return requireHash(table, row[table.scattered!]);
  }

  /** @throws TypeError where a cell is not of its column's type, or the row too long */
  check(row: Readonly<Record<string, Cell | undefined>>): void {
    let length = 0;
    for (let i = 0; i < this.#names.length; i++) {
      const cell = row[this.#names[i]!];
      // As it was a moment ago: then it was sound.
      if (this.#last[i]?.cell === cell) continue;
      if (!isOfType(this.#types[i]!, cell)) throw new TypeError(`${this.#names[i]} is not ${this.#types[i]}`);
      if (typeof cell !== 'number') length += 10 + cell.length * 3;
    }
    if (length > RECORD_MAX / 2) throw new TypeError('a scattered row is too long');
  }

  /**
   * Writes a row that was checked at a place.
   * @returns where it ends, or -1 where it does not fit
   */
  write(target: Buffer, at: number, row: Readonly<Record<string, Cell | undefined>>): number {
    const key = row[this.#keyName] as Uint8Array;
    if (at + RECORD_HEAD > target.length) return -1;
    target.set(key, at + 2);
    let to = at + RECORD_HEAD;
    for (let i = 0; i < this.#names.length; i++) {
      const cell = row[this.#names[i]!]!;
      if (typeof cell === 'string') {
        const bytes = this.#textOf(i, cell);
        if (to + bytes.length > target.length) return -1;
        target.set(bytes, to);
        to += bytes.length;
      } else if (typeof cell === 'number') {
        if (to + VARINT_MAX > target.length) return -1;
        to = writeVarint(target, to, cell);
      } else {
        const bytes = cell as Uint8Array;
        if (to + VARINT_MAX + bytes.length > target.length) return -1;
        to = writeVarint(target, to, bytes.length);
        target.set(bytes, to);
        to += bytes.length;
      }
    }
    target.writeUInt16BE(to - at, at);
    return to;
  }

  read(source: Buffer, at: number): Record<string, Cell> {
    const row: Record<string, Cell> = {};
    row[this.#keyName] = new Uint8Array(source.subarray(at + 2, at + RECORD_HEAD));
    const reader = new CellReader(source, at + RECORD_HEAD);
    for (let i = 0; i < this.#names.length; i++) row[this.#names[i]!] = reader.cell(this.#types[i]!);
    return row;
  }

  /** Until when a record is good, in microseconds since 1970; 0 where rows do not expire. */
  expiryOf(source: Buffer, at: number): number {
    if (this.#expiry < 0) return 0;
    const reader = new CellReader(source, at + RECORD_HEAD);
    for (let i = 0; i < this.#expiry; i++) reader.skip(this.#types[i]!);
    return reader.micros();
  }

  /** A text's bytes, those of the row before where it is the same text. */
  #textOf(column: number, text: string): Buffer {
    const last = this.#last[column];
    if (last?.cell === text) return last.bytes;
    const bytes = encodeText(text);
    this.#last[column] = { cell: text, bytes };
    return bytes;
  }
}

function isOfType(type: string, cell: Cell | undefined): cell is string | number | Uint8Array {
  if (type === 'int') return typeof cell === 'number' && Number.isSafeInteger(cell) && cell >= 0;
  return type === 'bytes' ? cell instanceof Uint8Array : typeof cell === 'string';
}

export function requireHash(table: AnyTable, cell: Cell | undefined): Uint8Array {
  if (cell instanceof Uint8Array && cell.length === KEY_BYTES) return cell;
  throw new TypeError(`${table.name}.${table.scattered} is a hash of ${KEY_BYTES} bytes`);
}

function encodeText(text: string): Buffer {
  if (isInstant(text)) {
    const bytes = Buffer.alloc(9);
    bytes[0] = INSTANT;
    bytes.writeBigInt64BE(microsOf(text), 1);
    return bytes;
  }
  const day = DAY_TEXT.test(text) ? dayOf(text) : -1;
  if (day >= 0) {
    const bytes = Buffer.from([DAY, 0, 0, 0]);
    bytes.writeUIntBE(day, 1, DAY_BYTES);
    return bytes;
  }
  if (PAIR.test(text)) return Buffer.concat([Buffer.of(HEX_PAIR), Buffer.from(text.replace('-', ''), 'hex')]);
  const utf8 = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.of(UTF8), varint(utf8.length), utf8]);
}

/** Days since 1970; -1 for a text that is no day of the calendar, or one before. */
function dayOf(text: string): number {
  const instant = `${text}T00:00:00.000000Z`;
  return isInstant(instant) ? Number(microsOf(instant)) / MICROS_A_DAY : -1;
}

/** Bytes that the largest safe integer takes. */
const VARINT_MAX = 8;

function writeVarint(target: Buffer, at: number, value: number): number {
  let to = at;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[to++] = (rest % 128) | 128;
  target[to++] = rest;
  return to;
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(VARINT_MAX);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

/** Bytes after a tag that says how many there are. */
const LENGTHS: Readonly<Record<number, number>> = { [INSTANT]: 8, [HEX_PAIR]: 16, [DAY]: DAY_BYTES };

class CellReader {
  readonly #source: Buffer;
  #at: number;

  constructor(source: Buffer, at: number) {
    this.#source = source;
    this.#at = at;
  }

  cell(type: string): Cell {
    if (type === 'int') return this.#varint();
    if (type === 'bytes') return new Uint8Array(this.#bytes(this.#varint()));
    const tag = this.#source[this.#at++];
    if (tag === INSTANT) return instantOfMicros(this.#bytes(8).readBigInt64BE(0)) as Instant;
    if (tag === DAY) {
      const micros = BigInt(this.#bytes(DAY_BYTES).readUIntBE(0, DAY_BYTES)) * BigInt(MICROS_A_DAY);
      return instantOfMicros(micros).slice(0, 10);
    }
    if (tag === HEX_PAIR) {
      const hex = this.#bytes(16).toString('hex');
      return `${hex.slice(0, 16)}-${hex.slice(16)}`;
    }
    return this.#bytes(this.#varint()).toString('utf8');
  }

  /** Where an instant stands, without making a text of it. */
  micros(): number {
    const tag = this.#source[this.#at];
    if (tag === DAY) return this.#source.readUIntBE(this.#at + 1, DAY_BYTES) * MICROS_A_DAY;
    return tag === INSTANT ? Number(this.#source.readBigInt64BE(this.#at + 1)) : 0;
  }

  skip(type: string): void {
    const tag = type === 'text' ? this.#source[this.#at++] : UTF8;
    if (type === 'int') this.#varint();
    else this.#bytes(LENGTHS[tag!] ?? this.#varint());
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#source[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  #bytes(length: number): Buffer {
    this.#at += length;
    return this.#source.subarray(this.#at - length, this.#at);
  }
}
