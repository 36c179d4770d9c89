import { isGiven } from '../choices.ts';
import type { Facts } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { textAt, valueAt, valuesAt } from '../resources.ts';
import { broken } from './finding.ts';
import type { Stack } from './stack.ts';

interface Index {
  readonly collectionGroup: string;
  readonly fields?: readonly { readonly fieldPath: string }[];
}
interface Override extends Index {
  readonly fieldPath: string;
  readonly ttl?: boolean;
  readonly indexes?: readonly unknown[];
}

/** The rules and indexes in force are the files that the tests try. */
export function* mirrorPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  const rulesets = stack.of('google_firebaserules_ruleset');
  for (const ruleset of rulesets)
    for (const { value } of valuesAt(ruleset.values, 'source.files.content'))
      if (typeof value === 'string' && value !== facts.rules)
        yield broken(
          ruleset,
          'google_firebaserules_ruleset: source.files.content is not firestore.rules, the file that the tests try',
          'source.files.content',
        );

  const databases = stack.of('google_firestore_database');
  const [database] = databases;
  if (database === undefined) return;
  const release = stack.of('google_firebaserules_release');
  const wanted =
    database.values['name'] === '(default)' ? 'cloud.firestore' : `cloud.firestore/${textAt(database.values, 'name')}`;
  if (!release.some(({ values }) => values['name'] === wanted))
    yield broken(database, `no google_firebaserules_release ${wanted}: the database would be without rules`);
  yield* indexFaults(
    stack,
    (facts.indexes ?? {}) as { indexes?: readonly Index[]; fieldOverrides?: readonly Override[] },
  );
}

function* indexFaults(
  stack: Stack,
  file: { readonly indexes?: readonly Index[]; readonly fieldOverrides?: readonly Override[] },
): Generator<Problem> {
  const [database] = stack.of('google_firestore_database');
  const fields = stack.of('google_firestore_field');
  for (const { collectionGroup, fieldPath, ttl = false, indexes = [] } of file.fieldOverrides ?? []) {
    const what = `${collectionGroup}.${fieldPath}`;
    const field = fields.find(
      ({ values }) => values['collection'] === collectionGroup && values['field'] === fieldPath,
    );
    if (field === undefined) {
      yield broken(database!, `no google_firestore_field for ${what} of firestore.indexes.json`);
      continue;
    }
    if ((isGiven(valueAt(field.values, 'ttl_config')) === true) !== ttl)
      yield broken(
        field,
        `google_firestore_field of ${what}: firestore.indexes.json says ${ttl ? 'that' : 'not that'} its documents expire`,
        'ttl_config',
      );
    const listed = valuesAt(field.values, 'index_config.indexes').filter(({ value }) => isGiven(value) === true).length;
    if (listed !== indexes.length)
      yield broken(
        field,
        `google_firestore_field of ${what} has ${listed} indexes, and ${indexes.length} in firestore.indexes.json`,
        'index_config',
      );
  }
  const known = new Set((file.fieldOverrides ?? []).map((one) => `${one.collectionGroup}.${one.fieldPath}`));
  for (const field of fields) {
    const what = `${textAt(field.values, 'collection')}.${textAt(field.values, 'field')}`;
    if (!known.has(what)) yield broken(field, `google_firestore_field of ${what} is not in firestore.indexes.json`);
  }
  const composite = stack.of('google_firestore_index');
  if (composite.length !== (file.indexes ?? []).length)
    yield broken(
      composite[0] ?? database!,
      `${composite.length} composite indexes are planned, and ${(file.indexes ?? []).length} are in firestore.indexes.json`,
    );
}
