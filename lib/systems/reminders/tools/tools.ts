import type { SystemTools } from '../../../operations/systems/system.ts';
import type { SentReminder } from './due-times.ts';
import { reminders } from './producer.ts';
import { RECONCILED, reconcile, rowsOf } from './reconcile.ts';
import { takeSnapshot } from './snapshot.ts';
import { countDue, publishAgain, tickTwice, untilDue, untilTold } from './trouble.ts';

export const remindersTools: SystemTools = {
  producers: { reminders },
  async trouble(world, sent) {
    await untilDue(sent as readonly SentReminder[]);
    const ticksTwiceAtOnce = await tickTwice(world);
    await untilTold(world);
    return { ticksTwiceAtOnce, eventsPublishedTwice: await publishAgain(world) };
  },
  async stillToDo(world) {
    const due = await countDue(world);
    return due === 0 ? [] : [`${due} reminders are due`];
  },
  reconciled: RECONCILED,
  async reconcile({ sent, isDead, unseen, faults }, { clients, outputs }) {
    const snapshot = await takeSnapshot(clients, outputs);
    const clocksWrong = faults.some(({ kind }) => kind === 'skew-clock');
    const found = reconcile({ sent: sent as readonly SentReminder[], isDead, unseen, clocksWrong }, snapshot);
    const notified = snapshot.notifications.map(({ notifiedAt }) => Date.parse(notifiedAt));
    return {
      ...found,
      figures: { ...found.figures },
      rows: rowsOf(found.figures),
      firstEffect: notified.length === 0 ? undefined : Math.min(...notified),
    };
  },
};
