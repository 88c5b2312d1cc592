/**
 * docs/runbooks/README.md, made from what the alarms are.
 * `node test/runbooks/index-page.ts` writes it; pages.test.ts fails when the committed one is out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALARM_KINDS, type KindOfAlarm, UNHEALTHY } from '../../lib/constructs/alarms/kinds.ts';
import { ALARM_DEFAULTS, type AlarmDefault, type AlarmKind, alarmRule } from '../../lib/contracts/declaring/alarms.ts';

export const RUNBOOKS = join(import.meta.dirname, '../../docs/runbooks');
export const INDEX_PAGE = join(RUNBOOKS, 'README.md');

/** All kinds that an alarm's name can end with. */
export const KINDS: readonly string[] = [...Object.keys(ALARM_KINDS), UNHEALTHY];

const isKind = (name: string): name is AlarmKind => Object.hasOwn(ALARM_KINDS, name);

/** What the kind says of itself; undefined for the composite one, which has no words of its own. */
export const aboutKind = (name: string): KindOfAlarm | undefined => (isKind(name) ? ALARM_KINDS[name] : undefined);

/** The first lines of a runbook: the kind's title, severity and default threshold. */
export function openingOf(name: string): string {
  if (!isKind(name)) {
    return `# ${name}: a critical alarm of the system is on\n\n**Critical.** While any critical alarm of the stack is in ALARM.`;
  }
  const { severity, title } = ALARM_KINDS[name];
  return `# ${name}: ${lowerFirst(title)}\n\n**${upperFirst(severity)}.** ${upperFirst(defaultOf(name))}.`;
}

/** `above 10,000 messages for 5 minutes` */
function defaultOf(kind: AlarmKind): string {
  const { unit }: AlarmDefault = ALARM_DEFAULTS[kind];
  const rule = alarmRule(kind, []);
  if (rule === undefined) throw new Error(`alarm '${kind}' is switched off by default`);
  const { threshold, minutes, breaching } = rule;
  const time =
    breaching === minutes
      ? `for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
      : `in ${breaching} of ${minutes} minutes`;
  return `above ${threshold.toLocaleString('en-US')} ${unit} ${time}`;
}

/** The page as it should be. */
export function indexPage(): string {
  const rows = KINDS.map((name) => {
    const about = isKind(name) ? ALARM_KINDS[name] : undefined;
    const when = isKind(name) ? defaultOf(name) : 'any critical alarm is on';
    const silence =
      about === undefined
        ? ''
        : `${about.silence === 'fine' ? 'fine' : `**${about.silence}**`}: ${about.silenceBecause}`;
    return `| [${name}](${name}.md) | ${about?.severity ?? 'critical'} | ${about?.title ?? 'The system is not well'} | ${when} | ${silence} |`;
  });
  return `<!-- Made by \`node test/runbooks/index-page.ts\` from lib/contracts/declaring/alarms.ts and lib/constructs/alarms/kinds.ts. Do not edit. -->

# Runbooks

One for each kind of alarm, linked from the alarm's description. The end of an alarm's name is its kind: \`sluice-dev-orders-charge-card-dead-letters\` is
[dead-letters](dead-letters.md), of consumer \`charge-card\` in stack \`sluice-dev-orders\`.

All have the same headings. The first block of commands sets what the others use: put in the names from the alarm, paste it, go on from there. The commands
are for bash or zsh with the AWS CLI, version 1 or 2, and for a clone of this repository where they begin with \`npx sluice\`. \`npm run test:runbooks\` makes the trouble
of each runbook on the embedded engine, in the orders system, and runs every block as it stands here, in its order, until the trouble is over. (To be
tried by hand on the engine the AWS CLI 1 needs \`--endpoint-url\`.)

Before you begin:

\`\`\`sh
export AWS_PAGER=""
aws sts get-caller-identity --query Account --output text   # the account that the alarm is in?
\`\`\`

Commands change what is deployed without the CDK knowing. Write into the declaration what is to stay; CloudFormation puts the old value back with the next change of that
resource, not before.

| alarm | severity | what it is | default | silence is |
|---|---|---|---|---|
${rows.join('\n')}

What is over the default is declared per channel, subscription or outbox (\`alarms: { 'queue-depth': { threshold: 50_000 } }\`), or switched off with a reason
(\`{ off: '...' }\`).
`;
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(INDEX_PAGE, indexPage());
