import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { SqliteDatabase } from '../../shared/adapters/database/sqlite.ts';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { newApiKey } from '../../shared/edge/auth.ts';
import { readConfig } from '../../shared/edge/config.ts';
import { guardServer } from '../../shared/edge/http/guard.ts';
import { httpHandler } from '../../shared/edge/http/handler.ts';
import type { Operation, OperationRoom } from '../../shared/edge/http/operation.ts';
import { routesOf } from '../../shared/edge/http/operation-routes.ts';
import { AccountStore, type Role } from '../../shared/stores/account-store.ts';
import { IdempotencyStore } from '../../shared/stores/idempotency-store.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { accountOf, perUnit } from './account.ts';
import { at } from './suite.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

let desks = 0;

/** An answer, read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** A few operations of a test's own, served as functions serve theirs, over a database of their own. */
export class OperationDesk {
  readonly database: SqliteDatabase;
  readonly clock: ManualClock;
  readonly room: OperationRoom & { readonly idempotencyKeys: IdempotencyStore };
  /** what was our fault */
  readonly faults: unknown[] = [];
  readonly #folder: TempFolder;
  readonly #server: Server;
  readonly #entropy: SeededEntropy;

  private constructor(
    folder: TempFolder,
    server: Server,
    parts: Pick<OperationDesk, 'database' | 'clock' | 'room' | 'faults'>,
    entropy: SeededEntropy,
  ) {
    this.#folder = folder;
    this.#server = server;
    this.#entropy = entropy;
    ({ database: this.database, clock: this.clock, room: this.room, faults: this.faults } = parts);
  }

  static async open(
    operations: (desk: Pick<OperationDesk, 'database' | 'clock'>) => readonly Operation[],
    more: Partial<Omit<OperationRoom, 'idempotencyKeys'>> = {},
  ): Promise<OperationDesk> {
    const folder = await tempFolder();
    const database = SqliteDatabase.open(join(folder.path, 'store.db'), TABLES);
    const clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    const entropy = new SeededEntropy(folder.path);
    const config = readConfig({});
    const room = {
      accounts: new AccountStore(database, config.region),
      idempotencyKeys: new IdempotencyStore(database, entropy),
      tokens: undefined,
      checkAnswers: true,
      ...{ clock, entropy, config },
      ...more,
    };
    const faults: unknown[] = [];
    const newRequestId = () => `req_${Buffer.from(entropy.bytes(12)).toString('base64url')}`;
    const options = { newRequestId, report: (error: unknown) => void faults.push(error), log: () => undefined };
    const name = `desk-${desks++}`;
    http(name, httpHandler(routesOf(operations({ database, clock }), room), options));
    const server = getTestServer(name);
    guardServer(server, { newRequestId });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new OperationDesk(folder, server, { database, clock, room, faults }, entropy);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** An organization that sells calls at a dollar each. */
  async organization(tenant: string): Promise<void> {
    await this.room.accounts.put(accountOf(tenant, { meters: { calls: { model: perUnit('1') } } }), this.clock.now());
  }

  /** A new key. @returns the header fields that it is sent in */
  async key(tenant: string, role: Role = 'tenant_admin'): Promise<{ readonly Authorization: string }> {
    const { keyId, secret, text } = newApiKey(this.#entropy, readConfig({}));
    const createdAt = this.clock.now();
    await this.room.accounts.addKey({ keyId, secret, tenant: tenant as TenantId, role, createdAt });
    return { Authorization: `Bearer ${text}` };
  }

  async ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, text, json };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.database.close();
    await this.#folder.remove();
  }
}
