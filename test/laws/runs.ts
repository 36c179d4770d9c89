/** How often a law is tried: as often as it says, or as many times more as `TALLYSTICK_RUNS` says. */
export const runs = (few: number): { readonly numRuns: number } => ({
  numRuns: few * Number(process.env['TALLYSTICK_RUNS'] ?? '1'),
});
