import { BadInput } from '../../domain/errors.ts';
import { type JsonBounds, parseStrictJson } from '../../domain/strict-json.ts';
import type { ApiRequest } from './handler.ts';

/** The JSON media types this API reads: plain, one CloudEvent, a batch of them (CloudEvents HTTP binding 1.0.2). */
export type JsonMediaType = 'application/json' | 'application/cloudevents+json' | 'application/cloudevents-batch+json';

const UTF8_PARAMETER = /^charset=(?:utf-8|"utf-8")$/;

/**
 * Reads a JSON body of one of the allowed media types. The only parameter a type may carry is `charset=utf-8`: JSON is
 * UTF-8 (RFC 8259 section 8.1), and whatever else a sender declares would make its bytes mean something else.
 *
 * @param quickly reads plain JSON of one form in a quicker way; undefined for what it does not read
 * @returns the value, not yet compared with any schema, and the media type it came as
 * @throws BadInput `unsupported_media_type`, or what parseStrictJson throws
 */
export function requireJsonBody(
  request: Pick<ApiRequest, 'body' | 'contentType'>,
  allowedTypes: readonly JsonMediaType[],
  bounds?: JsonBounds,
  quickly?: (bytes: Buffer) => unknown,
): { readonly mediaType: JsonMediaType; readonly value: unknown } {
  const [type, ...parameters] = (request.contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const mediaType = allowedTypes.find((allowed) => allowed === type);
  const plain = parameters.every((parameter) => parameter === '' || UTF8_PARAMETER.test(parameter));
  if (mediaType === undefined || !plain) {
    const list = allowedTypes.join(', ');
    throw new BadInput('unsupported_media_type', `send one of ${list}, with no charset but utf-8`, 'content-type');
  }
  const quick = mediaType === 'application/json' ? quickly?.(request.body) : undefined;
  return { mediaType, value: quick ?? parseStrictJson(request.body, bounds) };
}
