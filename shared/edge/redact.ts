const STRUCK = '[secret]';

// Lengths are bounded wherever a pattern could begin at every character: a hostile text must not make logging slow.
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // An API key: which one it was may be known, what it opens may not.
  [/(tsk_[a-z][a-z0-9]{0,15}_(?:[a-z]{2,8}_)?[a-z0-9]{16}_)[\w-]{20,}/g, `$1${STRUCK}`],
  [/\b((?:Bearer|Basic) )[\w.~+/=-]{8,}/gi, `$1${STRUCK}`],
  // A JWT or any JWS; Google's access tokens and API keys.
  [/\beyJ[\w-]{8,4096}\.[\w-]{0,4096}\.[\w-]+/g, STRUCK],
  [/\bya29\.[\w.-]{8,}/g, STRUCK],
  [/\bAIza[\w-]{30,}/g, STRUCK],
  [/-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)/gs, STRUCK],
  // Signed addresses: whoever has the signature has the object.
  [/(X-Goog-(?:Signature|Credential)=)[^&\s"']+/gi, `$1${STRUCK}`],
  // `user:password@` in an address.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/@:"]{0,200}:)[^\s/@"]{1,200}(?=@)/gi, `$1${STRUCK}`],
  [
    /\b((?:password|passwd|secret|private_key|access_token|refresh_token|id_token|api_key|authorization|cookie)["']?\s{0,5}[:=]\s{0,5}["']?)(?!\[secret\]|Bearer |Basic )[^\s"',;&}]{4,}/gi,
    `$1${STRUCK}`,
  ],
];

/**
 * Strikes secrets out of a text: the values it was told of, and whatever looks like a credential. The second line of
 * defence; the first is that nobody hands a secret to the log.
 */
export function redactor(values: readonly string[]): (text: string) => string {
  const known = values.filter((value) => value !== '');
  return (text) => {
    let clean = text;
    for (const value of known) clean = clean.replaceAll(value, STRUCK);
    for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement);
    return clean;
  };
}
