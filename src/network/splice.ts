/** Joins two connections: bytes both ways with back-pressure, half-close kept, a reset handed on. */
import type { Socket } from "node:net";

/**
 * Joins `a` and `b`, both opened with `allowHalfOpen`. When one ends its side, the other's other side stays open;
 * when one fails, both are gone.
 *
 * @param onClosed - called once, when both are closed, with the bytes that went `a` to `b` and back.
 */
export function splice(
  a: Socket,
  b: Socket,
  onClosed: (bytes: { readonly sent: number; readonly received: number }) => void = () => {},
): void {
  let open = 2;
  const sentBefore = b.bytesWritten;
  const receivedBefore = a.bytesWritten;
  const closed = (from: Socket, to: Socket) => (hadError: boolean) => {
    open -= 1;
    if (hadError) reset(to);
    else if (!from.readableEnded) to.destroy();
    if (open > 0) return;
    onClosed({ sent: b.bytesWritten - sentBefore, received: a.bytesWritten - receivedBefore });
  };
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on("error", () => {});
    from.once("close", closed(from, to));
    from.pipe(to);
  }
}

/** Ends a connection so that its other end sees a failure and no orderly end. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // Only TCP has a reset; on a Unix socket the closed connection is all there is.
  if (socket.localAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
