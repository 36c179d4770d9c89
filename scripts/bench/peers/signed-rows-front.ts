import type { Server } from 'node:http';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { SystemEntropy } from '../../../shared/adapters/local/entropy.ts';
import { sha256Hex } from '../../../shared/domain/digest.ts';
import { BadInput } from '../../../shared/domain/errors.ts';
import { parseTenantId, type TenantId } from '../../../shared/domain/ids.ts';
import { guardServer } from '../../../shared/edge/http/guard.ts';
import { type ApiRequest, httpHandler } from '../../../shared/edge/http/handler.ts';
import { tenantName } from '../events.ts';
import type { SignedRows } from './signed-rows.ts';

/*
 * The same door as ours, with the signed rows behind it: guard, Functions Framework, router, problem documents. What differs
 * is in this peer's favour: keys are in memory rather than in a table, the body is read by JSON.parse rather than strictly,
 * and there are no roles, rate limits or audit log.
 */

const PATH = '/api/v1/billing/usage';
const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/;

/** The API key of one organization, made of the text that the server was started with. */
export const apiKeyOf = (text: string, tenant: string): string => `${text}.${tenant}`;

/** Who holds a key. Only digests of keys are kept, as anywhere. */
function holders(text: string, tenants: number): ReadonlyMap<string, TenantId> {
  const names = Array.from({ length: tenants }, (_, index) => parseTenantId(tenantName(index)));
  return new Map(names.map((tenant) => [sha256Hex(apiKeyOf(text, tenant)), tenant]));
}

function itemsOf({ body }: ApiRequest): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new BadInput('malformed_json', `the body is not JSON: ${String(cause)}`);
  }
  return Array.isArray(value) ? value : [value];
}

/** A server that takes usage in at the address that ours has; it does not listen yet. */
export function frontOf(
  rows: SignedRows,
  { key, tenants }: { readonly key: string; readonly tenants: number },
): Server {
  const known = holders(key, tenants);
  const entropy = new SystemEntropy();
  const newRequestId = (): string => `req_${Buffer.from(entropy.bytes(16)).toString('hex')}`;
  const handle = async (request: ApiRequest) => {
    const [, presented = ''] = BEARER.exec(request.headers.authorization ?? '') ?? [];
    const tenant = known.get(sha256Hex(presented));
    if (tenant === undefined) throw new BadInput('invalid_credentials', 'the key is not valid');
    return { status: 202, json: await rows.take(tenant, itemsOf(request)) };
  };
  const report = (error: unknown, requestId: string): void => console.error(requestId, error);
  http(
    'signed-rows',
    httpHandler([{ method: 'POST', path: PATH, handle }], { newRequestId, report, log: () => undefined }),
  );
  const server = getTestServer('signed-rows');
  guardServer(server, { newRequestId });
  return server;
}
