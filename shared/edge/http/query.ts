import { BadInput } from '../../domain/errors.ts';
import { decodeSegment } from './target.ts';

/**
 * Reads a query of which every parameter is known and given once: a repeated or misspelt one would otherwise be read
 * differently by two parsers, or silently not at all.
 *
 * @param query what follows the `?`, or the empty string
 * @param declared the names the route takes
 * @throws BadInput `invalid_parameter`; `missing_credentials` for an API key in the address. An unknown name is not repeated: people paste secrets into addresses.
 */
export function parseQuery(query: string, declared: readonly string[]): URLSearchParams {
  for (const piece of query.split('&')) {
    if (decodeSegment(piece) === undefined) {
      throw new BadInput('invalid_parameter', 'the query has a broken percent-escape');
    }
  }
  const parameters = new URLSearchParams(query);
  const seen = new Set<string>();
  for (const value of parameters.values()) {
    if (value.startsWith('tsk_')) {
      throw new BadInput(
        'missing_credentials',
        'an API key belongs into the Authorization header, never into an address',
      );
    }
  }
  for (const name of parameters.keys()) {
    if (!declared.includes(name)) {
      const known = declared.length === 0 ? 'no parameters' : `only ${declared.join(', ')}`;
      throw new BadInput('invalid_parameter', `this address takes ${known}`);
    }
    if (seen.has(name)) throw new BadInput('invalid_parameter', 'the parameter is given more than once', name);
    seen.add(name);
  }
  return parameters;
}
