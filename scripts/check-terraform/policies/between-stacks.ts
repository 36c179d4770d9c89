import type { Problem } from '../problems.ts';
import { broken } from './finding.ts';
import type { Stack } from './stack.ts';

/**
 * A ledger, its numbers and its archive belong to one stack: two of them would prove against each other. So does the key of
 * personal data: it opens what lies in one region only.
 */
const ITS_OWN: readonly string[] = [
  'LEDGER_ORIGIN',
  'VAULT_BUCKET',
  'GOOGLE_CLOUD_PROJECT',
  'KMS_KEY_RING',
  'WRAPPING_KEY',
];

/** What no two stacks may share, of whatever environment. */
export function* betweenStacks(stacks: readonly Stack[]): Generator<Problem> {
  for (const setting of ITS_OWN)
    for (const [value, sharing] of Map.groupBy(stacks, (stack) => stack.setting(setting))) {
      const [deployed] = sharing.at(-1)!.functions;
      if (value === undefined || sharing.length === 1 || deployed === undefined) continue;
      const names = sharing.map(({ environment, residency }) => `${environment} ${residency}`).join(', ');
      yield broken(
        deployed,
        `${names} share ${setting} ${value}: each stack has its own`,
        'service_config.environment_variables',
      );
    }
}
