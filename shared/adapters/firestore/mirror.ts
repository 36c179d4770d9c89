import { type DocumentReference, type DocumentSnapshot, FieldPath } from '@google-cloud/firestore';
import type { Mirror, MirroredPage } from '../../ports/mirror.ts';
import type { FirestoreClient } from './client.ts';
import { isAlreadyThere } from './failures.ts';
import { pageId, pagesPath } from './paths.ts';
import { walk } from './walk.ts';

/** A page as its document: `first_seq` for whoever reads it, `bytes` as the database has them. */
const toDocument = (firstSeq: number, bytes: Uint8Array) => ({ first_seq: firstSeq, bytes: Buffer.from(bytes) });

/**
 * Ledger pages as documents `tenants/{tenant}/pages/{first sequence, 16 digits}`.
 *
 * Ids that count up would limit a collection to some 500 writes a second, were it one for all; each tenant's pages are a
 * stretch of the key space of their own, and a tenant appends one page after the other. Both fields are exempt from indexes
 * (firestore.indexes.json): nobody looks a page up by its bytes, and an index on a counter is a hot spot.
 *
 * Security rules do not bind this client, only IAM does (https://firebase.google.com/docs/firestore/security/get-started): that
 * a page is never overwritten rests on `create()` being the only way this code writes one.
 */
export class FirestoreMirror implements Mirror {
  readonly #client: FirestoreClient;

  constructor(client: FirestoreClient) {
    this.#client = client;
  }

  async create(tenant: string, firstSeq: number, bytes: Uint8Array): Promise<'created' | 'present' | 'different'> {
    const page = this.#page(tenant, firstSeq);
    try {
      await this.#client.answered(page.create(toDocument(firstSeq, bytes)));
      return 'created';
    } catch (error) {
      // Also where the client repeated a write whose first answer got lost: then the bytes are our own.
      if (!isAlreadyThere(error)) throw error;
      const held = await this.read(tenant, firstSeq);
      if (held === undefined) throw new Error(`page ${firstSeq} was removed in this moment`, { cause: error });
      return Buffer.compare(held, bytes) === 0 ? 'present' : 'different';
    }
  }

  async read(tenant: string, firstSeq: number): Promise<Uint8Array | undefined> {
    const snapshot = await this.#client.answered(this.#page(tenant, firstSeq).get());
    return snapshot.exists ? bytesIn(snapshot) : undefined;
  }

  async list(tenant: string, from = 0): Promise<number[]> {
    const found: number[] = [];
    for await (const pages of walk(this.#client, pagesPath(tenant), { from: pageId(from) })) {
      for (const { id } of pages) found.push(Number(id));
    }
    return found;
  }

  async pages(tenant: string, from: number, limit: number): Promise<MirroredPage[]> {
    const id = FieldPath.documentId();
    const query = this.#client.collection(pagesPath(tenant)).orderBy(id).where(id, '>=', pageId(from)).limit(limit);
    const { docs } = await this.#client.answered(query.get());
    return docs.map((page) => ({ firstSeq: Number(page.id), bytes: bytesIn(page) }));
  }

  async retire(tenant: string, before: number): Promise<number> {
    let retired = 0;
    for await (const pages of walk(this.#client, pagesPath(tenant), { before: pageId(before) })) {
      const batch = this.#client.batch();
      for (const { ref } of pages) batch.delete(ref);
      await this.#client.answered(batch.commit());
      retired += pages.length;
    }
    return retired;
  }

  #page(tenant: string, firstSeq: number): DocumentReference {
    return this.#client.doc(`${pagesPath(tenant)}/${pageId(firstSeq)}`);
  }
}

function bytesIn(page: DocumentSnapshot): Uint8Array {
  const bytes: unknown = page.get('bytes');
  if (!(bytes instanceof Uint8Array)) throw new Error(`${page.ref.path} holds no bytes`);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
