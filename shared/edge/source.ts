import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/** What tells where a request came from. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders;
  /** address at the other end of the connection */
  readonly peer: string | undefined;
}

/**
 * Where a request came from, as far as nobody can make it up: the address that our own proxies saw, an IPv6 one by its /64.
 *
 * Each proxy appends to `X-Forwarded-For` the address that it was called from, behind whatever the caller had written there; so only
 * entries counted from the end are anybody's word but the caller's. Google's load balancer appends two, the caller's address and its own
 * (Cloud Load Balancing, "X-Forwarded-For header"). The framework's `req.ip` is the first one: the caller's word.
 * @param hops how many entries our proxies append, the caller's address the first of them; 0: nobody stands in front of us, and the
 * field says nothing
 */
export function sourceOf({ headers, peer }: Arrival, hops: number): string {
  const told =
    hops === 0
      ? undefined
      : String(headers['x-forwarded-for'] ?? '')
          .split(',')
          .at(-hops);
  // Fewer than there must be: it came past the proxies, and whoever is at the other end is who asks.
  return groupOf(told?.trim()) ?? groupOf(peer) ?? '';
}

/** A household or a machine is given 2^64 addresses (RFC 6177): each of them alone would be a source without end. */
function groupOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const [plain = ''] = address.split('%');
  if (isIPv4(plain)) return plain;
  if (!isIPv6(plain)) return undefined;
  const groups = groupsOf(plain);
  // IPv4 as a socket for both shows it: RFC 4291 section 2.5.5.2.
  if (groups.slice(0, 6).join() === '0,0,0,0,0,65535') {
    return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight numbers of an IPv6 address, however it is written. */
function groupsOf(address: string): number[] {
  // Written in one way, the last 32 bits in hexadecimal too (WHATWG URL, "IPv6 serializer").
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [numbers(before), numbers(after ?? '')];
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}
