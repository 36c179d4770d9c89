import { isGiven } from '../choices.ts';
import { PUBLIC_FUNCTIONS } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt } from '../resources.ts';
import { isList, type Value } from '../wire-values.ts';
import { broken } from './finding.ts';

export const isGrant = (type: string): boolean => /_iam_(member|binding)$/.test(type);

/** Members of a grant as far as they are known. */
export function membersOf({ values }: Resource): string[] {
  const all = [
    values['member'] ?? null,
    ...(isList(values['members'] ?? null) ? (values['members'] as readonly Value[]) : []),
  ];
  return all.filter((member): member is string => typeof member === 'string');
}

/** What no grant may do, whoever gets it. */
export function* grantFaults(resource: Resource): Generator<Problem> {
  if (!isGrant(resource.type)) return;
  const role = textAt(resource.values, 'role');
  if (role !== undefined && /^roles\/(owner|editor|viewer|browser)$/.test(role))
    yield broken(resource, `${resource.type}: ${role} is a basic role: it reaches everything, now and later`, 'role');
  for (const member of membersOf(resource)) {
    if (/^all(Authenticated)?Users$/.test(member)) yield* publicFaults(resource, member, role);
    if (/@(developer|appspot)\.gserviceaccount\.com$/.test(member))
      yield broken(resource, `${resource.type}: ${member} is a default account: nothing is granted to it`, 'member');
    if (/^principalSet:.*\/\*$/.test(member))
      yield broken(resource, `${resource.type}: ${member} is everybody whom the pool knows`, 'member');
    if (/^(serviceAccount|group|user):/.test(member) && !/^\w+:[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/.test(member))
      yield broken(
        resource,
        `${resource.type}: ${member} is no principal: after the colon stands an e-mail address`,
        'member',
      );
    if (/^(user|domain):/.test(member))
      yield broken(resource, `${resource.type}: ${member} is a person: people get access through groups`, 'member');
  }
  if (
    resource.type === 'google_project_iam_member' &&
    role === 'roles/datastore.user' &&
    isGiven(resource.values['condition']) === false
  )
    yield broken(
      resource,
      `${resource.type}: ${role} needs a condition that names the database: Firestore knows no finer grant`,
      'role',
    );
}

/** The public edge may be called by anybody, and by anybody who knows nothing about us: its callers are checked in code. */
function* publicFaults(resource: Resource, member: string, role: string | undefined): Generator<Problem> {
  const name = textAt(resource.values, 'name')?.split('/').at(-1);
  const isEdge =
    resource.type === 'google_cloud_run_v2_service_iam_member' &&
    member === 'allUsers' &&
    (role === undefined || role === 'roles/run.invoker') &&
    (name === undefined || PUBLIC_FUNCTIONS.includes(name));
  if (isEdge) return;
  const what = name === undefined ? resource.type : `${resource.type} of ${name}`;
  yield broken(
    resource,
    `${what}: ${member} may have nothing but roles/run.invoker on ${PUBLIC_FUNCTIONS.join(' and ')}`,
    'member',
  );
}
