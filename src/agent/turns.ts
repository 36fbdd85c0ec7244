/** Takes turns: at most so many of something at once, in the order in which they asked. */

/** Waits for a turn; what it answers is called once, when the turn is over. */
export type Turns = () => Promise<() => void>;

export function turns(atOnceMax: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  let head = 0;
  const end = (): void => {
    const next = waiting[head];
    if (next === undefined) {
      running -= 1;
      return;
    }
    head += 1;
    // What has gone is let go in pieces, so that a long queue costs no copy for each of its turns.
    if (head > 1_000 && head * 2 > waiting.length) {
      waiting.splice(0, head);
      head = 0;
    }
    next();
  };
  const oneEnd = (): (() => void) => {
    let ended = false;
    return () => {
      if (!ended) end();
      ended = true;
    };
  };
  return () => {
    if (running < atOnceMax) {
      running += 1;
      return Promise.resolve(oneEnd());
    }
    return new Promise((resolve) => waiting.push(() => resolve(oneEnd())));
  };
}
