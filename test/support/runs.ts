/**
 * How often a law is tried: a few times in the gate, `TALLYSTICK_RUNS` times as often where that is set.
 * @param few enough for a minute of all laws together
 */
export const runs = (few: number): number => few * Math.max(1, Math.floor(Number(process.env['TALLYSTICK_RUNS'] ?? 1)));

/** For properties that drive a whole suite: making them smaller would take longer than reading what failed. */
export const once = (few: number) => ({ numRuns: runs(few), endOnFailure: true });

/** What a test may take that is tried so often. @param milliseconds one `few` of it at most, on a busy machine */
export const patience = (milliseconds: number): number => runs(1) * milliseconds;
