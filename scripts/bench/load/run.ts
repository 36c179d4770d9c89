import { type LoadPlan, type LoadResult, type LoadWindow, wallMilliseconds } from './plan.ts';
import { Stream } from './stream.ts';

/** Makes all streams' load at once, from this process. @param tell how it goes, once a window */
export async function runLoad(
  plan: LoadPlan,
  tell: (window: LoadWindow) => void = () => undefined,
): Promise<LoadResult> {
  const streams = plan.streams.map((stream) => new Stream(stream, plan.port));
  try {
    await Promise.all(streams.map((stream) => stream.open()));
    const begun = performance.now();
    const begunAt = wallMilliseconds();
    const cpu = process.cpuUsage();
    const window = (): void =>
      tell({ at: (performance.now() - begun) / 1000, streams: streams.map((stream) => stream.window()) });
    const windows = plan.windowMilliseconds > 0 ? setInterval(window, plan.windowMilliseconds) : undefined;
    await Promise.all(streams.map((stream) => stream.run(plan.graceSeconds)));
    clearInterval(windows);
    const { user, system } = process.cpuUsage(cpu);
    const results = streams.map((stream) => stream.result());
    return {
      streams: results,
      events: results.reduce((sum, { requests, size }) => sum + requests * size, 0),
      requests: results.reduce((sum, { requests }) => sum + requests, 0),
      begunAt,
      cpuMicros: user + system,
    };
  } finally {
    for (const stream of streams) stream.close();
  }
}
