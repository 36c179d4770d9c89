import { type Instant, readInstant } from '../time.ts';
import { PLAIN_SOURCE, type UsageEvent } from './event.ts';

/** Events of one request as they were read, without a tree of the JSON being made. A class: no JSON that somebody sends is one. */
export class PlainUsage {
  readonly isList: boolean;
  readonly events: readonly PlainEvent[];

  constructor(isList: boolean, events: readonly PlainEvent[]) {
    this.isList = isList;
    this.events = events;
  }
}

/** As many as a request may hold; more are read, and refused, as anything else is. */
const EVENTS_MAX = 1000;
const MEMBERS_MAX = 50;
const VALUE_MAX_BYTES = 500;
const NAME_MAX_BYTES = 63;
const KEY_MAX_BYTES = 255;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const UNDERSCORE = 0x5f;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const TILDE = 0x7e;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const QUANTITY = ascii('quantity');
const DATA = ascii('{"data":{');
const ID = ascii('},"id":"');
const SOURCE = ascii(`","source":"${PLAIN_SOURCE}"`);
const SUBJECT = ascii(',"subject":"');
const TIME = ascii('","time":"');
const TIME_ALONE = ascii(',"time":"');
const TYPE = ascii('","type":"');
const END = ascii('"}');
/** What canonical texts have more than the events they are of: names, and a time that is written in full. */
const LONGER_BYTES = 160;

/** Members that an event of the plain form has, by their names. */
const KEY = 0;
const METRIC = 1;
const TIMESTAMP = 2;
const AMOUNT = 3;
const SUBSCRIPTION = 4;
const FIELDS = ['idempotency_key', 'metric_name', 'timestamp', 'quantity', 'subscription_id'].map(ascii);
const PROPERTIES = ascii('properties');

/**
 * Reads usage in the plain form where it is as plain as nearly all usage is: printable ASCII without an escape, known members, each once.
 * What comes out is what reading the JSON and then each event would give, byte for byte, at a third of the cost: no object is
 * made for what is only copied, and canonical texts are put together from the bytes that were sent.
 *
 * @returns undefined for anything else, sound or not: that is for whoever reads any JSON, and says what is wrong with it
 */
export function readPlainUsage(body: Buffer): PlainUsage | undefined {
  const reader = new Reader(body);
  reader.skipSpace();
  const isList = body[reader.at] === OPEN_BRACKET;
  const events: PlainEvent[] = [];
  if (isList) reader.at++;
  do {
    const event = events.length < EVENTS_MAX ? reader.event() : undefined;
    if (event === undefined) return undefined;
    events.push(event);
  } while (isList && reader.passes(COMMA));
  if (isList && !reader.passes(CLOSE_BRACKET)) return undefined;
  reader.skipSpace();
  return reader.at === body.length ? new PlainUsage(isList, events) : undefined;
}

/** An event that was read in place: what is asked for is made a text then. */
export class PlainEvent implements UsageEvent {
  readonly source = PLAIN_SOURCE;
  readonly type: string;
  readonly subject: string | undefined;
  readonly time: Instant;
  /** canonical text */
  readonly bytes: Buffer;
  /** the idempotency key as it was sent */
  readonly keyBytes: Buffer;
  readonly #quantity: string | undefined;

  constructor(
    type: string,
    subject: string | undefined,
    time: Instant,
    quantity: string | undefined,
    keyBytes: Buffer,
    bytes: Buffer,
  ) {
    this.type = type;
    this.subject = subject;
    this.time = time;
    this.#quantity = quantity;
    this.keyBytes = keyBytes;
    this.bytes = bytes;
  }

  get key(): string {
    return this.keyBytes.toString('latin1');
  }

  get data(): Readonly<Record<string, string>> {
    return (JSON.parse(this.bytes.toString('latin1')) as { readonly data: Readonly<Record<string, string>> }).data;
  }

  /** One value of the data, mostly without reading the others. */
  value(name: string): string | undefined {
    if (name === 'quantity') return this.#quantity;
    const { data } = this;
    return Object.hasOwn(data, name) ? data[name] : undefined;
  }
}

class Reader {
  readonly body: Buffer;
  at = 0;
  readonly #out: Buffer;
  #to = 0;
  // Where each known member's value begins and ends; a beginning of 0 is none, as a quote stands before any.
  readonly #from = new Int32Array(FIELDS.length);
  readonly #end = new Int32Array(FIELDS.length);
  // Names and values of what will be the data, in order.
  readonly #nameFrom = new Int32Array(MEMBERS_MAX + 1);
  readonly #nameEnd = new Int32Array(MEMBERS_MAX + 1);
  readonly #valueFrom = new Int32Array(MEMBERS_MAX + 1);
  readonly #valueEnd = new Int32Array(MEMBERS_MAX + 1);
  #members = 0;
  // Neighbours mostly say the same; a text is made once for all who do.
  readonly #metric = new LastText();
  readonly #subscription = new LastText();
  readonly #timestamp = new LastText();
  readonly #quantity = new LastText();
  #instant: Instant | undefined;

  constructor(body: Buffer) {
    this.body = body;
    this.#out = Buffer.allocUnsafe(body.length + LONGER_BYTES * Math.min(EVENTS_MAX, 1 + Math.floor(body.length / 64)));
  }

  skipSpace(): void {
    const { body } = this;
    for (let byte = body[this.at]!; byte === SPACE || (byte >= 9 && byte <= 13 && byte !== 11 && byte !== 12); ) {
      byte = body[++this.at]!;
    }
  }

  passes(byte: number): boolean {
    this.skipSpace();
    if (this.body[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  event(): PlainEvent | undefined {
    if (!this.passes(OPEN_BRACE)) return undefined;
    this.#from.fill(0);
    this.#members = 0;
    let hasProperties = false;
    do {
      if (!this.passes(QUOTE)) return undefined;
      const from = this.at;
      const end = this.#stringEnd();
      if (end < 0 || !this.passes(COLON)) return undefined;
      if (this.#is(PROPERTIES, from, end)) {
        if (hasProperties || !this.#readProperties()) return undefined;
        hasProperties = true;
        continue;
      }
      const field = this.#fieldOf(from, end);
      if (field < 0 || this.#from[field] !== 0 || !this.passes(QUOTE)) return undefined;
      this.#from[field] = this.at;
      this.#end[field] = this.#stringEnd();
      if (this.#end[field]! < 0) return undefined;
    } while (this.passes(COMMA));
    return this.passes(CLOSE_BRACE) ? this.#made() : undefined;
  }

  #made(): PlainEvent | undefined {
    const from = this.#from;
    const end = this.#end;
    const keyBytes = end[KEY]! - from[KEY]!;
    if (from[KEY] === 0 || from[METRIC] === 0 || from[TIMESTAMP] === 0) return undefined;
    if (keyBytes < 1 || keyBytes > KEY_MAX_BYTES) return undefined;
    const time = this.#time(from[TIMESTAMP]!, end[TIMESTAMP]!);
    if (time === undefined) return undefined;
    const quantity = from[AMOUNT] === 0 ? undefined : this.#quantity.of(this.body, from[AMOUNT]!, end[AMOUNT]!);
    if (quantity !== undefined && !this.#addMember(-1, -1, from[AMOUNT]!, end[AMOUNT]!)) return undefined;
    const type = this.#metric.of(this.body, from[METRIC]!, end[METRIC]!);
    const hasSubject = from[SUBSCRIPTION] !== 0;
    const subject = hasSubject ? this.#subscription.of(this.body, from[SUBSCRIPTION]!, end[SUBSCRIPTION]!) : undefined;

    const begin = this.#to;
    this.#put(DATA, 0, DATA.length);
    this.#putMembers();
    this.#put(ID, 0, ID.length);
    this.#put(this.body, from[KEY]!, end[KEY]!);
    this.#put(SOURCE, 0, SOURCE.length);
    if (hasSubject) {
      this.#put(SUBJECT, 0, SUBJECT.length);
      this.#put(this.body, from[SUBSCRIPTION]!, end[SUBSCRIPTION]!);
      this.#put(TIME, 0, TIME.length);
    } else this.#put(TIME_ALONE, 0, TIME_ALONE.length);
    for (let i = 0; i < time.length; i++) this.#out[this.#to++] = time.charCodeAt(i);
    this.#put(TYPE, 0, TYPE.length);
    this.#put(this.body, from[METRIC]!, end[METRIC]!);
    this.#put(END, 0, END.length);
    const text = this.#out.subarray(begin, this.#to);
    // Between two texts of a batch stands a line feed: so they are kept, in one piece.
    this.#out[this.#to++] = 0x0a;
    return new PlainEvent(type, subject, time, quantity, this.body.subarray(from[KEY], end[KEY]), text);
  }

  #time(from: number, end: number): Instant | undefined {
    const before = this.#timestamp.text;
    const text = this.#timestamp.of(this.body, from, end);
    if (text !== before || this.#instant === undefined) this.#instant = readInstant(text);
    return this.#instant;
  }

  #readProperties(): boolean {
    if (!this.passes(OPEN_BRACE)) return false;
    if (this.passes(CLOSE_BRACE)) return true;
    do {
      if (!this.passes(QUOTE)) return false;
      const nameFrom = this.at;
      const nameEnd = this.#stringEnd();
      if (nameEnd < 0 || !this.#isName(nameFrom, nameEnd) || !this.passes(COLON) || !this.passes(QUOTE)) return false;
      const valueFrom = this.at;
      const valueEnd = this.#stringEnd();
      if (valueEnd < 0 || valueEnd - valueFrom > VALUE_MAX_BYTES || this.#members === MEMBERS_MAX) return false;
      if (!this.#addMember(nameFrom, nameEnd, valueFrom, valueEnd)) return false;
    } while (this.passes(COMMA));
    return this.passes(CLOSE_BRACE);
  }

  /** A name of the form that properties have, that is not one of those which reach into JavaScript's prototypes. */
  #isName(from: number, end: number): boolean {
    const length = end - from;
    if (length < 1 || length > NAME_MAX_BYTES) return false;
    for (let at = from; at < end; at++) {
      const byte = this.body[at]!;
      const lower = byte | 0x20;
      const isLetter = lower >= 0x61 && lower <= 0x7a;
      if (!isLetter && (at === from || (byte !== UNDERSCORE && (byte < 0x30 || byte > 0x39)))) return false;
    }
    return length !== 9 && length !== 11;
  }

  /** Keeps members in the order of their names. @param nameFrom negative for `quantity` @returns false where the name is there already */
  #addMember(nameFrom: number, nameEnd: number, valueFrom: number, valueEnd: number): boolean {
    let place = this.#members;
    for (; place > 0; place--) {
      const order = this.#compareNames(nameFrom, nameEnd, this.#nameFrom[place - 1]!, this.#nameEnd[place - 1]!);
      if (order === 0) return false;
      if (order > 0) break;
    }
    for (let i = this.#members; i > place; i--) {
      this.#nameFrom[i] = this.#nameFrom[i - 1]!;
      this.#nameEnd[i] = this.#nameEnd[i - 1]!;
      this.#valueFrom[i] = this.#valueFrom[i - 1]!;
      this.#valueEnd[i] = this.#valueEnd[i - 1]!;
    }
    this.#nameFrom[place] = nameFrom;
    this.#nameEnd[place] = nameEnd;
    this.#valueFrom[place] = valueFrom;
    this.#valueEnd[place] = valueEnd;
    this.#members++;
    return true;
  }

  #compareNames(a: number, aEnd: number, b: number, bEnd: number): number {
    const one = a < 0 ? QUANTITY : this.body;
    const [from, end] = a < 0 ? [0, QUANTITY.length] : [a, aEnd];
    for (let i = 0; from + i < end && b + i < bEnd; i++) {
      const order = one[from + i]! - this.body[b + i]!;
      if (order !== 0) return order;
    }
    return end - from - (bEnd - b);
  }

  #putMembers(): void {
    for (let i = 0; i < this.#members; i++) {
      this.#out[this.#to++] = i === 0 ? QUOTE : COMMA;
      if (i > 0) this.#out[this.#to++] = QUOTE;
      if (this.#nameFrom[i]! < 0) this.#put(QUANTITY, 0, QUANTITY.length);
      else this.#put(this.body, this.#nameFrom[i]!, this.#nameEnd[i]!);
      this.#out[this.#to++] = QUOTE;
      this.#out[this.#to++] = COLON;
      this.#out[this.#to++] = QUOTE;
      this.#put(this.body, this.#valueFrom[i]!, this.#valueEnd[i]!);
      this.#out[this.#to++] = QUOTE;
    }
  }

  // So few bytes at a time are copied faster here than by a call.
  #put(source: Uint8Array, from: number, end: number): void {
    const out = this.#out;
    let to = this.#to;
    for (let at = from; at < end; at++) out[to++] = source[at]!;
    this.#to = to;
  }

  /** Where the string ends that begins here, and goes past its quote; -1 where it has an escape, or what is not printable ASCII. */
  #stringEnd(): number {
    const { body } = this;
    for (let at = this.at; ; at++) {
      const byte = body[at]!;
      if (byte === QUOTE) {
        this.at = at + 1;
        return at;
      }
      // Beyond the end stands undefined, which is neither.
      if (!(byte >= SPACE && byte <= TILDE) || byte === BACKSLASH) return -1;
    }
  }

  #fieldOf(from: number, end: number): number {
    for (let field = 0; field < FIELDS.length; field++) if (this.#is(FIELDS[field]!, from, end)) return field;
    return -1;
  }

  #is(name: Uint8Array, from: number, end: number): boolean {
    if (end - from !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.body[from + i] !== name[i]) return false;
    return true;
  }
}

/** The text that was asked for last. */
class LastText {
  text = '';
  #source: Buffer | undefined;
  #from = 0;
  #end = 0;

  of(source: Buffer, from: number, end: number): string {
    const length = end - from;
    if (this.#source === source && length === this.#end - this.#from) {
      let i = 0;
      while (i < length && source[this.#from + i] === source[from + i]) i++;
      if (i === length) return this.text;
    }
    this.#source = source;
    this.#from = from;
    this.#end = end;
    this.text = source.toString('latin1', from, end);
    return this.text;
  }
}
