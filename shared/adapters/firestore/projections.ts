import { type DocumentReference, FieldValue, Timestamp } from '@google-cloud/firestore';
import { TryAgain } from '../../domain/errors.ts';
import { type Instant, instantOfMicros, microsOf } from '../../domain/time.ts';
import type { Projection, ProjectionKind, Projections } from '../../ports/projections.ts';
import { requireProjection } from '../projection-rules.ts';
import type { FirestoreClient } from './client.ts';
import { isOvertaken } from './failures.ts';
import { kindPath, projectionPath } from './paths.ts';
import { walk } from './walk.ts';

const ATTEMPTS = 8;

/**
 * Read models as documents `tenants/{tenant}/{kind}/{id}` of three fields: `version`, `document`, and where it may vanish
 * `expires_at`, by which a TTL policy deletes. None is indexed (firestore.indexes.json): tenants list by id, which is free,
 * and an exemption of the map covers whatever the map will hold.
 *
 * Written with a precondition instead of a transaction: as many round trips, and no lock that another writer waits for.
 */
export class FirestoreProjections implements Projections {
  readonly #client: FirestoreClient;

  constructor(client: FirestoreClient) {
    this.#client = client;
  }

  async put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'> {
    requireProjection(projection);
    const ref = this.#client.doc(projectionPath(tenant, kind, id));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        return await putOnce(ref, projection, this.#client);
      } catch (error) {
        // Somebody wrote between our look and our write. Look again: they may have left a newer one.
        if (!isOvertaken(error)) throw error;
      }
    }
    throw new TryAgain(`${ref.path} is written by too many at once`);
  }

  async read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined> {
    const snapshot = await this.#client.answered(this.#client.doc(projectionPath(tenant, kind, id)).get());
    return snapshot.exists ? toProjection(snapshot.data()!) : undefined;
  }

  async list(tenant: string, kind: ProjectionKind): Promise<string[]> {
    const found: string[] = [];
    for await (const documents of walk(this.#client, kindPath(tenant, kind))) {
      for (const { id } of documents) found.push(id);
    }
    return found;
  }
}

async function putOnce(
  ref: DocumentReference,
  projection: Projection,
  client: FirestoreClient,
): Promise<'written' | 'stale'> {
  const held = await client.answered(ref.get());
  if (!held.exists) {
    await client.answered(ref.create(toFields(projection)));
    return 'written';
  }
  const { version } = toProjection(held.data()!);
  if (version > projection.version) return 'stale';
  const fields = toFields(projection);
  await client.answered(
    ref.update(
      { ...fields, expires_at: fields.expires_at ?? FieldValue.delete() },
      { lastUpdateTime: held.updateTime! },
    ),
  );
  return 'written';
}

interface Fields {
  readonly version: number;
  readonly document: Projection['document'];
  readonly expires_at?: Timestamp;
}

function toFields({ version, document, expiresAt }: Projection): Fields {
  return expiresAt === undefined ? { version, document } : { version, document, expires_at: toTimestamp(expiresAt) };
}

function toProjection(fields: FirebaseFirestore.DocumentData): Projection {
  const { version, document, expires_at: expiresAt } = fields as Fields;
  return expiresAt === undefined ? { version, document } : { version, document, expiresAt: toInstant(expiresAt) };
}

// Both count from 1970; Firestore keeps microseconds, which is all that an instant has.
const MICROS = 1_000_000n;

function toTimestamp(instant: Instant): Timestamp {
  const micros = microsOf(instant);
  const seconds = micros / MICROS;
  return new Timestamp(Number(seconds), Number(micros % MICROS) * 1000);
}

const toInstant = ({ seconds, nanoseconds }: Timestamp): Instant =>
  instantOfMicros(BigInt(seconds) * MICROS + BigInt(Math.trunc(nanoseconds / 1000)));
