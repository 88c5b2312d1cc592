import type { App } from 'aws-cdk-lib';
import { resolveStage } from '../lib/constructs/stages/resolve-stage.ts';
import { contextText, refuseSettingsInContext } from '../lib/constructs/stages/stage.ts';
import { SMALL_STAGE, type Stage, type StageSettings } from '../lib/constructs/stages/stage-settings.ts';

/**
 * The stages of this app, with all that differs between them: what is not here is the same in each. `npx cdk deploy --all -c stage=prod` takes the settings
 * of that name, and needs nothing else. A name such as `dev-alice` takes those of `dev-*`, and without such a line those of the name before its first
 * hyphen.
 */
export const STAGES = {
  /** For common work: nothing is kept. */
  dev: {},
  /** Somebody's own: nothing is kept, and it costs little while nothing happens. */
  'dev-*': SMALL_STAGE,
  /** Made by tests, gone with them. */
  test: { warmTables: false, mail: { from: 'orders@sluice.example', perSecond: 1_000 } },
  /** Of a stage that keeps what it has and says all that it can: what reviewers of templates look at. */
  'test-kept': {
    keepsData: true,
    alarmEmails: {
      critical: ['on-call@sluice.example', 'team@sluice.example'],
      warning: ['team@sluice.example', 'later@sluice.example'],
    },
    mail: { from: 'orders@sluice.example', identity: 'create' },
    callers: ['arn:aws:iam::111122223333:role/shop'],
  },
  /** Data, messages and logs outlive their stacks. Before its first deployment: write down who is told (alarmEmails) and who sends (mail). */
  prod: { keepsData: true },
} satisfies Readonly<Record<string, StageSettings>>;

const FILE = 'bin/stages.ts';

/** A stage by its name, and the line of the table that it has its settings from. */
function lineOf(name: string, stages: Readonly<Record<string, StageSettings>>): string | undefined {
  const family = name.split('-')[0] ?? name;
  return [name, ...(name === family ? [] : [`${family}-*`, family])].find((line) => Object.hasOwn(stages, line));
}

/** What a stage that keeps its data must say, because nobody notices in time that it is missing: the setting, why, and an example. */
const NEEDED: readonly (readonly [holds: (settings: StageSettings) => boolean, why: string, example: string])[] = [
  [
    ({ alarmEmails }) => (alarmEmails?.critical ?? []).length > 0,
    'alarmEmails.critical: without it nobody hears of a critical alarm',
    "alarmEmails: { critical: ['on-call@shop.org'] }",
  ],
  [
    ({ mail }) => mail !== undefined,
    'mail: who sends e-mails to customers, and where they go',
    "mail: { from: 'orders@shop.org' } for SES's mailbox simulator, with to: '...' for people, or mail: 'written'",
  ],
];

/**
 * The stage of a name, with its settings from the table.
 * @param stages the table; tests pass their own
 * @throws Error for a stage that is not in the table, a value that cannot be, and a setting that a stage with data needs and has not
 */
export function stageNamed(name: string, stages: Readonly<Record<string, StageSettings>> = STAGES): Stage {
  // A name that cannot be is told first.
  const plain = resolveStage(name);
  const line = lineOf(name, stages);
  if (line === undefined) {
    throw new Error(
      `there is no stage '${plain.name}': ${FILE} has ${Object.keys(stages).join(', ')}. Add it there, or take a personal one such as -c stage=dev-${plain.name.slice(0, 12)}`,
    );
  }
  const settings = stages[line] ?? {};
  const stage = resolveStage(name, settings);
  const missing = stage.keepsData ? NEEDED.filter(([holds]) => !holds(settings)) : [];
  if (missing.length > 0) {
    const texts = missing.map(([, why, example]) => `\n- ${why}. Write for example ${example}`);
    throw new Error(
      `stage '${name}' keeps its data, and the line '${line}' of ${FILE} does not say what that needs:${texts.join('')}`,
    );
  }
  return stage;
}

/** The stage that the context names. @throws Error as `stageNamed()`, and for a setting that is given as context */
export function stageFromContext(app: App): Stage {
  refuseSettingsInContext(app, FILE);
  return stageNamed(contextText(app, 'stage') ?? 'dev');
}
