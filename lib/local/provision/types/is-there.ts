import { AwsCallError } from '../../call.ts';

/**
 * Whether a question about something finds it.
 * @param missing code of the error that says that it is not there
 * @throws any other error
 */
export const isThere = (question: Promise<unknown>, missing: string): Promise<boolean> =>
  question.then(
    () => true,
    (error: unknown) => {
      if (error instanceof AwsCallError && error.code === missing) return false;
      throw error;
    },
  );
