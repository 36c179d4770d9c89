import { zipSync } from 'fflate';

/**
 * Files as a zip that depends on nothing but their names and bytes: entries sorted, one time for all. Terraform sees a change
 * only where the object's name changes, so the zip is named by its hash, and the hash must not depend on when it was made.
 */
export function zipOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  // A local time, because that is what a zip holds: the same digits in every zone.
  const mtime = new Date(2000, 0, 1);
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  return zipSync(sorted, { level: 9, mtime, os: 3, attrs: 0o644 << 16 });
}
