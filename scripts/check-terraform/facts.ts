import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_SCHEMAS } from '../../shared/adapters/pubsub/schemas.ts';
import { SUBSCRIPTIONS, TOPICS } from '../../shared/domain/messages.ts';
import { ConfigWrong, readConfig, VARIABLES } from '../../shared/edge/config.ts';

/** What the code says and the configuration has to say as well. */
export interface Facts {
  /** Folders under `functions/`. */
  readonly functions: readonly string[];
  /** Topic names without prefix. */
  readonly topics: readonly string[];
  /** Avro schema of each topic's data, by topic. */
  readonly schemas: Readonly<Record<string, string>>;
  readonly subscriptions: readonly { readonly name: string; readonly topic: string; readonly function: string }[];
  /** Paths that each function answers for Pub/Sub and the scheduler. */
  readonly routes: ReadonlyMap<string, ReadonlySet<string>>;
  readonly settings: readonly Setting[];
  /** Variables for which a function that is told all this does not start; what goes together is looked at together. */
  refused(environment: Readonly<Record<string, string>>): string[];
  /** `firestore.rules`; undefined where there is none. */
  readonly rules: string | undefined;
  readonly indexes: unknown;
}

/** A variable of the environment that a function in the cloud may be given. */
export interface Setting {
  readonly name: string;
  readonly isNeeded: boolean;
  /** Whether a process in the cloud reads it. */
  readonly isForCloud: boolean;
  /** Whether the function would start with this value. */
  accepts(value: string): boolean;
}

/** Functions that anybody on the internet may call; what they ask for is checked in code. */
export const PUBLIC_FUNCTIONS: readonly string[] = ['ingest', 'api'];

export function readFacts(project: string): Facts {
  const functions = readdirSync(join(project, 'functions'))
    .filter((name) => existsSync(join(project, 'functions', name, 'index.ts')))
    .sort();
  const textOf = (name: string) =>
    existsSync(join(project, name)) ? readFileSync(join(project, name), 'utf8') : undefined;
  return {
    functions,
    topics: Object.values(TOPICS),
    schemas: DATA_SCHEMAS,
    subscriptions: SUBSCRIPTIONS.map(({ name, topic }) => ({ name, topic, function: functionOf(name, functions) })),
    routes: new Map(functions.map((name) => [name, routesOf(textOf(`functions/${name}/handler.ts`) ?? '')])),
    settings: Object.values(VARIABLES).map(({ name, readBy, needed, read }) => ({
      name,
      isNeeded: needed === true,
      isForCloud: readBy === 'all' || readBy === 'cloud',
      accepts: (value) => read(value) !== undefined,
    })),
    refused,
    rules: textOf('firestore.rules'),
    indexes: JSON.parse(textOf('firestore.indexes.json') ?? 'null'),
  };
}

function refused(environment: Readonly<Record<string, string>>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigWrong)) throw error;
    return [...error.message.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name!);
  }
}

// A subscription carries its function's name; a second one of the same function has something after it.
const functionOf = (subscription: string, functions: readonly string[]): string =>
  functions
    .filter((name) => subscription === name || subscription.startsWith(`${name}-`))
    .sort((a, b) => b.length - a.length)[0] ?? subscription;

const routesOf = (handler: string): Set<string> =>
  new Set([...handler.matchAll(/\b(?:jobRoute|pushRoute)\(\s*'([^']+)'/g)].map(([, path]) => path!));
