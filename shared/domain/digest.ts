import { hash } from 'node:crypto';

/** SHA-256, 32 bytes. One call into the native code: a hash object costs half as much again. */
export const sha256 = (bytes: Uint8Array | string): Buffer => hash('sha256', bytes, 'buffer');

export const sha256Base64url = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'base64url');
export const sha256Hex = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex');
