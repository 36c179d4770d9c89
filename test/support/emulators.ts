import {
  type Emulator,
  type EmulatorName,
  HOST_VARIABLE,
  isAvailable,
  startEmulator,
} from '../../scripts/emulators/emulators.ts';

const running = new Map<EmulatorName, Promise<Emulator>>();
const leftOut = new Set<string>();

/** host:port of the emulator that this run's suites share; started by the first that asks. */
export async function emulatorHost(name: EmulatorName): Promise<string> {
  let emulator = running.get(name);
  if (emulator === undefined) {
    emulator = startEmulator(name);
    running.set(name, emulator);
  }
  return (await emulator).host;
}

/**
 * A suite that needs emulators. Without them it does not run and says so; where `TALLYSTICK_EMULATORS` is `required`, it
 * fails instead.
 */
export function describeOnEmulators(
  title: string,
  names: readonly EmulatorName[],
  define: (this: Mocha.Suite) => void,
): void {
  const missing = names.filter((name) => !isAvailable(name));
  const reason = `no ${missing.join(', no ')} emulator (set ${missing.map((name) => HOST_VARIABLE[name]).join(', ')}, or install the Google Cloud SDK's)`;
  describeWhere(title, missing.length === 0 ? undefined : reason, define);
}

/** A suite that needs what may not be here. @param reason what is missing; undefined where nothing is */
export function describeWhere(title: string, reason: string | undefined, define: (this: Mocha.Suite) => void): void {
  if (reason === undefined) {
    describe(title, define);
    return;
  }
  describe(title, () => {
    if (process.env['TALLYSTICK_EMULATORS'] === 'required') {
      it(`needs what is not here: ${reason}`, () => {
        throw new Error(reason);
      });
    } else {
      leftOut.add(`${title}: ${reason}`);
      it(`did not run: ${reason}`);
    }
  });
}

/** Suites that did not run for want of an emulator or a tool. */
export const suitesLeftOut = (): readonly string[] => [...leftOut];

export async function stopEmulators(): Promise<void> {
  for (const emulator of running.values()) await emulator.then(({ stop }) => stop());
  running.clear();
}
