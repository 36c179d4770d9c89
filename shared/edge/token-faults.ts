import { errors } from 'jose';

const TOKENS_FAULTS = [
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWTInvalid,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/** Whether no key set, however sound, would have made this token good. What else goes wrong, goes wrong with the key set. */
export const isTokensFault = (error: unknown): boolean => TOKENS_FAULTS.some((fault) => error instanceof fault);
