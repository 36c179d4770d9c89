import { oidcCallers } from '../edge/callers.ts';
import { assemble } from './platform.ts';
import type { Base, Opener, PortName, Ports } from './ports.ts';

/** How each port that a process uses is opened in the cloud. */
export type Openers<N extends PortName> = { readonly [K in N]: Opener<K> };

/**
 * The ports that were named. What was opened is closed in the opposite order; where one cannot be opened, those before it
 * are closed again.
 */
export async function openCloudPorts<N extends PortName>(base: Base, openers: Openers<N>) {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closePort of opened.reverse().splice(0)) await closePort().catch((error) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not every port could be closed');
  };
  try {
    const ports: Partial<Record<PortName, unknown>> = {};
    for (const [name, open] of Object.entries(openers) as [N, Opener<N>][]) {
      const { port, close: closePort } = await open(base);
      opened.push(closePort);
      ports[name] = port;
    }
    return { ports: ports as Pick<Ports, N>, close };
  } catch (error) {
    // Why it could not be opened is what matters, not what else went wrong on the way back.
    await close().catch(() => undefined);
    throw error;
  }
}

/** The stores of a process on Google Cloud, over the ports it named. */
export async function openCloudPlatform<N extends PortName>(base: Base, openers: Openers<N | 'database'>) {
  const { config, clock } = base;
  const { ports, close } = await openCloudPorts<N | 'database'>(base, openers);
  try {
    const callers = oidcCallers({
      keysUrl: config.oidcKeysUrl,
      audience: config.callerAudience,
      emails: config.callers,
      clock,
    });
    return { ...(await assemble(base, ports, callers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
