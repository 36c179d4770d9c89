import type { FirestoreCounts } from './firestore-meter.ts';
import type { PubSubCounts } from './pubsub-meter.ts';
import type { SpannerCounts, TableCounts } from './spanner-meter.ts';

/** What was asked of each service, as it is billed: on the wire, repeats and all. */
export interface Operations {
  readonly spanner: SpannerCounts;
  readonly pubsub: PubSubCounts;
  readonly firestore: FirestoreCounts;
  readonly kms: { readonly signs: number; readonly encrypts: number; readonly decrypts: number };
  readonly storage: {
    /** requests that make an object, or begin to */
    readonly creates: number;
    /** requests for an object or for what is said of it */
    readonly reads: number;
    readonly lists: number;
    readonly deletes: number;
    /** of the objects that were made */
    readonly bytes: number;
  };
}

export type Written = Readonly<Record<string, TableCounts>>;

type Numbers = Readonly<Record<string, number>>;
type Nested = Readonly<Record<string, Numbers>>;

/** Counter by counter. */
export const difference = (after: Operations, before: Operations): Operations =>
  combined(after, before, (now, then) => now - then);
export const sum = (one: Operations, other: Operations): Operations => combined(one, other, (a, b) => a + b);

const combined = (one: Operations, other: Operations, how: (a: number, b: number) => number): Operations =>
  nested(one as unknown as Nested, other as unknown as Nested, how) as unknown as Operations;

export const writtenSince = (after: Written, before: Written): Written =>
  Object.fromEntries(
    Object.entries(
      nested(after as unknown as Nested, before as unknown as Nested, (now, then) => now - then) as unknown as Written,
    ).filter(([, { rows }]) => rows > 0),
  );

const nested = (one: Nested, other: Nested, how: (a: number, b: number) => number): Nested =>
  Object.fromEntries(
    Object.entries(one).map(([group, numbers]) => [
      group,
      Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, how(value, other[group]?.[name] ?? 0)] as const),
      ),
    ]),
  );
