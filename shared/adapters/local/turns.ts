const turns = new Map<string, Promise<unknown>>();

/**
 * Does one piece of work at a time per path, in the order they were asked for, across every adapter of this process.
 * The filesystem has no compare-and-set over two files; within one process this is as good.
 */
export function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(path);
  const turn = before === undefined ? work() : before.then(work, work);
  turns.set(path, turn);
  const leave = (): void => {
    if (turns.get(path) === turn) turns.delete(path);
  };
  turn.then(leave, leave);
  return turn;
}
