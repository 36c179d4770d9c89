import type { Problem } from '../problems.ts';
import { type Resource, valuesAt } from '../resources.ts';
import { isList, type Value } from '../wire-values.ts';
import { broken } from './finding.ts';
import type { Stack } from './stack.ts';

/** Where things of a residency region may lie: regions, and Google's names for groups of them. */
const RESIDENCIES: Readonly<Record<string, RegExp>> = {
  us: /^(us(-[a-z]+[0-9]+)?|nam[0-9]+|(regional-)us-[a-z]+[0-9]+)$/i,
  eu: /^(eu|europe|europe-[a-z]+[0-9]+|eur[0-9]+|regional-europe-[a-z]+[0-9]+)$/i,
  apac: /^(asia|asia[0-9]|(regional-)?(asia|australia)-[a-z]+[0-9]+)$/i,
};

const PLACES: readonly string[] = [
  'location',
  'location_id',
  'region',
  'config',
  'custom_placement_config.data_locations',
  'message_storage_policy.allowed_persistence_regions',
  'replication.user_managed.replicas.location',
];

/** What belongs to a tenant stays in the tenant's region. What has no place (global) holds nothing of a tenant. */
export function* residencyPolicies(stack: Stack): Generator<Problem> {
  const allowed = RESIDENCIES[stack.residency];
  for (const resource of stack.resources)
    for (const path of PLACES)
      for (const place of placesAt(resource, path)) {
        if (place === 'global' || (allowed?.test(place) ?? false)) continue;
        yield broken(
          resource,
          `${resource.type}: ${path} ${place} is not in ${stack.residency}: what belongs to a tenant stays in its region`,
          path,
        );
      }
}

const placesAt = ({ values }: Resource, path: string): string[] =>
  valuesAt(values, path)
    .flatMap(({ value }): readonly Value[] => (isList(value) ? value : [value]))
    .filter((value): value is string => typeof value === 'string')
    .map((value) => value.split('/').at(-1)!);
