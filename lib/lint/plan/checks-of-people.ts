import type { Check, Found } from './check.ts';
import { goesOrIsMadeAnew, nameIn, properties } from './resources.ts';

/** Who is told, and in whose name is sent: what is lost with a setting that somebody forgot. */
export const CHECKS_OF_PEOPLE: readonly Check[] = [
  {
    id: 'nobody-is-told',
    about: 'an alarm, or who is told by one, goes',
    find: ({ changes }) =>
      changes
        .filter(({ action }) => action === 'remove')
        .flatMap(({ type, before, path }): Found[] => {
          const endpoint = properties(before).Endpoint;
          const isPerson =
            type === 'AWS::SNS::Subscription' &&
            !['sqs', 'lambda', 'firehose'].includes(String(properties(before).Protocol));
          if (!isPerson && !/^AWS::CloudWatch::(Composite)?Alarm$/.test(type)) return [];
          return [
            {
              severity: isPerson ? 'error' : 'warning',
              path,
              what: isPerson
                ? `${typeof endpoint === 'string' ? endpoint : 'an endpoint'} is told of alarms no more`
                : `the alarm ${nameIn(type, before) ?? ''} is gone`.trimEnd(),
              fix: isPerson
                ? "Was a setting of the stage forgotten? Say in the stage's settings who is told."
                : 'Was what it watches taken away on purpose? Then so is this.',
            },
          ];
        }),
  },
  {
    id: 'sender-changes',
    about: 'e-mail is sent by another address, or none',
    find: ({ changes }) =>
      changes.filter(goesOrIsMadeAnew).flatMap(({ type, before, path }): Found[] =>
        type === 'AWS::SES::EmailIdentity'
          ? [
              {
                severity: 'error',
                path,
                what: `the identity ${nameIn(type, before) ?? ''} is taken from the account: whoever sends by it, in any stack, fails`,
                fix: 'Keep the identity outside of stacks, and refer to it.',
              },
            ]
          : [],
      ),
  },
];
