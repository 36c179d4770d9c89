import { oidcCallers } from '../edge/callers.ts';
import { assemble } from './platform.ts';
import type { Base, Opener, PortName, Ports } from './ports.ts';

/** How each port that a process uses is opened in the cloud. */
export type Openers<N extends PortName> = { readonly [K in N]: Opener<K> };

/**
 * The stores of a process on Google Cloud, over the ports it named. What was opened is closed in the opposite order; where
 * one port cannot be opened, those before it are closed again.
 */
export async function openCloudPlatform<N extends PortName>(base: Base, openers: Openers<N | 'database'>) {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closePort of opened.reverse().splice(0)) await closePort();
  };
  try {
    const ports: Partial<Record<PortName, unknown>> = {};
    for (const [name, open] of Object.entries(openers) as [N, Opener<N>][]) {
      const { port, close: closePort } = await open(base);
      opened.push(closePort);
      ports[name] = port;
    }
    const { config, clock } = base;
    const callers = oidcCallers({
      keysUrl: config.oidcKeysUrl,
      audience: config.callerAudience,
      emails: config.callers,
      clock,
    });
    return { ...(await assemble(base, ports as Pick<Ports, N | 'database'>, callers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
