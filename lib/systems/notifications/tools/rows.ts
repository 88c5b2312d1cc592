import type { FigureRow } from '../../../operations/systems/system.ts';
import type { NotificationFigures } from './reconcile.ts';

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll('-', ' ')}`)
    .join(', ') || 'none';

/** The figures for people. */
export function rowsOf(figures: NotificationFigures): FigureRow[] {
  const { notifications, accepted, refused, sentBy, undeliverable, givenUp } = figures;
  const [sent, never] = [sumOf(sentBy), sumOf(undeliverable)];
  return [
    ['notifications in', notifications, `${accepted} accepted + ${sumOf(refused)} refused (${inWords(refused)})`],
    ['sent', sent, `${inWords(sentBy)}; ${sent} sent + ${never} undeliverable + ${givenUp} given up = ${accepted}`],
    ['undeliverable', never, `recorded by the triage, never tried again: ${inWords(undeliverable)}`],
    ['given up', givenUp, 'the provider failed three times: to be sent again from the dead letters'],
    ['sent again', figures.sentAgain, `${figures.answersLost} because the provider's answer was lost`],
    ['most in a second', '', `${inWords(figures.mostInASecond)}; ${figures.overTheRate} refused for the rate`],
  ];
}

/** Figures that do not add up, in words. @param unseen dead letters that nobody has seen */
export function wrongSums(figures: NotificationFigures, unseen: number): string[] {
  const { accepted, sentBy, undeliverable, givenUp } = figures;
  const ended = sumOf(sentBy) + sumOf(undeliverable) + givenUp;
  return accepted - ended > unseen || ended > accepted
    ? [
        `the figures do not add up: ${sumOf(sentBy)} sent + ${sumOf(undeliverable)} undeliverable + ${givenUp} given up are not ${accepted}`,
      ]
    : [];
}
