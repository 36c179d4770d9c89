import { type Database, Spanner } from '@google-cloud/spanner';

/** Which database of which instance, and where. */
export interface SpannerPlace {
  readonly project: string;
  readonly instance: string;
  readonly database: string;
  /** host:port of an emulator; without it, Google Cloud */
  readonly emulatorHost?: string;
}

export interface SpannerClient {
  readonly spanner: Spanner;
  readonly database: Database;
}

/**
 * Variables that the client reads while it is made. The emulator has no multiplexed sessions: with any of the three switched
 * on, 9.0.0 takes its plain session for one and dies on giving it back ("Unable to release unknown resource",
 * build/src/session-factory.js; measured with emulator 1.5.28). The host has no option that takes a plain port.
 */
const emulatorVariables = (host: string): Readonly<Record<string, string>> => ({
  SPANNER_EMULATOR_HOST: host,
  GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS: 'false',
  GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS_FOR_RW: 'false',
  GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS_PARTITIONED_OPS: 'false',
});

/** One client per process is enough: it keeps its own channels, and one multiplexed session. */
export function openSpannerClient({ project, instance, database, emulatorHost }: SpannerPlace): SpannerClient {
  const make = (more: ConstructorParameters<typeof Spanner>[0]): SpannerClient => {
    const spanner = new Spanner({ projectId: project, ...more });
    // Sessions of an emulator are plain ones: few to begin with, and never so few that reads wait for one another.
    return { spanner, database: spanner.instance(instance).database(database, { min: 1, incStep: 1, max: 400 }) };
  };
  if (emulatorHost === undefined) return quiet(make({}));
  // Without a universe said outright, the client looks for credentials, on a metadata server too, only to ask them for it.
  const offline = { clientOptions: { universeDomain: 'googleapis.com' }, disableBuiltInMetrics: true };
  return quiet(withVariables(emulatorVariables(emulatorHost), () => make(offline)));
}

/** The pool tells of sessions it could not ping or delete as an error of nobody's request; unheard, it would end the process. */
function quiet(client: SpannerClient): SpannerClient {
  client.database.on('error', () => undefined);
  return client;
}

/** Sets variables for one synchronous piece of work, so that nothing else in the process ever sees them. */
function withVariables<T>(variables: Readonly<Record<string, string>>, work: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
