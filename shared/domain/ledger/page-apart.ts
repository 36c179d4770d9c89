import {
  BLIND_BYTES,
  CHARGE,
  type ChargeColumns,
  expectedAfter,
  HASH_BYTES,
  idDigest,
  KEY_BYTES,
  newTrail,
  OTHER,
  type PageParts,
  type Trail,
  Turns,
  tailOf,
} from './page-parts.ts';
import { matches, type PageFrame, type Template, templateOf } from './page-template.ts';

/**
 * Takes the entries of a page apart. It looks only as closely as it must to sort them: whoever calls puts the parts
 * together again and compares.
 * @param last leaf hash of the last entry, base64url
 * @returns undefined where the entries are not such as one log has them
 */
export function takeApart(texts: readonly string[], last: string): PageParts | undefined {
  const frame = /^[^\n]*"ledger":"([^"]*)"[^\n]*"tenant":"([^"]*)"/.exec(texts[0] ?? '');
  if (frame === null) return undefined;
  const workbench = new Workbench({ ledger: frame[1]!, tenant: frame[2]! }, texts.length);
  for (const text of texts) if (!workbench.take(text)) return undefined;
  return workbench.parts(last);
}

class Workbench {
  readonly #frame: PageFrame;
  readonly #templates: Template[] = [];
  readonly #trails: Trail[] = [];
  readonly #which: string[] = [];
  readonly #turns = new Turns();
  readonly #recordedAts: string[] = [];
  readonly #charges: ChargeColumns = {
    occurredAt: [],
    quantity: [],
    before: [],
    after: [],
    amount: [],
    eventsBefore: [],
  };
  readonly #values: string[] = [];
  readonly #valueNumbers = new Map<string, number>();
  readonly #raw: Buffer;
  /** bytes of `raw` that are filled */
  #filled = 0;
  #firstSeq = '';
  #prev = '';
  #recordedAt = '';
  #occurredAt = '';
  #idBytes = 0;
  /** what stands in the entry at hand for each member that moves */
  readonly #moving: string[] = [];

  constructor(frame: PageFrame, entries: number) {
    this.#frame = frame;
    this.#raw = Buffer.allocUnsafe(entries * (BLIND_BYTES + 3 * HASH_BYTES));
  }

  take(text: string): boolean {
    const which = this.#find(text);
    if (which === undefined) return false;
    this.#which.push(which === this.#turns.expected ? '' : String(which));
    this.#turns.took(which);
    const { kind, aggregation } = this.#templates[which]!;
    const moving = this.#moving;
    const at = kind === 'charge' ? CHARGE : OTHER;
    if (this.#which.length === 1) {
      this.#firstSeq = moving[at.seq]!;
      this.#prev = moving[at.prev]!;
    }
    this.#write(moving[at.blind]!, BLIND_BYTES);
    const recordedAt = moving[at.recordedAt]!;
    this.#recordedAts.push(tailOf(recordedAt, this.#recordedAt));
    this.#recordedAt = recordedAt;
    if (kind === 'charge') this.#charge(aggregation, this.#trails[which]!);
    return true;
  }

  #find(text: string): number | undefined {
    const { expected } = this.#turns;
    if (expected !== undefined && matches(text, this.#templates[expected]!, this.#moving)) return expected;
    const known = this.#templates.findIndex((template) => matches(text, template, this.#moving));
    if (known >= 0) return known;
    const template = templateOf(text, this.#frame);
    if (template === undefined || !matches(text, template, this.#moving)) return undefined;
    this.#trails.push(newTrail());
    return this.#templates.push(template) - 1;
  }

  #charge(aggregation: string, trail: Trail): void {
    const moving = this.#moving;
    const columns = this.#charges;
    const occurredAt = moving[CHARGE.occurredAt]!;
    const quantity = moving[CHARGE.quantity]!;
    const before = moving[CHARGE.before]!;
    const after = moving[CHARGE.after]!;
    const events = moving[CHARGE.eventsBefore]!;
    columns.occurredAt.push(tailOf(occurredAt, this.#occurredAt));
    columns.quantity.push(quantity === trail.quantity ? '' : quantity);
    columns.before.push(before === trail.after ? '' : before);
    columns.amount.push(moving[CHARGE.amount]!);
    columns.eventsBefore.push(events === String(trail.events) ? '' : events);
    this.#writeId(moving[CHARGE.eventId]!, occurredAt);
    this.#write(moving[CHARGE.eventCommit]!, HASH_BYTES);
    const isNewValue = aggregation === 'unique_count' && this.#writeValue(moving[CHARGE.valueCommit]!);
    columns.after.push(after === expectedAfter(aggregation, before, quantity, isNewValue) ? '' : after);
    trail.after = after;
    trail.events = Number(events) + 1;
    trail.quantity = quantity;
    this.#occurredAt = occurredAt;
  }

  #write(base64url: string, bytes: number): void {
    this.#raw.write(base64url, this.#filled, bytes, 'base64url');
    this.#filled += bytes;
  }

  /** The first id of a page decides for all of them whether its second half follows from its first. */
  #writeId(id: string, occurredAt: string): void {
    const raw = this.#raw;
    const from = this.#filled;
    this.#write(id, HASH_BYTES);
    if (this.#idBytes === 0) {
      const digest = Buffer.from(idDigest(raw.toString('base64url', from, from + KEY_BYTES), occurredAt), 'base64url');
      const follows = raw.subarray(from + KEY_BYTES, this.#filled).equals(digest.subarray(0, HASH_BYTES - KEY_BYTES));
      this.#idBytes = follows ? KEY_BYTES : HASH_BYTES;
    }
    this.#filled = from + this.#idBytes;
  }

  /** @returns whether the page has not had the value before */
  #writeValue(commit: string): boolean {
    const known = this.#valueNumbers.get(commit);
    this.#values.push(known === undefined ? '' : String(known));
    if (known !== undefined) return false;
    this.#valueNumbers.set(commit, this.#valueNumbers.size);
    this.#write(commit, HASH_BYTES);
    return true;
  }

  parts(last: string): PageParts {
    return {
      ...this.#frame,
      firstSeq: Number(this.#firstSeq),
      prev: this.#prev,
      last,
      idBytes: this.#idBytes === 0 ? HASH_BYTES : this.#idBytes,
      templates: this.#templates,
      count: this.#which.length,
      which: this.#which,
      recordedAt: this.#recordedAts,
      charges: this.#charges,
      values: this.#values,
      raw: this.#raw.subarray(0, this.#filled),
    };
  }
}
