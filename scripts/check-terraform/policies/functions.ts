import { type Facts, PUBLIC_FUNCTIONS } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt, valueAt, valuesAt } from '../resources.ts';
import { UNKNOWN, type Values } from '../wire-values.ts';
import { broken } from './finding.ts';
import { membersOf } from './grants.ts';
import { lastOf, nameOf, type Stack } from './stack.ts';

const ACCOUNT = 'service_config.service_account_email';

/** Every folder under functions/ is deployed under its own name, as its own account, told what the code reads. */
export function* functionPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  const { functions } = stack;
  const known = facts.functions.join(', ');
  for (const deployed of functions) {
    const name = nameOf(deployed);
    if (!facts.functions.includes(name))
      yield broken(deployed, `function ${name} has no folder under functions/, where there are ${known}`, 'name');
    const target = textAt(deployed.values, 'build_config.entry_point');
    if (target !== name)
      yield broken(
        deployed,
        `function ${name} has entry_point ${target}: the code registers ${name}`,
        'build_config.entry_point',
      );
    yield* ingress(deployed, name);
    yield* settings(stack, deployed, facts);
    yield* reachable(stack, deployed, name);
  }
  const [first] = functions;
  const missing = facts.functions.filter((name) => !functions.some((deployed) => nameOf(deployed) === name));
  if (missing.length > 0 && first !== undefined) yield broken(first, `function ${missing.join(', ')} is not deployed`);
  yield* accounts(functions);
}

function* ingress(deployed: Resource, name: string): Generator<Problem> {
  const setting = textAt(deployed.values, 'service_config.ingress_settings');
  if (setting === 'ALLOW_INTERNAL_AND_GCLB' && !PUBLIC_FUNCTIONS.includes(name))
    yield broken(
      deployed,
      `function ${name} is reachable through the load balancer: only ${PUBLIC_FUNCTIONS.join(' and ')} are`,
      'service_config.ingress_settings',
    );
}

/** What everybody may ask, everybody may reach: the function checks its callers itself. */
function* reachable(stack: Stack, deployed: Resource, name: string): Generator<Problem> {
  if (!PUBLIC_FUNCTIONS.includes(name)) return;
  const isOpen = stack
    .of('google_cloud_run_v2_service_iam_member')
    .some(
      (grant) =>
        lastOf(textAt(grant.values, 'name')) === name &&
        textAt(grant.values, 'location') === textAt(deployed.values, 'location') &&
        membersOf(grant).includes('allUsers'),
    );
  if (!isOpen)
    yield broken(deployed, `function ${name} is public and nobody may call it (allUsers, roles/run.invoker)`);
}

/** One service account per function, and per function one: in every location the same. */
function* accounts(functions: readonly Resource[]): Generator<Problem> {
  for (const [account, sharing] of Map.groupBy(functions, ({ values }) => textAt(values, ACCOUNT))) {
    const names = [...new Set(sharing.map(nameOf))].sort();
    if (account !== undefined && names.length > 1)
      yield broken(
        sharing[0]!,
        `functions ${names.join(', ')} share the service account ${account.split('@')[0]}`,
        ACCOUNT,
      );
  }
  for (const deployed of functions) {
    const builder = textAt(deployed.values, 'build_config.service_account') ?? '';
    const account = textAt(deployed.values, ACCOUNT);
    if (account !== undefined && builder.endsWith(`/${account}`))
      yield broken(
        deployed,
        `function ${nameOf(deployed)} is built as the account that it runs as`,
        'build_config.service_account',
      );
  }
}

// Instances of several locations share the key of list cursors: it is given to the API, not made by it.
const NEEDED_SECRETS: Readonly<Record<string, readonly string[]>> = { api: ['CURSOR_KEY'] };

const SECRETS = 'service_config.secret_environment_variables';
const secretsOf = ({ values }: Resource): string[] =>
  valuesAt(values, `${SECRETS}.key`)
    .map(({ value }) => value)
    .filter((key) => typeof key === 'string');

// They have a fallback, made for one process on somebody's desk.
const SAID: readonly string[] = [
  'ENVIRONMENT',
  'REGION',
  'REGION_ENDPOINTS',
  'PUBLIC_URL',
  'LEDGER_ORIGIN',
  'INVOICE_PREFIX',
  'SPANNER_DATABASE',
  'FIRESTORE_DATABASE',
  'TRANSACTIONS_MAX',
  'DRAIN_SECONDS',
];

function* settings(stack: Stack, deployed: Resource, facts: Facts): Generator<Problem> {
  if (valueAt(deployed.values, 'service_config.environment_variables') === UNKNOWN) return;
  const path = 'service_config.environment_variables';
  const given = stack.settingsOf(deployed);
  const secrets = secretsOf(deployed);
  for (const variable of NEEDED_SECRETS[nameOf(deployed)] ?? [])
    if (!secrets.includes(variable))
      yield broken(deployed, `function ${nameOf(deployed)} is not given the secret ${variable}`, SECRETS);
  for (const variable of secrets)
    if (!facts.settings.some(({ name }) => name === variable))
      yield broken(
        deployed,
        `a function is given the secret ${variable}, which shared/edge/config.ts does not know`,
        SECRETS,
      );
  for (const [variable, value] of Object.entries(given)) {
    const setting = facts.settings.find((one) => one.name === variable);
    if (setting === undefined)
      yield broken(deployed, `a function is given ${variable}, which shared/edge/config.ts does not know`, path);
    else if (!setting.isForCloud)
      yield broken(deployed, `a function is given ${variable}, which nothing in the cloud reads`, path);
    else if (typeof value === 'string' && !setting.accepts(value))
      yield broken(deployed, `a function would not start: ${variable} may not be ${JSON.stringify(value)}`, path);
  }
  for (const { name: variable, isNeeded } of facts.settings)
    if (isNeeded && !secrets.includes(variable) && (given[variable] ?? '') === '')
      yield broken(deployed, `a function is not given ${variable}, without which it does not start`, path);
  for (const variable of SAID)
    if ((given[variable] ?? '') === '')
      yield broken(deployed, `a function is not given ${variable}, and would take what holds on a desk`, path);
  if (given['REGION'] !== stack.residency)
    yield broken(deployed, `a function of ${stack.residency} is given REGION ${String(given['REGION'])}`, path);
  if (given['PLATFORM'] !== 'cloud') yield broken(deployed, `a function must have PLATFORM = "cloud"`, path);
  yield* together(deployed, given, secrets, facts);
}

/** What is sound by itself and not beside the rest: an issuer of tokens without whom they have to be for. */
function* together(
  deployed: Resource,
  given: Values,
  secrets: readonly string[],
  { settings: known, refused }: Facts,
): Generator<Problem> {
  const told = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  for (const variable of refused(Object.fromEntries(told))) {
    const { isNeeded = false, accepts } = known.find(({ name }) => name === variable) ?? {};
    const value = given[variable] ?? '';
    const isNamedAlone = value === UNKNOWN || (value === '' ? isNeeded : accepts?.(String(value)) === false);
    if (isNamedAlone || secrets.includes(variable)) continue;
    yield broken(
      deployed,
      `a function would not start: ${variable} does not go with what else it is told`,
      'service_config.environment_variables',
    );
  }
}
