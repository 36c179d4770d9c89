import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { described } from '../../functions/api/operations.ts';
import { documentOf, isJson } from '../../shared/edge/openapi/document.ts';
import { leaks } from './leak-watch.ts';

const ID = 'urn:tallystick:openapi';

interface OperationObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}
interface ResponseObject {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** A request and its answer, as far as the document speaks of them. */
export interface Exchange {
  readonly method: string;
  /** with or without its query */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: Buffer;
}

/**
 * What the OpenAPI document promises, held against what comes over the wire. Reads nothing of the code that answers but the
 * document itself, so that a schema which validates answers wrongly on both sides does not go unseen.
 */
export class Contract {
  readonly #ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  readonly #paths: readonly { readonly template: string; readonly pattern: RegExp }[];
  readonly #document = JSON.parse(JSON.stringify(documentOf(described()))) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
    readonly components: { readonly responses: Readonly<Record<string, ResponseObject>> };
  };
  readonly #checks = new Map<string, ValidateFunction>();
  /** operations that have answered with success */
  readonly exercised = new Set<string>();

  constructor() {
    this.#ajv.addSchema(this.#document, ID);
    this.#paths = Object.keys(this.#document.paths)
      // A name stands before what stands for any name.
      .sort((a, b) => a.split('{').length - b.split('{').length)
      .map((template) => ({
        template,
        pattern: new RegExp(`^${template.replaceAll(/[.]/g, '\\$&').replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`),
      }));
  }

  /** Every operation of the document. */
  get operationIds(): string[] {
    return Object.values(this.#document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
  }

  /** @throws Error where the answer is none that the document knows */
  check(exchange: Exchange): void {
    const { method, path, status } = exchange;
    const where = `${method} ${path} answered ${status}`;
    const operation = this.#find(method, path.split('?')[0]!);
    if (operation === undefined) {
      if (status < 400) throw new Error(`${where}: the document knows no such operation`);
      this.#requireFit(where, exchange, `#/components/schemas/Problem`);
      return;
    }
    const { at, object } = operation;
    let response = object.responses[String(status)];
    let pointer = `${at}/responses/${status}`;
    if (response?.$ref !== undefined) {
      pointer = response.$ref;
      response = this.#document.components.responses[response.$ref.split('/').at(-1)!];
    }
    if (response === undefined) throw new Error(`${where}: ${object.operationId} has no such status in the document`);
    this.#requireContent(where, exchange, response, pointer);
    if (status < 400) this.exercised.add(object.operationId);
  }

  #requireContent(where: string, exchange: Exchange, { content }: ResponseObject, pointer: string): void {
    if (content === undefined) {
      if (exchange.body.length > 0) throw new Error(`${where} with content that the document does not know`);
      return;
    }
    if (exchange.method === 'HEAD') return;
    const type = (exchange.contentType ?? '').split(';')[0]!;
    if (!(type in content)) throw new Error(`${where} with ${type}, which the document does not know`);
    if (!isJson(type)) return;
    this.#requireFit(where, exchange, `${pointer}/content/${type.replaceAll('/', '~1').replaceAll('+', '%2B')}/schema`);
  }

  #requireFit(where: string, { method, body }: Exchange, pointer: string): void {
    if (method === 'HEAD') return;
    let check = this.#checks.get(pointer);
    if (check === undefined) {
      check = this.#ajv.compile({ $ref: `${ID}${pointer}` });
      this.#checks.set(pointer, check);
    }
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (check(value)) return;
    const faults = (check.errors ?? []).slice(0, 5).map(({ instancePath, message }) => `${instancePath} ${message}`);
    throw new Error(`${where}, but not as the document says: ${faults.join('; ')}`);
  }

  #find(method: string, path: string): { readonly at: string; readonly object: OperationObject } | undefined {
    for (const { template, pattern } of this.#paths) {
      if (!pattern.test(path)) continue;
      const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
      const object = this.#document.paths[template]?.[verb];
      if (object === undefined) continue;
      const escaped = template.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
      return { at: `#/paths/${escaped}/${verb}`, object };
    }
    return undefined;
  }
}

let shared: Contract | undefined;
/** The contract of this run; what was exercised is known across all test files of it. */
export const contract = (): Contract => (shared ??= new Contract());

/** `fetch`, with every answer held against the document. @param by another contract where success is by chance */
export async function checkedFetch(address: string, init: RequestInit = {}, by = contract()): Promise<Response> {
  const response = await fetch(address, { ...init, redirect: 'manual' });
  const { pathname, search } = new URL(address);
  const body = Buffer.from(await response.clone().arrayBuffer());
  if (response.status >= 400) leaks.look('refusal', body.toString('utf8'));
  by.check({
    method: init.method ?? 'GET',
    path: `${pathname}${search}`,
    status: response.status,
    contentType: response.headers.get('content-type'),
    body,
  });
  const location = response.headers.get('location');
  const follows = init.redirect !== 'manual' && response.status >= 300 && location !== null;
  return follows ? fetch(new URL(location, address)) : response;
}
