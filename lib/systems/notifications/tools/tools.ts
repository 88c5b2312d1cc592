import { output } from '../../../operations/deployed/deployment.ts';
import { answerOf, callerOf } from '../../../operations/systems/calling.ts';
import type {
  MadeFault,
  SampleProducer,
  Sent,
  SystemInput,
  SystemTools,
  World,
} from '../../../operations/systems/system.ts';
import { CHANNELS, SENDERS } from '../contract.ts';
import type { NotificationRequest, Reply } from '../request.ts';
import { publishAgain } from './mishaps.ts';
import { type Input, RECONCILED, reconcile } from './reconcile.ts';
import { rowsOf, wrongSums } from './rows.ts';
import { renewed, SAMPLE_FILE } from './samples.ts';
import { takeSnapshot } from './snapshot.ts';

/** Notifications, asked for with the function that takes them; those of a user one after the other. */
export const notifications: SampleProducer<NotificationRequest, Reply> = {
  unit: 'notifications',
  takenBy: 'notify',
  file: SAMPLE_FILE,
  keyOf: ({ user }) => user,
  renewed,
  open: ({ outputs }) => callerOf(output(outputs, 'NotifyFunction')),
  answerOf,
};

/** Faults after which nobody can know whether a notification was sent: each at most one repetition. */
const REPEATING: ReadonlySet<string> = new Set(['kill', 'skew-clock', 'lose-response']);

export const notificationsTools: SystemTools = {
  producers: { notifications },
  async trouble(world, sent) {
    return { eventsPublishedTwice: await publishAgain(world, sent as readonly Sent<NotificationRequest, Reply>[]) };
  },
  reconciled: RECONCILED,
  // Some notifications a simulated provider fails at whenever it is asked.
  deliberate: Object.fromEntries(
    CHANNELS.flatMap((channel) =>
      Object.values(SENDERS[channel]).map(({ name }) => [name, ['attempts-exhausted']] as const),
    ),
  ),
  async reconcile({ sent, faults, isDead, unseen }: SystemInput, { clients, outputs }: World) {
    const snapshot = await takeSnapshot(clients, outputs);
    const found = reconcile(
      {
        sent: sent as readonly Sent<NotificationRequest, Reply>[],
        limits: JSON.parse(output(outputs, 'ProviderLimits')) as Input['limits'],
        isDead,
        unseen,
        ...riskOf(faults),
      },
      snapshot,
    );
    const times = snapshot.book.flatMap((entry) => entry.sent ?? []);
    const hidden = Object.values(unseen).reduce((sum, count) => sum + count, 0);
    return {
      ...found,
      // Faults may have an event given up after its effect.
      problems: faults.length > 0 ? found.problems : [...found.problems, ...wrongSums(found.figures, hidden)],
      figures: { ...found.figures },
      rows: rowsOf(found.figures),
      firstEffect: times.length === 0 ? undefined : times.reduce((least, time) => Math.min(least, time)),
    };
  },
};

/** What the faults that were made excuse, and no more. */
export const riskOf = (made: readonly MadeFault[]): Required<Pick<Input, 'atRisk' | 'clocksWrong'>> => ({
  atRisk: made.filter(({ kind, functionName = '' }) => REPEATING.has(kind) && /-send-[a-z-]+$/.test(functionName))
    .length,
  clocksWrong: made.some(({ kind }) => kind === 'skew-clock'),
});
