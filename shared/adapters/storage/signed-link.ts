import { createHash, createSign } from 'node:crypto';
import type { Storage } from '@google-cloud/storage';
import type { Instant } from '../../domain/time.ts';
import { asked } from './failure.ts';

/** Who signs links: a service account, with a key at hand or through IAM's `signBlob`. */
export interface LinkSigner {
  email(): Promise<string>;
  /** RSASSA-PKCS1-v1_5 with SHA-256. */
  sign(text: string): Promise<Buffer>;
}

/** A service account's key, as its JSON file names the parts. */
export interface LinkSigningKey {
  readonly client_email: string;
  readonly private_key: string;
}

export interface SignedLink {
  /** `https://storage.googleapis.com` or another address of the service, without a path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly name: string;
  readonly seconds: number;
  readonly fileName: string;
  readonly now: Instant;
  readonly signer: LinkSigner;
}

const ALGORITHM = 'GOOG4-RSA-SHA256';
const LONGEST_SECONDS = 7 * 24 * 3600;
const FILE_NAME = /^[A-Za-z0-9._-]{1,200}$/;

/**
 * A V4 signed address that anyone may GET for so long
 * (https://docs.cloud.google.com/storage/docs/authentication/canonical-requests).
 *
 * Composed here and not by the client's `getSignedUrl`: that one compares the expiry with the machine's clock and refuses
 * links of any other time (signer.js, `parseExpires`), and in this system time comes from the Clock alone. A test holds the
 * two to the same bytes.
 * @throws RangeError for more than 7 days, or a file name that would have to be quoted
 */
export async function signedLink(link: SignedLink): Promise<string> {
  const { endpoint, bucket, name, seconds, fileName, now, signer } = link;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_SECONDS) {
    throw new RangeError(`a link lives 1 to ${LONGEST_SECONDS} seconds`);
  }
  if (!FILE_NAME.test(fileName)) throw new RangeError(`${JSON.stringify(fileName)} cannot name a download`);
  const day = now.slice(0, 10).replaceAll('-', '');
  const moment = `${day}T${now.slice(11, 19).replaceAll(':', '')}Z`;
  const scope = `${day}/auto/storage/goog4_request`;
  // In the order of their names: so they are signed.
  const query = queryOf({
    'X-Goog-Algorithm': ALGORITHM,
    'X-Goog-Credential': `${await signer.email()}/${scope}`,
    'X-Goog-Date': moment,
    'X-Goog-Expires': String(seconds),
    'X-Goog-SignedHeaders': 'host',
    'response-content-disposition': `attachment; filename="${fileName}"`,
  });
  const path = `/${bucket}/${name.split('/').map(escaped).join('/')}`;
  // The blank line ends the headers; what a GET carries as its body is not signed.
  const request = ['GET', path, query, `host:${new URL(endpoint).hostname}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const digest = createHash('sha256').update(request).digest('hex');
  const signature = await signer.sign([ALGORITHM, moment, scope, digest].join('\n'));
  return `${endpoint}${path}?${query}&X-Goog-Signature=${signature.toString('hex')}`;
}

/** RFC 3986: everything but letters, digits and `-._~` is escaped; encodeURIComponent leaves five more as they are. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const queryOf = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
    .join('&');

export const keySigner = ({ client_email, private_key }: LinkSigningKey): LinkSigner => ({
  email: async () => client_email,
  sign: async (text) => createSign('RSA-SHA256').update(text).sign(private_key),
});

/** The identity that the process runs as. Without a key of its own, it asks IAM to sign (`iam.serviceAccounts.signBlob`). */
export const ambientSigner = ({ authClient }: Storage): LinkSigner => ({
  email: () => asked('name the account that signs', async () => (await authClient.getCredentials()).client_email ?? ''),
  sign: (text) => asked('sign a link', async () => Buffer.from(await authClient.sign(text), 'base64')),
});
