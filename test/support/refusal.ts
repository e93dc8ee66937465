import { ApiError } from '../../shared/client.ts';
import type { Problem } from '../../shared/api/problem.ts';

/** The problem that a call was refused with; an answer, or any other failure, is an error of the test. */
export async function refusal(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error.problem;
    throw error;
  }
  throw new Error('this should have been refused');
}
