import { initializeTestEnvironment, type RulesTestEnvironment } from '@firebase/rules-unit-testing';
import {
  collection,
  collectionGroup,
  deleteDoc,
  doc,
  getDoc,
  getDocs,
  limit,
  query,
  setDoc,
  setLogLevel,
  updateDoc,
} from 'firebase/firestore';

// A refusal is what most of these calls are for; the client would print each one.
setLogLevel('silent');

/** A client as the security rules see it. */
export type Db = ReturnType<ReturnType<RulesTestEnvironment['authenticatedContext']>['firestore']>;

/** Claims of somebody's ID token; undefined for somebody who has not signed in. */
export type Claims = Readonly<Record<string, unknown>> | undefined;

/** Whose documents: acme is everybody's own tenant here, umbrella another one, nobody has ever heard of the third. */
export const TENANTS = { own: 'acme', other: 'umbrella', absent: 'phantom' } as const;
export type Whose = keyof typeof TENANTS;

/** Where documents lie, as a path with one document in it. */
export const PLACES = {
  pages: (tenant: string) => `tenants/${tenant}/pages/0000000000000000`,
  invoices: (tenant: string) => `tenants/${tenant}/invoices/INV-2026-000001`,
  usage_summaries: (tenant: string) => `tenants/${tenant}/usage_summaries/main~2026`,
  'an unknown collection': (tenant: string) => `tenants/${tenant}/secrets/one`,
  'below a page': (tenant: string) => `tenants/${tenant}/pages/0000000000000000/notes/one`,
  'the tenant itself': (tenant: string) => `tenants/${tenant}`,
  'a root collection': (tenant: string) => `invoices/${tenant}`,
} as const;
export type Place = keyof typeof PLACES;

export const OPERATIONS = {
  get: (db: Db, path: string) => getDoc(doc(db, path)),
  list: (db: Db, path: string) => getDocs(query(collection(db, parentOf(path)), limit(100))),
  create: (db: Db, path: string) => setDoc(doc(db, `${path}-new`), { bytes: 'x' }),
  update: (db: Db, path: string) => updateDoc(doc(db, path), { bytes: 'x' }),
  delete: (db: Db, path: string) => deleteDoc(doc(db, path)),
} as const satisfies Record<string, (db: Db, path: string) => Promise<unknown>>;
export type Operation = keyof typeof OPERATIONS;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** One thing somebody may do: `get own pages`. */
export type Permission = `${Operation} ${Whose} ${Place}`;

export async function withRules(rules: string, project: string, host: string): Promise<RulesTestEnvironment> {
  const [name, port] = host.split(':');
  const environment = await initializeTestEnvironment({
    projectId: project,
    firestore: { host: name!, port: Number(port), rules },
  });
  await environment.withSecurityRulesDisabled(async (context) => {
    for (const tenant of [TENANTS.own, TENANTS.other]) {
      for (const pathOf of Object.values(PLACES))
        await setDoc(doc(context.firestore(), pathOf(tenant)), { bytes: 'x' });
    }
  });
  return environment;
}

export const clientOf = (environment: RulesTestEnvironment, claims: Claims): Db =>
  (claims === undefined
    ? environment.unauthenticatedContext()
    : environment.authenticatedContext('somebody', { ...claims })
  ).firestore();

/** Whether the rules let a call pass; a document that is not there is not their business. */
export const passes = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'permission-denied'),
  );

/**
 * Everything that somebody with these claims may do, tried out.
 * @param places where it is tried; everywhere unless said
 */
export async function permissionsOf(
  environment: RulesTestEnvironment,
  claims: Claims,
  places = Object.keys(PLACES) as readonly Place[],
): Promise<Permission[]> {
  const db = clientOf(environment, claims);
  const tried: Promise<Permission | undefined>[] = [];
  for (const place of places) {
    for (const whose of Object.keys(TENANTS) as Whose[]) {
      for (const operation of Object.keys(OPERATIONS) as Operation[]) {
        const call = OPERATIONS[operation](db, PLACES[place](TENANTS[whose]));
        const permission: Permission = `${operation} ${whose} ${place}`;
        tried.push(passes(call).then((passed) => (passed ? permission : undefined)));
      }
    }
  }
  return (await Promise.all(tried)).filter((permission) => permission !== undefined).sort();
}

/** A query over the collections of that name in all tenants. */
export const acrossTenants = (db: Db, name: string): Promise<unknown> =>
  getDocs(query(collectionGroup(db, name), limit(1)));

/** Asks a collection for so many documents, or for all. */
export const askFor = (db: Db, path: string, most: number | undefined): Promise<unknown> =>
  getDocs(most === undefined ? collection(db, path) : query(collection(db, path), limit(most)));

/**
 * Puts rules in force for a project, as the emulator takes them. What it cannot parse it answers with 400, what it finds
 * doubtful it lists: a misspelt variable or function is no error, it is never true.
 */
export async function putRules(
  host: string,
  project: string,
  rules: string,
): Promise<{ status: number; issues: string[] }> {
  const response = await fetch(`http://${host}/emulator/v1/projects/${project}:securityRules`, {
    method: 'PUT',
    headers: { Authorization: 'Bearer owner', 'Content-Type': 'application/json' },
    body: JSON.stringify({ rules: { files: [{ name: 'firestore.rules', content: rules }] } }),
  });
  const answer = (await response.json()) as {
    readonly issues?: readonly { readonly description: string; readonly sourcePosition: { readonly line: number } }[];
    readonly error?: { readonly message: string };
  };
  const issues = (answer.issues ?? []).map((issue) => `line ${issue.sourcePosition.line}: ${issue.description}`);
  return { status: response.status, issues: answer.error === undefined ? issues : [answer.error.message] };
}
