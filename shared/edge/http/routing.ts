import type { Request, Response } from '@google-cloud/functions-framework';
import { Router } from 'express';

/** What a router needs to know of a route. */
export interface Routable {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** An Express 5 path such as `/api/v1/billing/invoices/:invoiceId`, matched exactly: case and trailing slash count. */
  readonly path: string;
}

export type Found<Route> =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The path exists for these methods only; for none of them where it does not exist. */
  | { readonly kind: 'none'; readonly allowed: readonly string[] };

interface Search<Route> {
  readonly allowed: Set<string>;
  readonly found: (found: Found<Route>) => void;
}

/**
 * Finds routes with Express's router and answers nothing itself, so that Express's own answers (to OPTIONS, to unknown
 * paths) are never seen. HEAD finds what GET finds. Of two patterns that fit, the first that has the method wins.
 */
export function finderOf<Route extends Routable>(
  routes: readonly Route[],
): (req: Request, res: Response) => Promise<Found<Route>> {
  const searches = new WeakMap<Request, Search<Route>>();
  const router = Router({ caseSensitive: true, strict: true });
  for (const [path, methods] of Map.groupBy(routes, (route) => route.path)) {
    const byMethod = new Map<string, Route>(methods.map((route) => [route.method, route]));
    if (byMethod.size < methods.length) throw new TypeError(`${path} has two routes for one method`);
    const get = byMethod.get('GET');
    if (get !== undefined) byMethod.set('HEAD', get);
    router.all(path, (req, _res, next) => {
      const search = searches.get(req);
      const route = byMethod.get(req.method);
      if (search !== undefined && route !== undefined) {
        search.found({ kind: 'route', route, params: textsOf(req.params) });
        return;
      }
      for (const method of byMethod.keys()) search?.allowed.add(method);
      next();
    });
  }
  return (req, res) =>
    new Promise((found, failed) => {
      const allowed = new Set<string>();
      searches.set(req, { allowed, found });
      router(req, res, (error?: unknown) => {
        if (error === undefined || error === null) found({ kind: 'none', allowed: [...allowed].sort() });
        else failed(error);
      });
    });
}

// Wildcards come as lists of segments; no route of an API with exact paths has one.
function textsOf(params: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}
