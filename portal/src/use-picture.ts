/** The picture, asked for every three seconds while the page is seen. */
import { useEffect, useState } from "react";
import { readPicture } from "./api.ts";
import type { Picture } from "./api.ts";

const POLL_MS = 3_000;

export interface PictureState {
  readonly picture: Picture | undefined;
  readonly isLocked: boolean;
  /** Why the last question got no picture; the last one stays on show. */
  readonly failed: string | undefined;
}

/** Polls the portal; a hidden page asks nothing. */
export function usePicture(): PictureState {
  const [state, setState] = useState<PictureState>({
    picture: undefined,
    isLocked: false,
    failed: undefined,
  });
  useEffect(() => {
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.visibilityState === "hidden") return;
      const answer = await readPicture(stop.signal);
      if (stop.signal.aborted) return;
      setState((before) => {
        switch (answer.kind) {
          case "picture":
            return { picture: answer.picture, isLocked: false, failed: undefined };
          case "locked":
            return { picture: undefined, isLocked: true, failed: undefined };
          case "failed":
            return { ...before, failed: answer.says };
        }
      });
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    const seen = (): void => void ask();
    document.addEventListener("visibilitychange", seen);
    addEventListener("hashchange", seen);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("hashchange", seen);
    };
  }, []);
  return state;
}
