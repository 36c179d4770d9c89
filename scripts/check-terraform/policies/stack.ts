import type { Facts } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt } from '../resources.ts';
import { accessPolicies } from './access.ts';
import { doorbellPolicies } from './doorbells.ts';
import { fencePolicies } from './fences.ts';
import { functionPolicies } from './functions.ts';
import { jobPolicies } from './jobs.ts';
import { mirrorPolicies } from './mirror.ts';
import { residencyPolicies } from './residency.ts';
import { trailPolicies } from './trail.ts';
import { trustPolicies } from './trust.ts';
import { wayInPolicies } from './way-in.ts';

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
  settingsOf(deployed: Resource): Readonly<Record<string, unknown>> {
    const [config] = (deployed.values['service_config'] ?? []) as readonly {
      readonly environment_variables?: object;
    }[];
    return { ...config?.environment_variables };
  }

  /** A setting that all functions share, from whichever has it. */
  setting(name: string): string | undefined {
    const values = this.functions.map((one) => this.settingsOf(one)[name]);
    return values.find((value): value is string => typeof value === 'string');
  }
}

/** What holds between resources. Everything here is asked of plans only. */
export function* stackPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  yield* functionPolicies(stack, facts);
  yield* trustPolicies(stack);
  yield* doorbellPolicies(stack, facts);
  yield* jobPolicies(stack, facts);
  yield* accessPolicies(stack, facts);
  yield* mirrorPolicies(stack, facts);
  yield* residencyPolicies(stack);
  yield* wayInPolicies(stack);
  yield* trailPolicies(stack);
  yield* fencePolicies(stack);
}

/** The last part of a path such as `projects/p/topics/t`. */
export const lastOf = (path: string | undefined): string | undefined => path?.split('/').at(-1);

export const nameOf = ({ values }: Resource): string => textAt(values, 'name') ?? '?';
