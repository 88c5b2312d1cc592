import { at, type Json, recordOf } from '../reading/json.ts';
import type { Change } from './changes.ts';
import type { Check, Found, Plan } from './check.ts';
import { renamedMappings } from './checks-of-consumers.ts';
import { componentOf, goesOrIsMadeAnew, nameIn, properties } from './resources.ts';

/** Who is told, and in whose name is sent: what is lost with a setting that somebody forgot. */
export const CHECKS_OF_PEOPLE: readonly Check[] = [
  {
    id: 'nobody-is-told',
    about: 'who is told of alarms is told no more',
    find: ({ changes }) =>
      changes.filter(goesOrIsMadeAnew).flatMap(({ type, before, after, path }): Found[] => {
        const { Endpoint, Protocol } = properties(before);
        if (type !== 'AWS::SNS::Subscription' || MACHINES.includes(String(Protocol))) return [];
        if (after !== undefined && JSON.stringify(properties(after).Endpoint) === JSON.stringify(Endpoint)) return [];
        return [
          {
            severity: 'error',
            path,
            what: `${typeof Endpoint === 'string' ? Endpoint : 'an endpoint'} is told of alarms no more`,
            fix: "Was a setting of the stage forgotten? Say in the stage's settings who is told.",
          },
        ];
      }),
  },
  {
    id: 'alarm-goes',
    about: 'an alarm goes, and none comes in its place',
    find: (plan) =>
      plan.changes
        .filter(({ type, action }) => action === 'remove' && ALARMS.includes(type))
        .filter((alarm) => !hasSuccessor(alarm, plan))
        .map(
          ({ type, before, path }): Found => ({
            severity: 'warning',
            path,
            what: `the alarm ${nameIn(type, before) ?? ''} is gone`.replace('  ', ' '),
            fix: 'Was what it watches taken away on purpose? Then so is this.',
          }),
        ),
  },
  {
    id: 'sender-changes',
    about: 'e-mail is sent in another name, or the identity to send it by goes',
    find: ({ changes }) =>
      changes.flatMap((change): Found[] => {
        const { type, before, path } = change;
        if (type === 'AWS::SES::EmailIdentity' && goesOrIsMadeAnew(change))
          return [
            {
              severity: 'error',
              path,
              what: `the identity ${nameIn(type, before) ?? ''} is taken from the account: whoever sends by it, in any stack, fails`,
              fix: 'Keep the identity outside of stacks, and refer to it.',
            },
          ];
        return otherSenders(change).map(
          ([variable, old, now]): Found => ({
            severity: 'warning',
            path,
            what: `${variable} was ${old} and would be ${now ?? 'gone'}`,
            fix: "Was a setting of the stage forgotten? Say in the stage's settings who sends.",
          }),
        );
      }),
  },
];

/** Protocols that end at no person. */
const MACHINES = ['sqs', 'lambda', 'firehose'];
const ALARMS = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];

/** Of a subscription that has another name now, the alarm of that name. */
function hasSuccessor(alarm: Change, plan: Plan): boolean {
  const name = nameIn(alarm.type, alarm.before);
  return renamedMappings(plan).some(({ from, to }) => {
    const [old, now] = [componentOf(from.before), componentOf(to.after)];
    if (name === undefined || old === undefined || now === undefined) return false;
    return plan.changes.some((one) => one.action === 'add' && nameIn(one.type, one.after) === name.replace(old, now));
  });
}

/** Addresses in a function's environment that change. */
function otherSenders({ type, before, after }: Change): readonly (readonly [string, string, string | undefined])[] {
  if (type !== 'AWS::Lambda::Function' || before === undefined || after === undefined) return [];
  const variables = (resource: Json) => recordOf(at(resource, 'Properties', 'Environment', 'Variables'));
  const now = variables(after);
  return Object.entries(variables(before)).flatMap(([name, old]) =>
    typeof old === 'string' && /^[^@\s]+@[^@\s]+$/.test(old) && now[name] !== old
      ? [[name, old, now[name] === undefined ? undefined : String(now[name])] as const]
      : [],
  );
}
