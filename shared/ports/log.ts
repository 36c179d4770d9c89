/** One structured line per thing that happened. No secrets, no personal data, no payloads. */
export interface Log {
  info(event: string, facts?: Readonly<Record<string, string | number | boolean>>): void;
  warn(event: string, facts?: Readonly<Record<string, string | number | boolean>>): void;
  error(event: string, error: unknown, facts?: Readonly<Record<string, string | number | boolean>>): void;
}
