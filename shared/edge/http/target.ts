import { BadInput } from '../../domain/errors.ts';

// RFC 3986 section 3.3 and 3.4. Brackets are no path characters, but common in queries and harmless in both.
const ORIGIN_FORM = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]]*$/;
/** What a path segment may not hold once its escapes are undone; a `%` left over was escaped twice. */
const OUT_OF_PLACE = /[/\\;%\p{Cc}]/u;

/**
 * Judges the request target before anything routes by it.
 *
 * Two readers of one path (a proxy's rules and our router, a log and an auditor) must see the same one. Paths that some
 * software tidies up, such as `//`, `/../`, `;x=y`, `%2f` or a name with a dot at its end, therefore lead nowhere.
 *
 * @returns the refusal: `invalid_target` where it is not origin-form (RFC 9112 section 3.2.1), `invalid_path` where
 * its escapes are broken or are no UTF-8, `not_found` where it would have to be tidied up first; or undefined
 */
export function targetFault(target: string): BadInput | undefined {
  if (!ORIGIN_FORM.test(target)) {
    return new BadInput('invalid_target', 'the request target must be a path of allowed characters, starting with /');
  }
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  const segments = path.slice(1).split('/');
  const last = segments.length - 1;
  for (const [place, segment] of segments.entries()) {
    const name = decodeSegment(segment);
    if (name === undefined) return new BadInput('invalid_path', 'the path has a broken percent-escape');
    const empty = name === '' && place < last;
    if (empty || name.endsWith('.') || OUT_OF_PLACE.test(name)) return new BadInput('not_found', 'nothing is here');
  }
  return undefined;
}

/** @returns the text with its escapes undone, or undefined where they are broken or spell no UTF-8 */
export function decodeSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
