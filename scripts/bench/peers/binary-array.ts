/*
 * PostgreSQL's binary form of one-dimensional arrays (src/backend/utils/adt/arrayfuncs.c, array_recv): three words of header,
 * two per dimension, then each element behind its length; all big-endian.
 *
 * `pg` writes a JavaScript list as one text with every quote escaped, which the server undoes again: of JSON content that is
 * much of the work there is. A Buffer it sends as it is and says that it is binary.
 */

const TEXT_OID = 25;
const BYTEA_OID = 17;
const HEADER_BYTES = 20;

const arrayOf = (oid: number, elements: readonly Uint8Array[]): Buffer => {
  const length = elements.reduce((sum, element) => sum + 4 + element.length, HEADER_BYTES);
  const bytes = Buffer.allocUnsafe(length);
  const isNullAmong = 0;
  const firstIndex = 1;
  let at = 0;
  for (const word of [1, isNullAmong, oid, elements.length, firstIndex]) at = bytes.writeInt32BE(word, at);
  for (const element of elements) {
    at = bytes.writeInt32BE(element.length, at);
    bytes.set(element, at);
    at += element.length;
  }
  return bytes;
};

/** A `text[]` parameter. @param elements UTF-8, without zero bytes */
export const textArray = (elements: readonly Uint8Array[]): Buffer => arrayOf(TEXT_OID, elements);

/** A `bytea[]` parameter. */
export const byteaArray = (elements: readonly Uint8Array[]): Buffer => arrayOf(BYTEA_OID, elements);
