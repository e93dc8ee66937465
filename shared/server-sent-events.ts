/** Server-sent events (WHATWG HTML §9.2) out of pieces of text: pure, so that torn and odd input can be tested. */
export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

export interface EventParser {
  /** The events that this piece completes. */
  push(text: string): ServerSentEvent[];
}

/** A server that never ends a line must not fill our memory. */
const longestPending = 1_000_000;

export function createEventParser(): EventParser {
  let pending = '';
  let name = 'message';
  let data: string[] = [];

  const line = (text: string): ServerSentEvent | undefined => {
    if (text === '') {
      const event = data.length > 0 ? { name, data: data.join('\n') } : undefined;
      name = 'message';
      data = [];
      return event;
    }
    const colon = text.indexOf(':');
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
    return undefined;
  };

  return {
    push: (text) => {
      pending += text;
      if (pending.length > longestPending) throw new Error('the stream sent a line without end');
      const lines = pending.split(/\r\n|\n|\r(?!$)/);
      pending = lines.pop() ?? '';
      return lines.map(line).filter((event) => event !== undefined);
    },
  };
}
