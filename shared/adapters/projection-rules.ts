import type { Json } from '../domain/canonical.ts';
import type { Projection } from '../ports/projections.ts';

const ID = /^[A-Za-z0-9._~-]{1,200}$/;

/**
 * What every store of projections refuses, so that what one holds any other can. The strictest is Firestore: its document ids
 * are neither `.` nor `..` nor `__…__`, and its lists hold no lists
 * (https://firebase.google.com/docs/firestore/quotas, "Limits" of collections, documents and fields).
 * @throws RangeError
 */
export function requireId(id: string): void {
  if (ID.test(id) && id !== '.' && id !== '..' && !/^__.*__$/.test(id)) return;
  throw new RangeError(`${JSON.stringify(id)} cannot name a projection`);
}

/** @throws RangeError for a version that is no count, or a list inside a list */
export function requireProjection({ version, document }: Projection): void {
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError(`${version} is no version`);
  if (hasListInList(document)) throw new RangeError('a projection holds a list inside a list');
}

const hasListInList = (value: Json, inList = false): boolean => {
  if (Array.isArray(value)) return inList || value.some((item: Json) => hasListInList(item, true));
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member: Json) => hasListInList(member));
};
