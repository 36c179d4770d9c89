import { gunzipSync } from 'node:zlib';
import { BUNDLE_MAX_BYTES, BundleUnreadable } from './tar.ts';

/** The first two bytes of a gzip member (RFC 1952); no tar of a bundle begins with them, for 0x8b is in no path. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * A bundle as the format has it, of a file that may have been kept compressed: whoever fetches one with a tool that does not
 * unpack what it is sent has it as it lies in the vault.
 * @throws BundleUnreadable where it does not unpack, or to more than a bundle may have
 */
export function plainBundle(bytes: Buffer): Buffer {
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: BUNDLE_MAX_BYTES });
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    throw new BundleUnreadable(
      isTooLarge ? `a bundle is at most ${BUNDLE_MAX_BYTES} bytes` : 'the gzip around the bundle is damaged',
    );
  }
}
