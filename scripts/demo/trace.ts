import { type Instant, readInstant } from '../../shared/domain/time.ts';

/** One request to the service that is billed. */
export interface TraceRow {
  readonly time: Instant;
  /** whole numbers as decimal strings */
  readonly inputTokens: string;
  readonly outputTokens: string;
}

/** The file is no trace. */
export class TraceUnreadable extends Error {
  constructor(line: number, detail: string) {
    super(`line ${line} of the trace: ${detail}`);
    this.name = 'TraceUnreadable';
  }
}

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,9})?$/;
const TOKENS = /^(?:0|[1-9][0-9]{0,11})$/;

/**
 * Reads a trace: CSV with the columns TIMESTAMP, ContextTokens, GeneratedTokens. Times carry no zone and are read as
 * UTC; digits finer than a microsecond are cut.
 * @throws TraceUnreadable naming the first line that is wrong
 */
export function readTrace(text: string): TraceRow[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== HEADER) throw new TraceUnreadable(1, `the columns are ${HEADER}`);
  if (lines.length < 2) throw new TraceUnreadable(2, 'there is no request');
  return lines.slice(1).map((line, index) => {
    const [timestamp = '', input = '', output = '', more] = line.split(',');
    const match = TIME.exec(timestamp);
    const time = match === null ? undefined : readInstant(`${match[1]}T${match[2]}${match[3] ?? ''}Z`);
    if (time === undefined) throw new TraceUnreadable(index + 2, 'the time looks like 2026-01-31 12:00:00.1234567');
    if (!TOKENS.test(input) || !TOKENS.test(output) || more !== undefined) {
      throw new TraceUnreadable(index + 2, 'the token counts are whole numbers');
    }
    return { time, inputTokens: input, outputTokens: output };
  });
}
