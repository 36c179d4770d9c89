import type { Problem } from '../problems.ts';
import { textAt } from '../resources.ts';
import { broken } from './finding.ts';
import { nameOf, type Stack } from './stack.ts';

const SETTINGS = 'service_config.environment_variables';
// Whoever answers at these addresses says whose tokens are good and where evidence lies.
const TRUSTED: readonly string[] = ['OIDC_KEYS_URL', 'STORAGE_ENDPOINT'];

/** Whom a function believes: those who really call, with tokens for it alone, by Google's keys. */
export function* trustPolicies(stack: Stack): Generator<Problem> {
  const callers = new Set(
    [
      ...stack
        .of('google_pubsub_subscription')
        .map(({ values }) => textAt(values, 'push_config.oidc_token.service_account_email')),
      ...stack
        .of('google_cloud_scheduler_job')
        .map(({ values }) => textAt(values, 'http_target.oidc_token.service_account_email')),
    ].filter((account) => account !== undefined),
  );
  for (const deployed of stack.functions) {
    const settings = stack.settingsOf(deployed);
    const believed = typeof settings['CALLERS'] === 'string' ? settings['CALLERS'].split(',') : [];
    for (const account of believed)
      if (account !== '' && !callers.has(account))
        yield broken(
          deployed,
          `CALLERS names ${account}, as whom nothing calls: a function believes those who call it and nobody else`,
          SETTINGS,
        );
    for (const name of TRUSTED) {
      const address = settings[name];
      if (typeof address === 'string' && !/^(|https:\/\/([a-z0-9.-]+\.)?googleapis\.com(\/.*)?)$/.test(address))
        yield broken(deployed, `${name} is ${address}: in the cloud it is Google's or not given`, SETTINGS);
    }
  }
  const audiences = Map.groupBy(stack.functions, (deployed) => stack.settingsOf(deployed)['CALLER_AUDIENCE']);
  for (const [audience, sharing] of audiences)
    if (typeof audience === 'string' && sharing.length > 1)
      yield broken(
        sharing[0]!,
        `${sharing.map(nameOf).join(', ')} share CALLER_AUDIENCE ${audience}: a token for one would open the others`,
        SETTINGS,
      );
}
