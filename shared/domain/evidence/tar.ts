/** A file of a bundle. */
export interface BundleFile {
  /** `a-z A-Z 0-9 . _ -` and `/`, at most 99 characters, no empty part and none that starts with a dot */
  readonly path: string;
  readonly bytes: Buffer;
}

const BLOCK = 512;
const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** What a reader takes on: a bundle larger than this is refused before anything is unpacked. */
export const BUNDLE_MAX_BYTES = 4 * 1024 ** 3;
export const BUNDLE_MAX_FILES = 10_000;

/** The bytes are no deterministic bundle. */
export class BundleUnreadable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'BundleUnreadable';
  }
}

/**
 * A POSIX ustar header (IEEE 1003.1 pax, "ustar Interchange Format") with everything fixed that is not the name, the size
 * and the checksum: mode 0444, owner 0, time 0. So a bundle has one possible form and every byte of it is checked.
 */
function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0, 'latin1');
  block.write('0000444\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/**
 * Writes files as a deterministic tar: ascending by path, two zero blocks at the end, nothing after.
 * @throws BundleUnreadable for what could not be read back: a path that is none, or one that stands there twice
 */
export function writeTar(files: readonly BundleFile[]): Buffer {
  const parts: Buffer[] = [];
  let previous = '';
  for (const { path, bytes } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (path.length > 99 || !PATH.test(path)) throw new BundleUnreadable(`${path} is no path of a bundle`);
    if (path === previous) throw new BundleUnreadable(`${path} stands there twice`);
    previous = path;
    parts.push(header(path, bytes.length), bytes, Buffer.alloc(padded(bytes.length) - bytes.length));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

/**
 * Reads a deterministic tar strictly. Nothing is written to disk, no link, device or long name exists, and every header
 * is compared with the one that would have been written.
 * @throws BundleUnreadable
 */
export function readTar(bytes: Buffer): Map<string, Buffer> {
  if (bytes.length > BUNDLE_MAX_BYTES) throw new BundleUnreadable(`a bundle is at most ${BUNDLE_MAX_BYTES} bytes`);
  if (bytes.length % BLOCK !== 0) throw new BundleUnreadable('a bundle is a whole number of 512-byte blocks');
  const files = new Map<string, Buffer>();
  let at = 0;
  let previous = '';
  while (at < bytes.length && bytes[at] !== 0) {
    const block = bytes.subarray(at, at + BLOCK);
    const path = block.subarray(0, Math.max(0, block.indexOf(0))).toString('latin1');
    const sizeText = block.subarray(124, 135).toString('latin1');
    if (path.length > 99 || !PATH.test(path))
      throw new BundleUnreadable(`block ${at / BLOCK} names no path of a bundle`);
    if (!/^[0-7]{11}$/.test(sizeText)) throw new BundleUnreadable(`block ${at / BLOCK}: ${path} has no size`);
    const size = Number.parseInt(sizeText, 8);
    if (!header(path, size).equals(block))
      throw new BundleUnreadable(`block ${at / BLOCK}: the header of ${path} is not the canonical one`);
    if (path <= previous) throw new BundleUnreadable(`block ${at / BLOCK}: ${path} is out of order`);
    if (files.size >= BUNDLE_MAX_FILES) throw new BundleUnreadable(`a bundle has at most ${BUNDLE_MAX_FILES} files`);
    const start = at + BLOCK;
    const end = start + padded(size);
    if (end > bytes.length) throw new BundleUnreadable(`block ${at / BLOCK}: ${path} is cut off`);
    if (!isZero(bytes.subarray(start + size, end)))
      throw new BundleUnreadable(`block ${at / BLOCK}: ${path} is followed by stray bytes`);
    files.set(path, bytes.subarray(start, start + size));
    previous = path;
    at = end;
  }
  if (bytes.length - at !== 2 * BLOCK || !isZero(bytes.subarray(at))) {
    throw new BundleUnreadable('a bundle ends with exactly two zero blocks');
  }
  return files;
}

function isZero(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
