import { isDeepStrictEqual } from 'node:util';
import { isGiven } from '../choices.ts';
import type { Facts } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt, valueAt } from '../resources.ts';
import { broken } from './finding.ts';
import { membersOf } from './grants.ts';
import { lastOf, nameOf, type Stack } from './stack.ts';

/** Topics and subscriptions are those of shared/domain/messages.ts, each pushed to its function, each with dead letters. */
export function* doorbellPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  const topics = stack.of('google_pubsub_topic');
  const subscriptions = stack.of('google_pubsub_subscription');
  const prefix = stack.setting('TOPIC_PREFIX') ?? '';
  const pushes = subscriptions.filter(({ values }) => isGiven(values['push_config']) === true);
  const deadLetterTopics = new Set(
    pushes.map((push) => lastOf(textAt(push.values, 'dead_letter_policy.dead_letter_topic'))),
  );

  for (const schema of stack.of('google_pubsub_schema')) yield* schemaFaults(schema, prefix, facts);
  for (const topic of topics) yield* topicFaults(topic, prefix, deadLetterTopics, facts);
  yield* missing(
    'topic',
    facts.topics.map((name) => prefix + name),
    topics,
  );
  yield* missing(
    'subscription',
    facts.subscriptions.map(({ name }) => prefix + name),
    pushes,
  );

  for (const push of pushes) {
    yield* pushFaults(stack, push, prefix, facts);
    yield* deadLetterFaults(stack, push, topics, subscriptions);
  }
}

function* topicFaults(
  topic: Resource,
  prefix: string,
  deadLetters: ReadonlySet<string | undefined>,
  facts: Facts,
): Generator<Problem> {
  const name = nameOf(topic);
  if (deadLetters.has(name)) return;
  if (!facts.topics.some((known) => prefix + known === name))
    yield broken(topic, `topic ${name} is not in shared/domain/messages.ts and takes no dead letters`, 'name');
  if (isGiven(valueAt(topic.values, 'schema_settings.schema')) === false)
    yield broken(topic, `topic ${name} has no schema: anything could be published to it`, 'schema_settings');
}

/** What Pub/Sub lets through is what the code sends. */
function* schemaFaults(schema: Resource, prefix: string, facts: Facts): Generator<Problem> {
  const name = nameOf(schema);
  const wanted = facts.schemas[name.startsWith(prefix) ? name.slice(prefix.length) : name];
  const definition = textAt(schema.values, 'definition');
  if (wanted === undefined || definition === undefined) return;
  if (!isDeepStrictEqual(JSON.parse(definition), JSON.parse(wanted)))
    yield broken(schema, `schema ${name} is not that of shared/adapters/pubsub/schemas.ts: ${wanted}`, 'definition');
}

function* missing(what: string, wanted: readonly string[], found: readonly Resource[]): Generator<Problem> {
  const names = new Set(found.map(nameOf));
  const [first] = found;
  if (first === undefined) return;
  for (const name of wanted)
    if (!names.has(name)) yield broken(first, `${what} ${name} is missing: shared/domain/messages.ts has it`, 'name');
}

function* pushFaults(stack: Stack, push: Resource, prefix: string, facts: Facts): Generator<Problem> {
  const name = nameOf(push);
  const known = facts.subscriptions.find((one) => prefix + one.name === name);
  if (known === undefined) {
    yield broken(push, `subscription ${name} is not in shared/domain/messages.ts`, 'name');
    return;
  }
  const topic = lastOf(textAt(push.values, 'topic'));
  if (topic !== undefined && topic !== prefix + known.topic)
    yield broken(
      push,
      `subscription ${name} listens to ${topic}, and to ${prefix + known.topic} in shared/domain/messages.ts`,
      'topic',
    );

  const endpoint = textAt(push.values, 'push_config.push_endpoint');
  const called = endpoint === undefined ? undefined : functionAt(stack, endpoint);
  if (endpoint === undefined) return;
  if (called === undefined || nameOf(called) !== known.function) {
    yield broken(
      push,
      `subscription ${name} pushes to ${endpoint}, which is not ${known.function}`,
      'push_config.push_endpoint',
    );
    return;
  }
  const path = new URL(endpoint).pathname;
  if (facts.routes.get(known.function)?.has(path) !== true)
    yield broken(
      push,
      `subscription ${name} pushes to ${path}, which ${known.function} does not answer`,
      'push_config.push_endpoint',
    );
  yield* tokenFaults(stack, push, called, 'push_config.oidc_token');

  const timeout = valueAt(called.values, 'service_config.timeout_seconds');
  const deadline = valueAt(push.values, 'ack_deadline_seconds') ?? 10;
  if (typeof timeout === 'number' && typeof deadline === 'number' && deadline < timeout)
    yield broken(
      push,
      `subscription ${name} waits ${deadline} s for an answer, and ${known.function} may take ${timeout} s: it would be called again while it works`,
      'ack_deadline_seconds',
    );
}

/** Audience and caller of a token are those that the called function believes, and the caller may call it. */
export function* tokenFaults(stack: Stack, from: Resource, called: Resource, path: string): Generator<Problem> {
  const settings = stack.settingsOf(called);
  const name = nameOf(called);
  const audience = textAt(from.values, `${path}.audience`);
  if (
    audience !== undefined &&
    typeof settings['CALLER_AUDIENCE'] === 'string' &&
    audience !== settings['CALLER_AUDIENCE']
  )
    yield broken(
      from,
      `${nameOf(from)} makes tokens for ${audience}, and ${name} expects ${settings['CALLER_AUDIENCE']}`,
      `${path}.audience`,
    );
  const caller = textAt(from.values, `${path}.service_account_email`);
  if (caller === undefined) return;
  if (typeof settings['CALLERS'] === 'string' && !settings['CALLERS'].split(',').includes(caller))
    yield broken(
      from,
      `${nameOf(from)} calls as ${caller}, whom ${name} does not believe (CALLERS)`,
      `${path}.service_account_email`,
    );
  const mayCall = stack
    .of('google_cloud_run_v2_service_iam_member')
    .some(
      (grant) =>
        textAt(grant.values, 'role') === 'roles/run.invoker' &&
        lastOf(textAt(grant.values, 'name')) === name &&
        textAt(grant.values, 'location') === textAt(called.values, 'location') &&
        membersOf(grant).includes(`serviceAccount:${caller}`),
    );
  if (!mayCall)
    yield broken(
      from,
      `${nameOf(from)} calls as ${caller}, who has no roles/run.invoker on ${name}`,
      `${path}.service_account_email`,
    );
}

/** The function at an address; an address is known before the function is made, because the stand-in says it. */
export const functionAt = (stack: Stack, address: string): Resource | undefined =>
  stack.functions.find(({ values }) =>
    [textAt(values, 'service_config.uri'), textAt(values, 'url')].some(
      (own) => own !== undefined && (address === own || address.startsWith(`${own}/`)),
    ),
  );

/** A dead letter is kept only if the topic has a subscription, and moved only if Pub/Sub's agent may do both halves. */
function* deadLetterFaults(
  stack: Stack,
  push: Resource,
  topics: readonly Resource[],
  subscriptions: readonly Resource[],
): Generator<Problem> {
  const path = 'dead_letter_policy.dead_letter_topic';
  const wanted = lastOf(textAt(push.values, path));
  if (wanted === undefined) return;
  const topic = topics.find((one) => nameOf(one) === wanted);
  if (topic === undefined) {
    yield broken(push, `subscription ${nameOf(push)} sets messages aside to ${wanted}, which is not there`, path);
    return;
  }
  if (wanted === lastOf(textAt(push.values, 'topic')))
    yield broken(push, `subscription ${nameOf(push)} sets messages aside to its own topic`, path);
  if (!subscriptions.some(({ values }) => lastOf(textAt(values, 'topic')) === wanted))
    yield broken(topic, `topic ${wanted} has no subscription: dead letters would be lost`);
  const hasGrant = (type: string, argument: string, on: string, role: string) =>
    stack
      .of(type)
      .some(
        (grant) =>
          lastOf(textAt(grant.values, argument)) === on &&
          textAt(grant.values, 'role') === role &&
          membersOf(grant).some((member) =>
            /^serviceAccount:service-[0-9]+@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/.test(member),
          ),
      );
  if (!hasGrant('google_pubsub_topic_iam_member', 'topic', wanted, 'roles/pubsub.publisher'))
    yield broken(topic, `Pub/Sub's agent has no roles/pubsub.publisher on ${wanted}: no dead letter would arrive`);
  if (!hasGrant('google_pubsub_subscription_iam_member', 'subscription', nameOf(push), 'roles/pubsub.subscriber'))
    yield broken(
      push,
      `Pub/Sub's agent has no roles/pubsub.subscriber on ${nameOf(push)}: no dead letter would leave it`,
    );
}
