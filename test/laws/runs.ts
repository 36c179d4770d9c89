const times = Number(process.env['TALLYSTICK_RUNS'] ?? '1');

/** How often a law is tried: as often as it says, or as many times more as `TALLYSTICK_RUNS` says. */
export const runs = (few: number): { readonly numRuns: number } => ({ numRuns: few * times });

/** How long it may take on a busy machine. @param milliseconds of the few runs */
export const patience = (milliseconds: number): number => milliseconds * Math.max(1, times);
