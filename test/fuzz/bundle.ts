import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { goodBundle } from '../../scripts/vectors/bad-bundle.ts';
import { plainBundle } from '../../shared/domain/evidence/gzip.ts';
import { BundleUnreadable, readTar, writeTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import { pinned } from '../support/bundle-workshop.ts';
import type { Target } from './target.ts';

const BLOCK = 512;
type Files = (readonly [path: string, bytes: Buffer])[];

/** A tar by hand, as a writer without scruples makes it, whatever path, order and header. */
function tarOf(
  files: Files,
  odd: { readonly file: number; readonly at: number; readonly byte: number } | undefined,
  end: number,
): Buffer {
  const parts = files.map(([path, bytes], i) => {
    const head = Buffer.alloc(BLOCK);
    head.write(path.slice(0, 100), 0, 'latin1');
    for (const [text, at] of [
      ['0000444\0', 100],
      ['0000000\0', 108],
      ['0000000\0', 116],
      [`${bytes.length.toString(8).padStart(11, '0')}\0`, 124],
      ['00000000000\0', 136],
      ['        ', 148],
      ['0', 156],
      ['ustar\x0000', 257],
    ] as const)
      head.write(text, at, 'latin1');
    if (odd !== undefined && i === odd.file % files.length) head[odd.at % BLOCK]! ^= odd.byte;
    const sum = head.reduce((all, byte) => all + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return Buffer.concat([head, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
  });
  return Buffer.concat([...parts, Buffer.alloc(end)]);
}

/** Edits of the files of a bundle: each is a way to say something else, or the same otherwise. */
const edit: fc.Arbitrary<(files: Files) => Files> = fc.oneof(
  fc.tuple(fc.nat(50), fc.nat(100_000), fc.integer({ min: 1, max: 255 })).map(
    ([file, at, byte]) =>
      (files: Files) =>
        files.map(([path, bytes], i): Files[number] => {
          if (i !== file % files.length || bytes.length === 0) return [path, bytes];
          const changed = Buffer.from(bytes);
          changed[at % bytes.length]! ^= byte;
          return [path, changed];
        }),
  ),
  fc.nat(50).map((file) => (files: Files) => files.filter((_, i) => i !== file % files.length)),
  fc.nat(50).map((file) => (files: Files) => [...files, files[file % files.length]!]),
  fc.tuple(fc.nat(50), fc.nat(50)).map(
    ([a, b]) =>
      (files: Files) =>
        files.with(a % files.length, files[b % files.length]!),
  ),
  fc
    .tuple(
      fc.nat(50),
      fc.constantFrom(
        '../../etc/passwd',
        '/etc/passwd',
        'a\\b',
        '',
        '.',
        'x/./y',
        'CON',
        'manifest.json ',
        'prices/x.json',
        'é',
        'a'.repeat(100),
      ),
    )
    .map(
      ([file, path]) =>
        (files: Files) =>
          files.with(file % files.length, [path, files[file % files.length]![1]]),
    ),
  fc.constantFrom((files: Files) => files.toReversed()),
  // Lines of receipts and heads: twice, gone, swapped, continued, cut.
  fc
    .tuple(
      fc.constantFrom('receipts.ndjson', 'heads.ndjson'),
      fc.nat(100),
      fc.constantFrom('twice', 'gone', 'swap', 'blank', 'cr', 'cut', 'last'),
    )
    .map(
      ([name, line, what]) =>
        (files: Files) =>
          files.map(([path, bytes]): Files[number] => [path, path === name ? linesEdited(bytes, line, what) : bytes]),
    ),
  // Members of a document, written otherwise.
  fc
    .tuple(
      fc.constantFrom('manifest.json', 'start.json', 'seal.json', 'anchors.json', 'invoice.json', 'jwks.json'),
      fc.constantFrom('space', 'twice', 'more', 'escape', 'deep', 'bom', 'number', 'empty', 'list'),
    )
    .map(
      ([name, what]) =>
        (files: Files) =>
          files.map(([path, bytes]): Files[number] => [path, path === name ? jsonEdited(bytes, what) : bytes]),
    ),
);

function linesEdited(bytes: Buffer, at: number, what: string): Buffer {
  const lines = bytes.toString('latin1').split('\n').slice(0, -1);
  const i = at % lines.length;
  if (what === 'twice') lines.splice(i, 0, lines[i]!);
  else if (what === 'gone') lines.splice(i, 1);
  else if (what === 'swap') lines.push(...lines.splice(i, 1));
  else if (what === 'blank') lines.splice(i, 0, '');
  else if (what === 'cr') lines[i] += '\r';
  else if (what === 'cut') lines[i] = lines[i]!.slice(0, -1);
  return Buffer.from(what === 'last' ? lines.join('\n') : lines.map((line) => `${line}\n`).join(''), 'latin1');
}

function jsonEdited(bytes: Buffer, what: string): Buffer {
  const text = bytes.toString('latin1');
  const ways: Readonly<Record<string, string>> = {
    space: text.replace(/[,:]/, '$& '),
    twice: text.replace(/"(\w+)":/, '"$1":"x","$1":'),
    more: text.replace(/[{[]/, (open) => (open === '{' ? '{"__proto__":1,' : '[1,')),
    escape: text.replace(/"(\w)/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`),
    deep: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    bom: `\xef\xbb\xbf${text}`,
    number: text.replace(/"(\d+)"/, '$1'),
    empty: '',
    list: `[${text}]`,
  };
  return Buffer.from(ways[what]!, 'latin1');
}

const around = fc.constantFrom(
  'plain',
  'plain',
  'plain',
  'gzip',
  'gzip',
  'gzip twice',
  'gzip of stored',
  'gzip and more',
  'gzip cut',
  'gzip in two members',
  'a bomb',
);
function wrapped(tar: Buffer, how: string): Buffer {
  switch (how) {
    case 'gzip':
      return gzipSync(tar);
    case 'gzip twice':
      return gzipSync(gzipSync(tar));
    case 'gzip of stored':
      return gzipSync(tar, { level: 0 });
    case 'gzip and more':
      return Buffer.concat([gzipSync(tar), Buffer.from('more')]);
    case 'gzip cut':
      return gzipSync(tar).subarray(0, -5);
    case 'gzip in two members':
      return Buffer.concat([gzipSync(tar.subarray(0, 1000)), gzipSync(tar.subarray(1000))]);
    case 'a bomb':
      return gzipSync(Buffer.alloc(8 * 1024 * 1024), { level: 1 });
    default:
      return tar;
  }
}

interface Made {
  readonly edits: readonly ((files: Files) => Files)[];
  readonly odd: { readonly file: number; readonly at: number; readonly byte: number } | undefined;
  readonly end: number;
  readonly cut: number;
  readonly how: string;
}
const made = fc.record<Made>({
  edits: fc.array(edit, { maxLength: 2 }),
  odd: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ file: fc.nat(50), at: fc.nat(511), byte: fc.integer({ min: 1, max: 255 }) }) },
  ),
  end: fc.oneof(
    { weight: 10, arbitrary: fc.constant(2 * BLOCK) },
    { weight: 1, arbitrary: fc.constantFrom(0, BLOCK, 3 * BLOCK, 100) },
  ),
  cut: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(60_000) }),
  how: around,
});

/** Whether a tar is the one possible form of the files in it, by another reader and writer. */
function isCanonical(tar: Buffer): boolean {
  const files: Files = [];
  let at = 0;
  while (at + BLOCK <= tar.length && tar[at] !== 0) {
    const path = tar.toString('latin1', at, at + 100).split('\0')[0]!;
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    if (!(size >= 0) || at + BLOCK + size > tar.length) return false;
    files.push([path, tar.subarray(at + BLOCK, at + BLOCK + size)]);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  const isPath = (path: string): boolean =>
    path.length < 100 && path.split('/').every((part) => /^[\w-][\w.-]*$/.test(part));
  const isSorted = files.every(([path], i) => i === 0 || files[i - 1]![0] < path);
  return isSorted && files.every(([path]) => isPath(path)) && tarOf(files, undefined, 2 * BLOCK).equals(tar);
}

export const bundleTarget: Target = {
  name: 'bundle',
  runs: 100,
  open: async () => {
    const golden = goodBundle('good-1');
    const keys = await pinned('pinned-1');
    const good: Files = [...readTar(golden)];
    assert.ok(tarOf(good, undefined, 2 * BLOCK).equals(golden));
    const seen = { verified: 0, refuted: 0, unreadable: 0 };
    const property = fc.asyncProperty(made as fc.Arbitrary<unknown>, async (input) => {
      const { edits, odd, end, cut, how } = input as Made;
      const files = edits.reduce((before, change) => (before.length === 0 ? before : change(before)), good);
      const whole = tarOf(files, odd, end);
      const tar = cut === 0 ? whole : whole.subarray(0, cut % (whole.length + 1));
      const file = wrapped(tar, how);
      let plain: Buffer;
      try {
        plain = plainBundle(file);
      } catch (error) {
        assert.ok(error instanceof BundleUnreadable, String(error));
        assert.ok(['gzip and more', 'gzip cut', 'a bomb'].includes(how), `${how} was not unpacked`);
        seen.unreadable++;
        return;
      }
      assert.ok(!['gzip and more', 'gzip cut', 'a bomb'].includes(how), `${how} was unpacked`);
      if (how.startsWith('gzip')) assert.ok(plain.equals(gunzipSync(file)));
      // A tar is read if, and only if, it is what would be written of what is in it.
      let read: Map<string, Buffer> | undefined;
      try {
        read = readTar(plain);
      } catch (error) {
        assert.ok(error instanceof BundleUnreadable, String(error));
      }
      assert.equal(read !== undefined, isCanonical(plain));
      if (read !== undefined) assert.ok(writeTar([...read].map(([path, bytes]) => ({ path, bytes }))).equals(plain));
      // And it is verified if, and only if, it is the bundle that was signed.
      const { verdict } = await verifyBundle(plain, keys);
      seen[verdict]++;
      assert.equal(verdict === 'verified', plain.equals(golden), verdict);
    });
    return {
      property,
      verdict: async () => {
        const all = seen.verified + seen.refuted + seen.unreadable;
        assert.ok(
          Object.values(seen).every((count) => count * 50 > all),
          JSON.stringify(seen),
        );
        return `${all} bundles: ${seen.verified} verified, each the signed one, ${seen.refuted} refuted, ${seen.unreadable} unreadable`;
      },
      close: async () => undefined,
    };
  },
};
