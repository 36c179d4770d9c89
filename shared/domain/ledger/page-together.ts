import {
  BLIND_BYTES,
  CHARGE,
  expectedAfter,
  HASH_BYTES,
  idDigest,
  KEY_BYTES,
  newTrail,
  OTHER,
  type PageParts,
  Turns,
  withTail,
} from './page-parts.ts';
import { fill } from './page-template.ts';
import { RECORD_MAX_BYTES } from './record.ts';

// Each value starts at a multiple of three bytes, where base64url starts a new group of four letters: so one call writes
// all of them, and each is cut out of the whole.
const BLIND_SPAN = { bytes: 18, letters: 24, used: 22 };
const HASH_SPAN = { bytes: 33, letters: 44, used: 43 };

/**
 * Puts the entries of a page together.
 * @param leafHash gives an entry's leaf hash as base64url; asked once per entry, in order
 * @returns undefined where the parts do not fit one another
 */
export function putTogether(parts: PageParts, leafHash: (text: string, index: number) => string): string[] | undefined {
  const { templates, charges } = parts;
  const opened = openRaw(parts);
  if (opened === undefined) return undefined;
  const { which, letters, occurredAts } = opened;
  let cut = 0;
  const nextHash = (): string => {
    const from = cut;
    cut += HASH_SPAN.letters;
    return letters.slice(from, from + HASH_SPAN.used);
  };
  const trails = templates.map(newTrail);
  const seen: string[] = [];
  const texts: string[] = [];
  const moving: string[] = [];
  let recordedAt = '';
  let prev = parts.prev;
  let charge = 0;
  let counted = 0;
  for (let i = 0; i < parts.count; i++) {
    const template = templates[which[i]!]!;
    const at = template.kind === 'charge' ? CHARGE : OTHER;
    recordedAt = withTail(recordedAt, parts.recordedAt[i] ?? '');
    moving[at.blind] = letters.slice(cut, cut + BLIND_SPAN.used);
    cut += BLIND_SPAN.letters;
    moving[at.prev] = prev;
    moving[at.recordedAt] = recordedAt;
    moving[at.seq] = String(parts.firstSeq + i);
    if (template.kind === 'charge') {
      moving[CHARGE.eventId] = nextHash();
      moving[CHARGE.eventCommit] = nextHash();
      let isNewValue = false;
      if (template.aggregation === 'unique_count') {
        const known = parts.values[counted++] ?? '';
        isNewValue = known === '';
        if (isNewValue) seen.push(nextHash());
        moving[CHARGE.valueCommit] = seen[isNewValue ? seen.length - 1 : Number(known)] ?? '';
      }
      const trail = trails[which[i]!]!;
      const quantity = charges.quantity[charge] || trail.quantity;
      const before = charges.before[charge] || trail.after;
      const events = charges.eventsBefore[charge] || String(trail.events);
      const after = charges.after[charge] || expectedAfter(template.aggregation, before, quantity, isNewValue);
      moving[CHARGE.after] = after;
      moving[CHARGE.before] = before;
      moving[CHARGE.amount] = charges.amount[charge] ?? '';
      moving[CHARGE.eventsBefore] = events;
      moving[CHARGE.occurredAt] = occurredAts[charge]!;
      moving[CHARGE.quantity] = quantity;
      trail.after = after;
      trail.events = Number(events) + 1;
      trail.quantity = quantity;
      charge++;
    }
    const text = fill(template, moving);
    if (text.length > RECORD_MAX_BYTES) return undefined;
    texts.push(text);
    prev = leafHash(text, i);
  }
  return prev === parts.last ? texts : undefined;
}

/** Writes all raw bytes as base64url, with the second halves of event ids that are not kept; and what that takes to know. */
function openRaw({ templates, count, which: cells, charges, values, idBytes, raw }: PageParts) {
  const wide = Buffer.alloc(count * (BLIND_SPAN.bytes + 3 * HASH_SPAN.bytes));
  const occurredAts: string[] = [];
  let occurredAt = '';
  let from = 0;
  let to = 0;
  let charge = 0;
  let counted = 0;
  const turns = new Turns();
  const which: number[] = [];
  for (let i = 0; i < count; i++) {
    const cell = cells[i] ?? '';
    const number = cell === '' ? (turns.expected ?? -1) : Number(cell);
    const template = templates[number];
    if (template === undefined) return undefined;
    turns.took(number);
    which.push(number);
    const isCharge = template.kind === 'charge';
    const hasValue = isCharge && template.aggregation === 'unique_count' && (values[counted++] ?? '') === '';
    const needed = BLIND_BYTES + (isCharge ? idBytes + HASH_BYTES : 0) + (hasValue ? HASH_BYTES : 0);
    if (from + needed > raw.length) return undefined;
    raw.copy(wide, to, from, from + BLIND_BYTES);
    from += BLIND_BYTES;
    to += BLIND_SPAN.bytes;
    if (!isCharge) continue;
    occurredAt = withTail(occurredAt, charges.occurredAt[charge++] ?? '');
    occurredAts.push(occurredAt);
    raw.copy(wide, to, from, from + idBytes);
    if (idBytes === KEY_BYTES) {
      const digest = idDigest(raw.toString('base64url', from, from + KEY_BYTES), occurredAt);
      wide.write(digest, to + KEY_BYTES, HASH_BYTES - KEY_BYTES, 'base64url');
    }
    from += idBytes;
    to += HASH_SPAN.bytes;
    raw.copy(wide, to, from, from + HASH_BYTES);
    from += HASH_BYTES;
    to += HASH_SPAN.bytes;
    if (!hasValue) continue;
    raw.copy(wide, to, from, from + HASH_BYTES);
    from += HASH_BYTES;
    to += HASH_SPAN.bytes;
  }
  return from === raw.length ? { which, letters: wide.toString('base64url', 0, to), occurredAts } : undefined;
}
