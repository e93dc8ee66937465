/** Takes the forms of our own pages: posted from a page of this server alone (row 29), small, each value once. */
import type { Request, Response, Router } from 'express';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { readBody } from './body.ts';
import { answerWithPage } from './page.ts';

export interface FormContext {
  readonly logger: Logger;
  /** What people know this server by. */
  readonly publicUrl: string;
}
export type FormValues = ReadonlyMap<string, string>;
export type FormHandler = (form: FormValues, request: Request, response: Response) => Promise<void>;

const maximumBytes = 16 * 1024;

/** Mounts what a form is sent to, at an exact path. Nothing of it is done before it is known that the form was ours. */
export function formRoute(router: Router, { logger, publicUrl }: FormContext, path: string, handler: FormHandler): void {
  router.post(path, async (request, response) => {
    await answerWithPage(logger, request, response, async () => {
      if (!isFromOwnPage(request, publicUrl)) throw new DomainError('access.denied', foreignForm(publicUrl));
      await handler(await readForm(request), request, response);
    });
  });
}

/**
 * `Sec-Fetch-Site` is the browser's word that no page can change. Our pages send no referrer, so their forms come with `Origin: null` in browsers
 * that follow Fetch; any other origin than ours is somebody else's.
 */
function isFromOwnPage({ headers }: Request, publicUrl: string): boolean {
  const origin = headers.origin ?? 'null';
  return headers['sec-fetch-site'] === 'same-origin' && (origin === 'null' || origin === new URL(publicUrl).origin);
}

async function readForm(request: Request): Promise<FormValues> {
  const { bytes } = await readBody(request, maximumBytes);
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new DomainError('request.unsupported-media-type', 'This address takes the form of its own page.');
  const pairs = [...new URLSearchParams(bytes.toString('utf8'))];
  const values = new Map(pairs);
  if (values.size !== pairs.length)
    throw new DomainError('request.malformed', 'A value of the form came twice. Go back and send it again.');
  return values;
}

const foreignForm = (publicUrl: string): string =>
  `This form did not come from a page of this server. Open ${publicUrl} in a browser that is kept up to date, and begin again there.`;
