/** What a failed call means for the person in front of it. */
import { ApiError, UnreachableError } from '../../../shared/client.ts';

export type Refusal =
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'forbidden'; readonly sentence: string }
  | { readonly kind: 'not-found'; readonly sentence: string }
  | { readonly kind: 'offline'; readonly sentence: string }
  | { readonly kind: 'failed'; readonly sentence: string };

export function refusalOf(error: unknown): Refusal {
  if (error instanceof UnreachableError)
    return { kind: 'offline', sentence: 'The server does not answer. What you see is as it was; it is tried again by itself.' };
  if (!(error instanceof ApiError)) return { kind: 'failed', sentence: 'The page failed. Reload it, and tell your admin if it stays.' };
  const { code, status, detail } = error.problem;
  if (status === 401 && code.startsWith('session.')) return { kind: 'signed-out' };
  if (code === 'access.role-missing') return { kind: 'forbidden', sentence: detail };
  if (status === 404) return { kind: 'not-found', sentence: detail };
  return { kind: 'failed', sentence: detail };
}

/** What each field of a form was refused for, by the name it has in the request's body. */
export function fieldRefusals(error: unknown): ReadonlyMap<string, string> {
  if (!(error instanceof ApiError)) return new Map();
  return new Map((error.problem.fields ?? []).map(({ path, message }) => [path.replace(/^body\./, ''), message]));
}
