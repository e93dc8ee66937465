/** Server-sent events (WHATWG HTML §9.2): one JSON value an event, a comment every few seconds so that both ends notice a dead path. */
import type { Response } from 'express';

/** What a stream needs of an HTTP response. */
export type StreamResponse = Response;

const heartbeatMilliseconds = 5000;

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
  response.write(': open\n\n');
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMilliseconds);
  response.on('close', () => clearInterval(heartbeat));
  return {
    send: (event, data) => void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    end: () => void response.end(),
    onClose: (listener) => void response.on('close', listener),
  };
}
