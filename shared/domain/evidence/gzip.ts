import { gunzipSync } from 'node:zlib';
import { BUNDLE_MAX_BYTES, BundleUnreadable } from './tar.ts';

/** The first two bytes of a gzip member (RFC 1952); no tar of a bundle begins with them, for 0x8b is in no path. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * How many times its size a compressed bundle may have. Half of a bundle is hashes, which no compression makes smaller; deflate
 * itself reaches a thousand, with nothing in it.
 */
const RATIO_MAX = 100;
/** What a compressed bundle may unpack to however small it is. */
const SMALL_BYTES = 1024 * 1024;

/**
 * A bundle as the format has it, of a file that may have been kept compressed: whoever fetches one with a tool that does not
 * unpack what it is sent has it as it lies in the vault.
 * @throws BundleUnreadable where it does not unpack, or to more than a bundle may have, or where something lies behind it
 */
export function plainBundle(bytes: Buffer): Buffer {
  if (!isGzip(bytes)) return bytes;
  const most = Math.min(BUNDLE_MAX_BYTES, Math.max(SMALL_BYTES, bytes.length * RATIO_MAX));
  const { bundle, read } = unpacked(bytes, most);
  // zlib passes over what follows a zero behind the end of what is gzip: two readers would see two files.
  if (read !== bytes.length) throw new BundleUnreadable('something lies behind the gzip around the bundle');
  return bundle;
}

function unpacked(bytes: Buffer, most: number): { readonly bundle: Buffer; readonly read: number } {
  try {
    const { buffer, engine } = gunzipSync(bytes, { maxOutputLength: most, info: true }) as unknown as Unpacked;
    return { bundle: buffer, read: engine.bytesWritten };
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    throw new BundleUnreadable(
      isTooLarge ? `a bundle is at most ${most} bytes here` : 'the gzip around the bundle is damaged',
    );
  }
}

/** What Node answers where it is asked for `info` (its types do not say so). */
interface Unpacked {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
