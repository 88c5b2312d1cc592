import type { App } from 'aws-cdk-lib';
import { contextText, settingsFromContext } from '../lib/constructs/stage.ts';
import { resolveStage, type Stage, type StageSettings } from '../lib/constructs/stage-settings.ts';

/**
 * The stages of this app. `npx cdk deploy --all -c stage=prod` takes the settings of that name; a personal one such as `dev-alice`, or a second `prod-us`,
 * those of the name before its first hyphen.
 */
export const STAGES = {
  /** For one's own work: nothing is kept. */
  dev: {},
  /** Made by tests, gone with them. */
  test: {},
  /** Data, messages and logs outlive their stacks. */
  prod: { keepsData: true },
} satisfies Readonly<Record<string, StageSettings>>;

const settingsOf = (name: string): StageSettings | undefined =>
  Object.entries<StageSettings>(STAGES).find(([known]) => known === name || name.startsWith(`${known}-`))?.[1];

/**
 * The stage that the context names: its settings from the table above, an address in `alarmEmail` and `mailFrom`, and a link in `runbooks`, from the
 * context where it says so.
 * @throws Error for a stage that is not in the table, and for a value that cannot be
 */
export function stageFromContext(app: App): Stage {
  const name = contextText(app, 'stage') ?? 'dev';
  const settings = settingsOf(name);
  // A name that cannot be is told first.
  const plain = resolveStage(name);
  if (settings === undefined) {
    throw new Error(
      `there is no stage '${plain.name}': bin/stages.ts has ${Object.keys(STAGES).join(', ')}. Add it there, or take a personal one such as -c stage=dev-${plain.name.slice(0, 12)}`,
    );
  }
  const mailFrom = contextText(app, 'mailFrom');
  return resolveStage(name, {
    ...settings,
    ...settingsFromContext(app),
    ...(mailFrom === undefined ? {} : { mailFrom }),
  });
}
