/** An expression of the rules as the emulator reports it: where it stands, what it came to, the expressions inside it. */
interface Expression {
  readonly sourcePosition: { readonly line: number; readonly currentOffset: number; readonly endOffset: number };
  readonly values?: readonly { readonly value: { readonly boolValue?: boolean }; readonly count: number }[];
  readonly children?: readonly Expression[];
}

export interface CoverageReport {
  readonly report: readonly Expression[];
}

export interface Coverage {
  /** lines with a condition or a function's result */
  readonly lines: readonly number[];
  /** expressions that were never reached, as text */
  readonly unreached: readonly string[];
  /** expressions that were only ever true, or only ever false */
  readonly oneSided: readonly string[];
}

/** Folds a report of the emulator. An expression inside a function is reported once for all its callers. */
export function coverageOf({ report }: CoverageReport, rules: string): Coverage {
  const seen = new Map<string, { reached: boolean; outcomes: Set<boolean> }>();
  const visit = ({
    sourcePosition: { line, currentOffset, endOffset },
    values = [],
    children = [],
  }: Expression): void => {
    // The end is the last character, not the one after it.
    const text = `line ${line}: ${rules.slice(currentOffset, endOffset + 1)}`;
    const known = seen.get(text) ?? { reached: false, outcomes: new Set() };
    for (const { value } of values) {
      // A value without a kind: something before it had decided already.
      if (Object.keys(value).length > 0) known.reached = true;
      if (value.boolValue !== undefined) known.outcomes.add(value.boolValue);
    }
    seen.set(text, known);
    for (const child of children) visit(child);
  };
  for (const expression of report) visit(expression);
  const named = (wanted: (of: { reached: boolean; outcomes: Set<boolean> }) => boolean): string[] =>
    [...seen].filter(([, of]) => wanted(of)).map(([text]) => text);
  return {
    lines: report.map(({ sourcePosition }) => sourcePosition.line),
    unreached: named(({ reached }) => !reached),
    oneSided: named(({ outcomes }) => outcomes.size === 1),
  };
}
