import { canonicalBytes } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import { normalisedPriceJson, type PriceDocument, parsePriceDocument, priceRef } from './document.ts';

/** A price document with what receipts call it. */
export interface PriceVersion {
  readonly document: PriceDocument;
  /** `price_id@version` */
  readonly ref: string;
  /** base64url SHA-256 of `bytes` */
  readonly digest: string;
  /** the normalised document in RFC 8785 form */
  readonly bytes: Buffer;
}

export function priceVersion(document: PriceDocument): PriceVersion {
  const bytes = canonicalBytes(normalisedPriceJson(document));
  return { document, ref: priceRef(document), digest: sha256Base64url(bytes), bytes };
}

/** Reads a price document from its JSON. @throws BadInput `invalid_price` */
export const parsePriceVersion = (value: unknown): PriceVersion => priceVersion(parsePriceDocument(value));
