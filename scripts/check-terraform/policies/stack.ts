import { type Resource, textAt, valueAt } from '../resources.ts';
import { isRecord, type Values } from '../wire-values.ts';

/** Where a lock is for good: elsewhere it would make trying things out impossible. */
export const LOCKED_ENVIRONMENT = 'production';

/** Everything of one residency region of an environment, as planned: all of its roots together. */
export class Stack {
  readonly environment: string;
  readonly residency: string;
  readonly resources: readonly Resource[];

  constructor(environment: string, residency: string, resources: readonly Resource[]) {
    this.environment = environment;
    this.residency = residency;
    this.resources = resources;
  }

  of(type: string): Resource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  get functions(): Resource[] {
    return this.of('google_cloudfunctions2_function');
  }

  /** Settings that a function is given. */
  settingsOf(deployed: Resource): Values {
    const settings = valueAt(deployed.values, 'service_config.environment_variables');
    return isRecord(settings) ? settings : {};
  }

  /** A setting that all functions share, from whichever has it. */
  setting(name: string): string | undefined {
    const values = this.functions.map((one) => this.settingsOf(one)[name]);
    return values.find((value): value is string => typeof value === 'string');
  }
}

/** The last part of a path such as `projects/p/topics/t`. */
export const lastOf = (path: string | undefined): string | undefined => path?.split('/').at(-1);

export const nameOf = ({ values }: Resource): string => textAt(values, 'name') ?? '?';
