import { RemovalPolicy } from 'aws-cdk-lib';
import type { Examples } from '../example.ts';
import { deadLetters, work } from '../plain.ts';

export const DEPLOYMENT_EXAMPLES: Examples = {
  'Messaging-KeptAfterFailedCreation': [
    {
      bad: (s) => work(s).queue.applyRemovalPolicy(RemovalPolicy.RETAIN),
      // A name that CloudFormation makes is another one at the next try.
      good: (s) => {
        work(s).queue.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
        deadLetters(s, 'unnamed', { queueName: undefined }).applyRemovalPolicy(RemovalPolicy.RETAIN);
      },
      path: 'work',
      property: 'DeletionPolicy',
      value: 'Retain',
      fix: 'RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE',
    },
  ],
};
