import assert from 'node:assert/strict';
import { BadInput, type ErrorCode } from '../../shared/domain/errors.ts';

/** What a caller is told when something is refused: the code and, where one is named, the field. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly param: string | undefined;
}

/** @returns how an action is refused, or undefined where it is accepted; any error but `BadInput` fails the test */
export function refusalOf(action: () => unknown): Refusal | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof BadInput, String(error));
    return { code: error.code, param: error.param };
  }
}
