import { GrpcMessages, methodOf } from './grpc-messages.ts';
import type { GrpcCall } from './grpc-relay.ts';

export interface FirestoreCounts {
  /** documents that were looked up, whether or not they were there, or that a query gave */
  reads: number;
  writes: number;
  deletes: number;
  /** of the documents written, as Firestore counts a document's size */
  bytes: number;
}

interface Value {
  readonly valueType: string;
  readonly stringValue?: string;
  readonly bytesValue?: Buffer;
  readonly mapValue?: { readonly fields?: Fields };
  readonly arrayValue?: { readonly values?: readonly Value[] };
}
type Fields = Readonly<Record<string, Value>>;
interface Commit {
  readonly writes?: readonly {
    readonly update?: { readonly name: string; readonly fields?: Fields };
    readonly delete?: string;
  }[];
}

/** Counts documents, and remembers how large each is that lies there. */
export class FirestoreMeter {
  readonly counts: FirestoreCounts = { reads: 0, writes: 0, deletes: 0, bytes: 0 };
  readonly #held = new Map<string, number>();
  readonly #messages = new GrpcMessages(
    '@google-cloud/firestore',
    '../protos/v1.json',
    'google.firestore.v1.Firestore',
  );

  hear(call: GrpcCall): void {
    switch (methodOf(call)) {
      case 'BatchGetDocuments':
        this.counts.reads += this.#messages.request<{ documents?: readonly string[] }>(call).documents?.length ?? 0;
        return;
      case 'RunQuery':
        for (const { document } of this.#messages.responses<{ document?: object }>(call)) {
          if (document !== undefined && document !== null) this.counts.reads++;
        }
        return;
      case 'Commit':
        if (call.status === 0) this.#committed(this.#messages.request<Commit>(call));
    }
  }

  /** Bytes that lie in each collection, by its last name. */
  held(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [name, bytes] of this.#held) {
      const collection = name.split('/').at(-2)!;
      found[collection] = (found[collection] ?? 0) + bytes;
    }
    return found;
  }

  /** Every write of ours says all fields of its document. */
  #committed({ writes = [] }: Commit): void {
    for (const { update, delete: gone } of writes) {
      if (update !== undefined) {
        const bytes = documentBytes(update.name, update.fields ?? {});
        this.counts.writes++;
        this.counts.bytes += bytes;
        this.#held.set(update.name, bytes);
      } else if (gone !== undefined) {
        this.counts.deletes++;
        this.#held.delete(gone);
      }
    }
  }
}

/**
 * A document's size (firebase.google.com/docs/firestore/storage-size): its name's parts and 16, its fields, 32 more. What single
 * field indexes would take is not here: our fields are exempt from them.
 */
function documentBytes(name: string, fields: Fields): number {
  const path = name.slice(name.indexOf('/documents/') + '/documents/'.length);
  const nameBytes = path.split('/').reduce((sum, part) => sum + textBytes(part), 16);
  return nameBytes + fieldsBytes(fields) + 32;
}

const textBytes = (text: string): number => Buffer.byteLength(text) + 1;

const fieldsBytes = (fields: Fields): number =>
  Object.entries(fields).reduce((sum, [name, value]) => sum + textBytes(name) + valueBytes(value), 0);

function valueBytes(value: Value): number {
  switch (value.valueType) {
    case 'stringValue':
      return textBytes(value.stringValue ?? '');
    case 'bytesValue':
      return value.bytesValue?.length ?? 0;
    case 'mapValue':
      return fieldsBytes(value.mapValue?.fields ?? {});
    case 'arrayValue':
      return (value.arrayValue?.values ?? []).reduce((sum, each) => sum + valueBytes(each), 0);
    case 'booleanValue':
    case 'nullValue':
      return 1;
    // Integers, doubles and timestamps.
    default:
      return 8;
  }
}
