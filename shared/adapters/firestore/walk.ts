import { FieldPath, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { FirestoreClient } from './client.ts';
import { WALK_STEP } from './paths.ts';

/** Ids to walk: from one, inclusive, and up to one, exclusive. */
export interface Walk {
  readonly from?: string;
  readonly before?: string;
}

/** Walks a collection by document id, ascending, without fetching a field. Yields up to 500 documents at a time. */
export async function* walk(
  client: FirestoreClient,
  path: string,
  { from, before }: Walk = {},
): AsyncGenerator<QueryDocumentSnapshot[]> {
  const id = FieldPath.documentId();
  let query = client.collection(path).orderBy(id).select().limit(WALK_STEP);
  if (from !== undefined) query = query.where(id, '>=', from);
  if (before !== undefined) query = query.where(id, '<', before);
  for (let last: QueryDocumentSnapshot | undefined; ; ) {
    const { docs } = await client.answered((last === undefined ? query : query.startAfter(last)).get());
    if (docs.length > 0) yield docs;
    if (docs.length < WALK_STEP) return;
    last = docs.at(-1);
  }
}
