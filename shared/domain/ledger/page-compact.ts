import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { takeApart } from './page-apart.ts';
import { CHARGE_COLUMNS, type ChargeColumns, HASH_BYTES, KEY_BYTES, type PageParts } from './page-parts.ts';
import { readTemplate, type Template } from './page-template.ts';
import { putTogether } from './page-together.ts';
import { RECORD_MAX_BYTES } from './record.ts';
import { leafHashTextOf } from './tree.ts';

/** First byte of a compact page. A zstd frame begins with 0x28 (RFC 8878 section 3.1.1), so a plain one differs. */
export const COMPACT = 0x02;
/** 0x02, lengths of the raw part and of the text part (4 bytes each, big-endian), `prev` of the first entry, leaf hash of the last. */
const PREV_AT = 9;
const LAST_AT = PREV_AT + HASH_BYTES;
const HEADER_BYTES = LAST_AT + HASH_BYTES;
/** Lines behind the templates. */
const COLUMN_LINES = 3 + CHARGE_COLUMNS.length;

/**
 * Packs entries as a compact page.
 * @param hashes leaf hashes of the entries, base64url, where whoever made the entries has them at hand
 * @returns undefined where the page would not give every byte back: such entries are packed plain
 */
export function packCompact(
  texts: readonly string[],
  hashes: readonly string[],
  maxEntries: number,
): Buffer | undefined {
  const parts = takeApart(texts, hashes.at(-1) ?? '');
  if (parts === undefined) return undefined;
  const bytes = writeParts(parts);
  // Money is not kept in a form that nobody has seen give it back.
  const read = readParts(bytes, maxEntries);
  const again = read === undefined ? undefined : putTogether(read, (_, i) => hashes[i] ?? '');
  return again?.length === texts.length && again.every((text, i) => text === texts[i]) ? bytes : undefined;
}

/** Reads a compact page. @returns undefined where it is damaged */
export function unpackCompact(bytes: Buffer, maxEntries: number): string[] | undefined {
  const parts = readParts(bytes, maxEntries);
  return parts === undefined ? undefined : putTogether(parts, leafHashTextOf);
}

/** One column as a line; the empty cells at its end, often all but the first, are left out. */
function cells(column: readonly string[]): string {
  let end = column.length;
  while (end > 0 && column[end - 1] === '') end--;
  return column.slice(0, end).join('"');
}

function writeParts(parts: PageParts): Buffer {
  const lines = [
    [parts.ledger, parts.tenant, parts.firstSeq, parts.count, parts.idBytes, parts.templates.length].join('"'),
    ...parts.templates.map(({ line }) => line),
    cells(parts.which),
    cells(parts.recordedAt),
    ...CHARGE_COLUMNS.map((name) => cells(parts.charges[name])),
    cells(parts.values),
  ];
  const text = zstdCompressSync(Buffer.from(lines.join('\n'), 'latin1'), {
    // Level 6 is as fast as 1 on so little text, and a fifth smaller.
    params: { [constants.ZSTD_c_compressionLevel]: 6, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = COMPACT;
  header.writeUInt32BE(parts.raw.length, 1);
  header.writeUInt32BE(text.length, 5);
  header.write(parts.prev, PREV_AT, HASH_BYTES, 'base64url');
  header.write(parts.last, LAST_AT, HASH_BYTES, 'base64url');
  return Buffer.concat([header, parts.raw, text]);
}

function readParts(bytes: Buffer, maxEntries: number): PageParts | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const rawEnd = HEADER_BYTES + bytes.readUInt32BE(1);
  // zstd would pass over what stands behind its frame.
  if (rawEnd + bytes.readUInt32BE(5) !== bytes.length) return undefined;
  const maxOutputLength = maxEntries * RECORD_MAX_BYTES;
  const lines = zstdDecompressSync(bytes.subarray(rawEnd), { maxOutputLength }).toString('latin1').split('\n');
  const [ledger = '', tenant = '', ...counts] = lines[0]!.split('"');
  const [firstSeq = 0, count = 0, idBytes = 0, templateCount = 0] = counts.map(Number);
  const templates: Template[] = [];
  for (const line of lines.slice(1, 1 + templateCount)) {
    const template = readTemplate(line, { ledger, tenant });
    if (template === undefined) return undefined;
    templates.push(template);
  }
  const columns = lines.slice(1 + templates.length).map((line) => line.split('"'));
  const [which, recordedAt, ...rest] = columns;
  const values = rest.pop();
  if (which === undefined || recordedAt === undefined || values === undefined) return undefined;
  if (columns.length !== COLUMN_LINES || !(count <= maxEntries)) return undefined;
  const charges = Object.fromEntries(CHARGE_COLUMNS.map((name, i) => [name, rest[i]])) as ChargeColumns;
  return {
    ledger,
    tenant,
    firstSeq,
    prev: bytes.toString('base64url', PREV_AT, LAST_AT),
    last: bytes.toString('base64url', LAST_AT, HEADER_BYTES),
    idBytes: idBytes === KEY_BYTES ? KEY_BYTES : HASH_BYTES,
    templates,
    count,
    which,
    recordedAt,
    charges,
    values,
    raw: bytes.subarray(HEADER_BYTES, rawEnd),
  };
}
