import { TryAgain } from '../../shared/domain/errors.ts';

/** What a job works with in a process that may be told to end. */
export interface RestRoom {
  /** Where it is missing, nobody ends the process before the job. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * Asked between two pieces of a long job: stores are closed only when it has ended, and for that there are seconds.
 * @throws TryAgain where the process is ending; what is left the next run does
 */
export function goOn({ stopping }: RestRoom): void {
  if (stopping?.aborted === true) throw new TryAgain('the process is ending; the next run goes on');
}
