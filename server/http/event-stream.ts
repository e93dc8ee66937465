/** Server-sent events (WHATWG HTML §9.2): one JSON value an event, a comment every few seconds so that both ends notice a dead path. */
import type { Response } from 'express';

/** What a stream needs of an HTTP response. */
export type StreamResponse = Response;

const heartbeatMilliseconds = 5000;
/** Bytes. Whoever lets more of them wait does not read, and has to begin again. */
const mostWaiting = 256 * 1024;

export interface EventStream {
  send(event: string, data: unknown): void;
  end(): void;
  onClose(listener: () => void): void;
}

export function openEventStream(response: Response): EventStream {
  response.status(200);
  response.setHeader('Content-Type', 'text/event-stream');
  response.setHeader('Cache-Control', 'no-store');
  // Tells nginx-like proxies in front to pass events on as they come.
  response.setHeader('X-Accel-Buffering', 'no');
  const write = (text: string): void => {
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > mostWaiting) response.destroy();
    else response.write(text);
  };
  write(': open\n\n');
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMilliseconds);
  // It may have gone while it was still being asked who it is.
  const onClose = (listener: () => void): void => {
    if (response.closed) listener();
    else response.on('close', listener);
  };
  onClose(() => clearInterval(heartbeat));
  return {
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => void response.end(),
    onClose,
  };
}
