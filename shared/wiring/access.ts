import type { Config } from '../edge/config.ts';
import { Guesses } from '../edge/guesses.ts';
import { type Tokens, tokensOf } from '../edge/jwt.ts';
import { TokenBuckets } from '../edge/rate-limit.ts';

/** The reader of JWTs, where an issuer is configured. */
export function tokensFor(config: Config): Tokens | undefined {
  if (config.jwtIssuer === '') return undefined;
  return tokensOf({
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    keysUrl: config.jwtKeysUrl,
    roleClaim: config.jwtRoleClaim,
    organizationClaim: config.jwtOrganizationClaim,
    regionClaim: config.jwtRegionClaim,
    maxAgeSeconds: config.jwtMaxAgeSeconds,
  });
}

export const limiterFor = (config: Config): TokenBuckets =>
  new TokenBuckets({
    usage: { perSecond: config.usageRatePerSecond, burst: config.usageRateBurst },
    other: { perSecond: config.ratePerSecond, burst: config.rateBurst },
  });

export const guessesFor = ({ guessesPerSecond: perSecond, guessesBurst: burst }: Config): Guesses =>
  new Guesses({ perSecond, burst });
