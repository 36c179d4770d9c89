import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from '@google-cloud/functions-framework';
import { apiHandler } from '../../functions/api/handler.ts';
import type { ApiRoom } from '../../functions/api/room.ts';
import { type ArchivePeriodHandlerRoom, archivePeriodHandler } from '../../functions/archive-period/handler.ts';
import { type IngestHandlerRoom, ingestHandler } from '../../functions/ingest/handler.ts';
import { type ReconcileChainHandlerRoom, reconcileChainHandler } from '../../functions/reconcile-chain/handler.ts';
import { type RunInvoicesHandlerRoom, runInvoicesHandler } from '../../functions/run-invoices/handler.ts';
import { type SealLedgerHandlerRoom, sealLedgerHandler } from '../../functions/seal-ledger/handler.ts';
import { type SignReceiptsHandlerRoom, signReceiptsHandler } from '../../functions/sign-receipts/handler.ts';
import type { Config } from '../edge/config.ts';
import { Admission } from '../edge/http/admission.ts';
import { Arriving } from '../edge/http/arriving.ts';
import { guardServer, TIMES, type Times } from '../edge/http/guard.ts';
import { openCursors } from './cursors.ts';

/** Which function answers a subscription. */
export const FUNCTION_OF: Readonly<Record<string, string>> = {
  'sign-receipts': 'sign-receipts',
  'seal-ledger': 'seal-ledger',
  'archive-period': 'archive-period',
  'archive-period-invoiced': 'archive-period',
  'run-invoices': 'run-invoices',
};
export const INTERNAL = '/_functions/';
const INGEST = '/api/v1/billing/usage';

/** What all functions together work with. */
export type FrontRoom = Omit<ApiRoom, 'cursors'> &
  Parameters<typeof openCursors>[0] &
  ArchivePeriodHandlerRoom &
  IngestHandlerRoom &
  Omit<ReconcileChainHandlerRoom, 'stopping'> &
  Omit<RunInvoicesHandlerRoom, 'stopping'> &
  SealLedgerHandlerRoom &
  SignReceiptsHandlerRoom & { readonly config: Pick<Config, 'host' | 'port' | 'requestsInHand' | 'bytesInHand'> };

/** All functions on one port of this process. */
export interface Front {
  readonly url: string;
  /** Takes no more requests; resolves when nothing works at one any more, also at none that the drain has answered. */
  close(): Promise<void>;
}

/**
 * Listens with every function behind the Functions Framework as in the cloud. A function that only bus and scheduler call is
 * under `/_functions/<name>/`.
 * @param stopping tells long jobs to end early
 * @param times how long callers may take
 */
export async function openFront(room: FrontRoom, stopping: AbortSignal, times: Times = TIMES): Promise<Front> {
  const cursors = await openCursors(room);
  const underway = new Set<Promise<void>>();
  const server = await listen(frontOf({ ...room, cursors }, stopping, underway, times), room.config);
  return {
    url: `http://${room.config.host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      await Promise.all(underway);
    },
  };
}

type Handler = (req: Request, res: Response) => Promise<void>;

/**
 * The front hands each request to the function it is for, past the Functions Framework: that runs a request in a domain, whose hooks are
 * called for every promise of the process from then on. What the framework adds to a request (a parsed body, `res.send`) no handler uses.
 */
function frontOf(
  room: FrontRoom & Pick<ApiRoom, 'cursors'>,
  stopping: AbortSignal,
  underway: Set<Promise<void>>,
  times: Times,
): Server {
  const handlers = {
    ingest: ingestHandler(room),
    'sign-receipts': signReceiptsHandler(room),
    'seal-ledger': sealLedgerHandler(room),
    'reconcile-chain': reconcileChainHandler({ ...room, stopping }),
    'run-invoices': runInvoicesHandler({ ...room, stopping }),
    'archive-period': archivePeriodHandler(room),
    api: apiHandler(room),
  };
  const byName = new Map<string, Handler>(Object.entries(handlers));
  const front = createServer((req: IncomingMessage, res: ServerResponse) => {
    const [path = ''] = (req.url ?? '').split('?');
    let name = path === INGEST ? 'ingest' : 'api';
    if (path.startsWith(INTERNAL)) {
      const rest = (req.url ?? '').slice(INTERNAL.length);
      const [wanted = '', more] = rest.split('/');
      name = more !== undefined && byName.has(wanted) && wanted !== 'api' && wanted !== 'ingest' ? wanted : 'api';
      if (name !== 'api') req.url = rest.slice(wanted.length);
    }
    const work = byName.get(name)!(req as Request, res as Response);
    underway.add(work);
    void work.finally(() => underway.delete(work));
  });
  const { requestsInHand: requestsMax, bytesInHand: bytesMax } = room.config;
  guardServer(front, {
    times,
    admission: new Admission({ requestsMax, bytesMax }),
    arriving: new Arriving(bytesMax),
    isOwn: (target) => target.startsWith(INTERNAL),
    newRequestId: room.newRequestId,
    onRefusal: ({ requestId, code }) => room.log.info('request_refused', { request_id: requestId, code }),
  });
  return front;
}

function listen(front: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<Server> {
  return new Promise((resolve, reject) => {
    front.once('error', reject);
    front.listen(port, host, () => {
      front.removeListener('error', reject);
      resolve(front);
    });
  });
}
