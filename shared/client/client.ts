import { OPERATIONS, type Operations, type Problem } from './operations.ts';

type Name = keyof Operations;
type Input<N extends Name> = Operations[N]['input'];
/** An operation that needs no input may be called without. */
type Arguments<N extends Name> = Partial<Input<N>> extends Input<N> ? [input?: Input<N>] : [input: Input<N>];

/** Every operation of the API, by its name. What is refused is thrown as an ApiProblem. */
export type Api = { readonly [N in Name]: (...input: Arguments<N>) => Promise<Operations[N]['answer']> } & {
  /** The answer of an operation as a file of another media type, e.g. an invoice as `application/pdf`. */
  readonly file: <N extends Name>(name: N, input: Input<N>, mediaType: string) => Promise<Uint8Array>;
};

export interface ClientOptions {
  /** where the API is, e.g. `http://127.0.0.1:8080` */
  readonly url: string;
  /** an API key or a JWT; undefined for what anybody may ask */
  readonly key?: string;
  /** how requests are sent; Node's own unless said */
  readonly fetch?: (address: string, init: RequestInit) => Promise<Response>;
}

/** A refusal, or a trouble of the server's, as the API describes it. */
export class ApiProblem extends Error {
  readonly problem: Problem;
  /** seconds after which the same request is worth repeating, where the API says so */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter: number | undefined) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.name = 'ApiProblem';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** A client of the API. It repeats nothing by itself: who sends money decides when to send it again, under the same key. */
export function openApi(options: ClientOptions): Api {
  const names = Object.keys(OPERATIONS) as Name[];
  const operations = names.map((name) => [name, (input: object = {}) => ask(name, input, undefined, options)]);
  const file = (name: Name, input: object, mediaType: string) => ask(name, input, mediaType, options);
  return Object.assign(Object.fromEntries(operations), { file }) as Api;
}

type Paged = { readonly cursor?: string | undefined } | undefined;
type List<I, T> = (input: I) => Promise<{ readonly data: readonly T[]; readonly next_cursor: string | null }>;

/** Every item of a list, page after page, e.g. `each(api.listInvoices, { limit: 100 })`. */
export async function* each<I extends Paged, T>(list: List<I, T>, input: NonNullable<I>): AsyncGenerator<T> {
  for (let { cursor } = input; ; ) {
    const page = await list(cursor === undefined ? input : { ...input, cursor });
    yield* page.data;
    if (page.next_cursor === null) return;
    cursor = page.next_cursor;
  }
}

/** The same, together in memory. */
export async function all<I extends Paged, T>(list: List<I, T>, input: NonNullable<I>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of each(list, input)) items.push(item);
  return items;
}

async function ask(name: Name, input: object, mediaType: string | undefined, options: ClientOptions): Promise<unknown> {
  const { url, key, fetch: send = fetch } = options;
  const { method, path, query, consumes, accept } = OPERATIONS[name];
  const given = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const wanted = mediaType ?? accept;
  const body = given.get('body');
  const idempotencyKey = given.get('idempotency_key');
  const response = await send(`${url}${addressOf(path, query, given)}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      ...(wanted !== null && { Accept: wanted }),
      ...(body !== undefined && { 'Content-Type': consumes ?? 'application/json' }),
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': String(idempotencyKey) }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.status >= 400) throw await problemOf(response);
  const location = response.headers.get('location');
  // The file lies elsewhere, at an address that is its own credential: ours is not for there.
  const answer = response.status === 303 && location !== null ? await fetch(new URL(location, url)) : response;
  return contentOf(answer);
}

function addressOf(path: string, query: readonly string[], given: ReadonlyMap<string, unknown>): string {
  const place = path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(given.get(name))));
  const asked = query.filter((name) => given.has(name)).map((name) => [name, String(given.get(name))]);
  return asked.length === 0 ? place : `${place}?${new URLSearchParams(asked)}`;
}

async function contentOf(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type');
  if (type === null) return undefined;
  return /[/+]json\b/.test(type) ? response.json() : new Uint8Array(await response.arrayBuffer());
}

async function problemOf(response: Response): Promise<Error> {
  const after = response.headers.get('retry-after');
  const text = await response.text();
  if (!/problem\+json/.test(response.headers.get('content-type') ?? ''))
    return new Error(`answered ${response.status}, not by the API: ${text.slice(0, 200)}`);
  return new ApiProblem(JSON.parse(text) as Problem, after === null ? undefined : Number(after));
}
