import { isGiven } from '../choices.ts';
import { type Resource, valuesAt } from '../resources.ts';
import { UNKNOWN, type Value, type Values } from '../wire-values.ts';

/** What one argument of a type has to be, and why. */
export interface Demand {
  readonly type: string;
  /** `retention_policy.retention_period`; every occurrence of a repeated block is held to it */
  readonly path: string;
  readonly must: Must;
  readonly because: string;
  /** Only where this holds; not where it is unknown. */
  readonly when?: (values: Values) => boolean | undefined;
}

export interface Must {
  /** `must be "enforced"` */
  readonly says: string;
  /** Of a known value; null is one that is not given. */
  readonly holds: (value: Exclude<Value, symbol>) => boolean;
}

export const is = (...wanted: readonly (string | number | boolean)[]): Must => ({
  says: `must be ${wanted.map((value) => JSON.stringify(value)).join(' or ')}`,
  holds: (value) => wanted.some((one) => one === value),
});
export const isNot = (...unwanted: readonly (string | number | boolean)[]): Must => ({
  says: `must not be ${unwanted.map((value) => JSON.stringify(value)).join(' or ')}`,
  holds: (value) => !unwanted.some((one) => one === value),
});
export const given: Must = { says: 'must be given', holds: (value) => isGiven(value) === true };
export const absent: Must = { says: 'must not be given', holds: (value) => isGiven(value) === false };
export const atLeast = (least: number, read: (value: Value) => number | undefined = asNumber, unit = ''): Must => ({
  says: `must be at least ${least}${unit}`,
  holds: (value) => (read(value) ?? Number.NEGATIVE_INFINITY) >= least,
});
export const atMost = (most: number, read: (value: Value) => number | undefined = asNumber, unit = ''): Must => ({
  says: `must be given and at most ${most}${unit}`,
  holds: (value) => (read(value) ?? Number.POSITIVE_INFINITY) <= most,
});
export const matches = (pattern: RegExp, says: string): Must => ({
  says: `must be ${says}`,
  holds: (value) => typeof value === 'string' && pattern.test(value),
});

export const anAddress: Must = matches(/^https:\/\/[^\s/]+(\/\S*)?$/, 'an https address');
/** The address of a service account, without `serviceAccount:` before it. */
export const anAccount: Must = matches(
  /^[^\s@:/]+@[^\s@:/]+\.gserviceaccount\.com$/,
  "a service account's e-mail address",
);

const asNumber = (value: Value): number | undefined => (typeof value === 'number' ? value : undefined);

export interface Broken {
  readonly path: string;
  readonly occurrence: number;
  readonly message: string;
}

/** Where a resource does not meet what its type has to. What is not known is not held against it. */
export function* brokenDemands(resource: Resource, demands: readonly Demand[]): Generator<Broken> {
  for (const { type, path, must, because, when } of demands) {
    if (
      type !== resource.type ||
      resource.kind !== 'resource' ||
      (when !== undefined && when(resource.values) !== true)
    )
      continue;
    for (const { value, occurrence } of valuesAt(resource.values, path)) {
      if (value === UNKNOWN || must.holds(value)) continue;
      const found = value === null ? 'is not given' : `is ${JSON.stringify(value)}`;
      yield { path, occurrence, message: `${type}: ${path} ${must.says}, and ${found}: ${because}` };
    }
  }
}
